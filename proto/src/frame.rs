//! What the two sides of the wall say to one another: one JSON record a frame, each counted and capped before it is decoded.
//!
//! A frame is a little-endian `u32` length (at most [`MAX_FRAME_BYTES`]) and that many bytes.

use serde::{Deserialize, Serialize};

use crate::limits::{Limits, MAX_FRAME_BYTES};
use crate::report::{Finding, Gap, Node};

/// One rule file, as the host hands it to the zygote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSource {
    /// Path below the pack, with `/` (`static/pdf/actions.yar`).
    pub path: String,
    /// YARA source text.
    pub text: String,
    /// True for rules of the built-in pack; an operator's own rules without our metadata are active everywhere.
    pub builtin: bool,
}

/// What the host sends ahead of a job's sealed memfd.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobHeader {
    /// Name of the root: a hint for the sniffer, and a subject of the name findings.
    pub name: String,
    /// Media type that the server declared, if any.
    pub declared_type: Option<String>,
    /// HTTP content encodings still on the body, outermost last (`gzip`, `br`, …).
    pub content_encoding: Vec<String>,
    /// Passwords to try, in order.
    pub passwords: Vec<String>,
    /// What the job may cost.
    pub limits: Limits,
    /// Bytes of the file that the child was not given because it is longer than a scan may be; [`u64::MAX`] when nobody knows how many.
    pub input_cut_bytes: u64,
    /// SHA-256 of the root, which the host computed while the bytes came in (filled in by the host; without it the child computes it).
    #[serde(default)]
    pub sha256: Option<String>,
}

/// What a child says about its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// A node, before its rules run and before it is unpacked. Its `gaps` are empty: they come as [`Frame::Gap`].
    Node(Node),
    /// The rules finished on the raw root: from here on coverage is at least partial.
    RootMatched,
    /// Something of a node was not seen.
    Gap {
        /// Index of the node.
        node: u32,
        /// What and why.
        gap: Gap,
    },
    /// Something was found.
    Finding(Finding),
    /// Something that changes nothing.
    Note(String),
    /// The walk is done. Without it nothing that the child said is complete.
    End {
        /// Unpacked bytes that the job cost.
        unpacked_bytes: u64,
        /// False when the wall clock cut the walk.
        replayable: bool,
    },
}

/// What the zygote says once it has loaded its rules and locked itself down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Rules that are loaded.
    pub rules: u32,
    /// Files that were skipped, with the reason.
    pub broken: Vec<BrokenRule>,
}

/// A rule file that was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenRule {
    /// Path below the pack.
    pub path: String,
    /// Line of the first error, from 1; 0 where it has none.
    pub line: u32,
    /// What the compiler says.
    pub message: String,
}

/// Encodes a record as one frame; `None` when it would be longer than a frame may be.
pub fn encode<T: Serialize>(record: &T) -> Option<Vec<u8>> {
    let body = serde_json::to_vec(record).ok()?;
    if body.len() > MAX_FRAME_BYTES {
        return None;
    }
    let length = u32::try_from(body.len()).ok()?;
    let mut frame = Vec::with_capacity(body.len().saturating_add(4));
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&body);
    Some(frame)
}

/// Decodes the body of one frame; `None` when it is too long or not such a record.
pub fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    if body.len() > MAX_FRAME_BYTES {
        return None;
    }
    serde_json::from_slice(body).ok()
}
