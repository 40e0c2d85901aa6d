//! What the transfer says about a file, beside its bytes.

use serde::{Deserialize, Serialize};

/// How the fetch of a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchOutcome {
    /// All bytes arrived.
    Downloaded,
    /// We do not fetch it: the address, the port, the scheme, or a limit of the transfer.
    Refused,
    /// It could not be had.
    Unreachable,
    /// It took too long.
    TimedOut,
}

/// Whether the person is redirected to a page or handed the scanned bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// A browser shows it as a page.
    Page,
    /// A file is handed out.
    Download,
}

/// What the answer's headers say; the facts of the delivery rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HeaderFacts {
    /// `Content-Disposition: attachment`.
    pub attachment: bool,
    /// File name from Content-Disposition or the URL, without any path.
    pub file_name: Option<String>,
    /// Media type of `Content-Type`, lowercase, without parameters.
    pub declared_type: Option<String>,
    /// `Content-Encoding` of the body as received, in the order in which they were applied.
    pub content_encoding: Vec<String>,
}
