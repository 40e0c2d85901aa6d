//! A finding about to be made: who finds something says where and what; weight and words come from the catalogue.

use airlock_proto::limits::MAX_EXCERPT_BYTES;
use airlock_proto::{Class, Severity, text};

use crate::catalogue;
use crate::reader::len64;

/// A finding about to be made: its weight and words come from the catalogue unless they are given.
#[derive(Debug, Clone)]
pub struct Found {
    pub(crate) id: &'static str,
    pub(crate) severity: Option<Severity>,
    pub(crate) confidence: Option<u8>,
    pub(crate) class: Option<Class>,
    pub(crate) summary: Option<String>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) excerpt: String,
}

impl Found {
    /// A finding of the catalogue.
    pub fn new(id: &'static str) -> Self {
        debug_assert!(catalogue::find(id).is_some(), "{id} is not in the catalogue");
        Found {
            id,
            severity: None,
            confidence: None,
            class: None,
            summary: None,
            offset: 0,
            length: 0,
            excerpt: String::new(),
        }
    }

    /// Where it stands in the node, in bytes.
    #[must_use]
    pub fn at(mut self, offset: usize, length: usize) -> Self {
        self.offset = len64(offset);
        self.length = len64(length);
        self
    }

    /// What stands there (cut to 256 bytes, escaped).
    #[must_use]
    pub fn excerpt(mut self, bytes: &[u8]) -> Self {
        self.excerpt = text::escape_bytes(bytes.get(..MAX_EXCERPT_BYTES).unwrap_or(bytes));
        self
    }

    /// What stands there, as text.
    #[must_use]
    pub fn says(self, what: &str) -> Self {
        self.excerpt(what.as_bytes())
    }

    /// A better sentence than the catalogue's.
    #[must_use]
    pub fn summary(mut self, sentence: impl Into<String>) -> Self {
        self.summary = Some(sentence.into());
        self
    }

    /// Another weight than the catalogue's, where the catalogue says that it depends.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Another confidence than the catalogue's.
    #[must_use]
    pub fn confidence(mut self, percent: u8) -> Self {
        self.confidence = Some(percent);
        self
    }

    /// Another class than the catalogue's.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }
}
