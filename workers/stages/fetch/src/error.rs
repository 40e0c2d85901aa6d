//! Why nothing was fetched: the exact reason for logs, a coarse one for callers.

use std::net::IpAddr;

use airlock_proto::FetchOutcome;
use airlock_proto::text::{cut, escape};

/// Longest piece of hostile text in a message, in bytes.
const MAX_SHOWN: usize = 200;

/// Why a link was not fetched. `Display` is the exact reason, for logs alone; hostile text in it is escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not a URL, or one without a usable host.
    #[error("not a link that can be fetched: {0}")]
    Url(String),
    /// A scheme other than http and https.
    #[error("the scheme {} is not fetched", shown(.0))]
    Scheme(String),
    /// A user name or password in the URL.
    #[error("the link carries a user name or password")]
    UserInfo,
    /// A URL over its limit in bytes.
    #[error("the URL has {len} bytes, more than {max}")]
    UrlTooLong {
        /// Bytes of the URL.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A port that is not on the list.
    #[error("port {0} is not on the list")]
    Port(u16),
    /// A host name that is reserved or denied.
    #[error("the host {} is refused: {why}", shown(.host))]
    Host {
        /// The name.
        host: String,
        /// The rule.
        why: &'static str,
    },
    /// An address that the guard refuses.
    #[error("{} leads to {addr}, which is refused: {why}", shown(.host))]
    Address {
        /// The host of the URL.
        host: String,
        /// The address as resolved.
        addr: IpAddr,
        /// The range.
        why: &'static str,
    },
    /// More redirects than the limit.
    #[error("more than {0} redirects")]
    TooManyRedirects(u32),
    /// The head of an answer, or the interim answers before it, passed the limit in bytes.
    #[error("the head of the answer is longer than {0} bytes")]
    HeadTooLong(usize),
    /// The body is, or says that it is, longer than the limit in bytes.
    #[error("the body is longer than {0} bytes")]
    BodyTooLong(u64),
    /// The name did not resolve.
    #[error("{} does not resolve: {}", shown(.host), shown(.why))]
    Resolve {
        /// The name.
        host: String,
        /// What the name server said.
        why: String,
    },
    /// No checked address took the connection.
    #[error("no connection to {addr}: {why}")]
    Connect {
        /// The last address tried.
        addr: IpAddr,
        /// What the system said.
        why: String,
    },
    /// TLS failed: a certificate that is not trusted, or a broken handshake.
    #[error("no TLS with {}: {}", shown(.host), shown(.why))]
    Tls {
        /// The host of the URL.
        host: String,
        /// What failed.
        why: String,
    },
    /// The answer is not HTTP, or broken.
    #[error("the answer is broken: {}", shown(.0))]
    Http(String),
    /// A final status other than 200 and 203.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The connection ended before the body did.
    #[error("the server closed early: {got} of {} bytes", .expected.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string()))]
    ClosedEarly {
        /// Bytes that arrived.
        got: u64,
        /// `Content-Length`, where there was one.
        expected: Option<u64>,
    },
    /// A step, or the whole, took longer than its limit.
    #[error("{what} took longer than {limit_ms} ms")]
    Timeout {
        /// The step.
        what: &'static str,
        /// Its limit in milliseconds.
        limit_ms: u64,
    },
    /// The body came slower than the limit.
    #[error("the body is too slow: {got} bytes in {window_ms} ms, less than {min}")]
    TooSlow {
        /// Bytes of the window.
        got: u64,
        /// Bytes that it had to bring.
        min: u64,
        /// Its length in milliseconds.
        window_ms: u64,
    },
    /// Our own trouble: a setting that cannot be used.
    #[error("configuration of the fetcher: {0}")]
    Config(String),
    /// Our own trouble: the sink did not take the bytes.
    #[error("the body could not be kept: {0}")]
    Sink(#[source] std::io::Error),
}

impl FetchError {
    /// The outcome that the verdict speaks of. Our own trouble is `Unreachable` here; ask [`FetchError::is_ours`] first.
    pub fn kind(&self) -> FetchOutcome {
        match self {
            FetchError::Url(_)
            | FetchError::Scheme(_)
            | FetchError::UserInfo
            | FetchError::UrlTooLong { .. }
            | FetchError::Port(_)
            | FetchError::Host { .. }
            | FetchError::Address { .. }
            | FetchError::TooManyRedirects(_)
            | FetchError::HeadTooLong(_)
            | FetchError::BodyTooLong(_) => FetchOutcome::Refused,
            FetchError::Timeout { .. } | FetchError::TooSlow { .. } => FetchOutcome::TimedOut,
            FetchError::Resolve { .. }
            | FetchError::Connect { .. }
            | FetchError::Tls { .. }
            | FetchError::Http(_)
            | FetchError::Status(_)
            | FetchError::ClosedEarly { .. }
            | FetchError::Config(_)
            | FetchError::Sink(_) => FetchOutcome::Unreachable,
        }
    }

    /// True for our own trouble (a setting, a full disk): worth a retry or a repair, and never a fact about the link.
    pub fn is_ours(&self) -> bool {
        matches!(self, FetchError::Config(_) | FetchError::Sink(_))
    }

    /// A reason for callers that tells nothing about our network: no address, no name, no port.
    pub fn coarse(&self) -> &'static str {
        match self {
            FetchError::Url(_) | FetchError::Scheme(_) | FetchError::UserInfo => "this is not a link that is fetched",
            FetchError::Port(_) | FetchError::Host { .. } | FetchError::Address { .. } => {
                "the link leads to an address that is not allowed"
            }
            FetchError::UrlTooLong { .. } | FetchError::HeadTooLong(_) | FetchError::BodyTooLong(_) => "the transfer is over a size limit",
            FetchError::TooManyRedirects(_) => "the link redirects too often",
            FetchError::Timeout { .. } | FetchError::TooSlow { .. } => "the transfer took too long",
            FetchError::Status(_) => "the server did not hand the file out",
            FetchError::ClosedEarly { .. } => "the server closed the transfer early",
            FetchError::Resolve { .. } | FetchError::Connect { .. } | FetchError::Tls { .. } | FetchError::Http(_) => {
                "the server could not be reached"
            }
            FetchError::Config(_) | FetchError::Sink(_) => "the fetch failed on our side",
        }
    }
}

fn shown(text: &str) -> String {
    cut(&escape(text), MAX_SHOWN)
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
