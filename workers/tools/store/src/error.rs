//! Why a call to the store failed, and whether it is worth another try.

use std::error::Error;
use std::io::ErrorKind;

use object_store::client::HttpError;

/// A call that failed; always our own trouble, never the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer in time, is away, overloaded or full. Worth a retry.
    #[error("the store is away: {0}")]
    Away(String),
    /// The store refuses us: credentials, permissions, a bucket that is not there. Somebody has to mend it.
    #[error("the store refuses: {0}")]
    Refused(String),
    /// There is no blob of that key.
    #[error("no blob {0}")]
    Missing(String),
    /// The blob is shorter than the range, or longer than the caller takes.
    #[error("blob {key}: {why}")]
    Size {
        /// The key.
        key: String,
        /// What does not fit.
        why: String,
    },
    /// The key, the range or the order of calls is wrong: a bug of the caller.
    #[error("wrong use of the store: {0}")]
    Misuse(String),
    /// The settings are wrong.
    #[error("[store] {0}")]
    Config(String),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Away(_))
    }

    /// What an error of the library means for a call that concerns `key`.
    pub(crate) fn of(error: &object_store::Error, key: &str) -> Self {
        use object_store::Error as E;
        let text = one_line(error);
        match error {
            // A bucket that is missing looks like a missing blob but for the body of the answer.
            E::NotFound { .. } if text.contains("NoSuchBucket") => StoreError::Refused(format!("the bucket does not exist: {text}")),
            E::NotFound { .. } => StoreError::Missing(key.to_owned()),
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
                StoreError::Refused(format!("credentials or permissions are wrong: {text}"))
            }
            // Two writers of one key met; the loser may try again.
            E::AlreadyExists { .. } | E::Precondition { .. } => StoreError::Away(text),
            E::InvalidPath { .. } | E::NotSupported { .. } | E::NotImplemented { .. } | E::UnknownConfigurationKey { .. } => {
                StoreError::Misuse(text)
            }
            other => Self::of_cause(other, key, text),
        }
    }

    fn of_cause(error: &object_store::Error, key: &str, text: String) -> Self {
        if let Some(status) = status(&text) {
            return match status {
                416 => StoreError::Size {
                    key: key.to_owned(),
                    why: "it ends before the range begins".to_owned(),
                },
                408 | 429 | 500.. => StoreError::Away(text),
                _ => StoreError::Refused(text),
            };
        }
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(this) = cause {
            // A 200 with an error in its body (`InternalError`, `SlowDown`), and everything below HTTP.
            if this.downcast_ref::<HttpError>().is_some() || this.to_string().starts_with("Server returned error response") {
                return StoreError::Away(text);
            }
            if let Some(io) = this.downcast_ref::<std::io::Error>() {
                return match io.kind() {
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                        StoreError::Refused(text)
                    }
                    _ => StoreError::Away(text),
                };
            }
            cause = this.source();
        }
        // What is left comes from the library's own checks; of them only ranges can be reached from here.
        if text.contains("range") || text.contains("Range") {
            return StoreError::Size {
                key: key.to_owned(),
                why: text,
            };
        }
        StoreError::Refused(text)
    }
}

/// Whether the store does not know this kind of call.
pub(crate) fn is_not_implemented(error: &object_store::Error) -> bool {
    matches!(
        error,
        object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }
    ) || status(&one_line(error)) == Some(501)
}

/// The status of an answer. The library keeps its error type to itself; the conformance tests pin this wording.
fn status(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("Server returned non-2xx status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// The whole chain of causes on one line, cut: the body of an answer may be in it.
fn one_line(error: &dyn Error) -> String {
    let text: String = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}
