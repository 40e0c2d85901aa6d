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

    /// The same, so many bytes further on.
    #[must_use]
    pub(crate) fn behind(mut self, offset: usize) -> Self {
        self.offset = self.offset.saturating_add(len64(offset));
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

/// Keeps the gravest of many findings, and of equals the first: many of little weight must not push out one that tells.
pub fn keep_gravest(found: &mut Vec<Found>, most: usize) {
    let weight = |found: &Found| {
        let known = catalogue::find(found.id).map(|entry| entry.severity);
        found.severity.or(known).unwrap_or(Severity::Info)
    };
    while found.len() > most {
        let mildest = found.iter().enumerate().rev().min_by_key(|(_, found)| weight(found));
        let Some((index, _)) = mildest else { return };
        found.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_is_kept_whatever_stands_before_it() {
        let mut found = vec![Found::new("rel.remote_image").severity(Severity::Low); 4];
        found.push(Found::new("dde.word_field"));
        found.push(Found::new("rel.remote_image").severity(Severity::Low).says("last"));
        keep_gravest(&mut found, 3);
        let ids: Vec<&str> = found.iter().map(|found| found.id).collect();
        assert_eq!(ids, ["rel.remote_image", "rel.remote_image", "dde.word_field"]);
    }
}
