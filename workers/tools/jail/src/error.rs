//! What can go wrong on our side of the wall. A broken or hostile file is never an error: it is a gap in the report.

use std::io;
use std::path::PathBuf;

/// Our own trouble with the jail.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// The jailed program is not where it should be. Nothing is scanned without it.
    #[error("the jailed half is missing: no program at {path}; install airlock-glass beside airlock, or set jail.glass to its path")]
    GlassMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It could not be started.
    #[error("{path} could not be started: {error}")]
    Spawn {
        /// The program.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The two halves were not built together.
    #[error("{path} is version {version}, this is {}; install both from one release", env!("CARGO_PKG_VERSION"))]
    OtherVersion {
        /// The program.
        path: PathBuf,
        /// What it says that it is.
        version: String,
    },
    /// A wall does not stand on this machine, or the rules could not be loaded.
    #[error("the jail refuses to start: {0}")]
    Refused(String),
    /// The canary was allowed something. Nothing is scanned behind such walls.
    #[error("the jail has a hole: a jailed child was able to {what} ({how})")]
    Hole {
        /// What it did.
        what: &'static str,
        /// What came of it.
        how: String,
    },
    /// The zygote died, said nothing in time, or spoke nonsense. Worth a retry.
    #[error("the jailed half does not answer: {0}")]
    Silent(String),
    /// The job header is too long for a frame (64 KiB): too many or too long passwords.
    #[error("the name and passwords of a job are longer than 64 KiB")]
    HeaderTooLong,
    /// The system refused memory, a descriptor or a thread. Worth a retry.
    #[error("{what}: {error}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

impl JailError {
    /// Whether the same call may succeed later without anybody mending anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, JailError::Silent(_) | JailError::System { .. })
    }

    pub(crate) fn system(what: &'static str) -> impl Fn(rustix::io::Errno) -> JailError {
        move |errno| JailError::System { what, error: errno.into() }
    }
}
