//! Reasons: plain sentences with stable ids, safe to show.

use std::fmt::Write as _;

use airlock_proto::text::{cut, is_invisible};
use serde::{Deserialize, Serialize};

/// The most reasons that an assessment or a decision carries.
pub const MAX_REASONS: usize = 5;

/// Bytes of a name or path that a reason quotes.
const QUOTED: usize = 160;

/// Why, in one plain sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A finding's id, `combo.*` (combination rule), `gap.*` (what was not seen) or `policy.*` (row of the decision table).
    pub id: String,
    /// The sentence; control and invisible characters are written as `<U+NNNN>`.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(id: impl Into<String>, text: impl AsRef<str>) -> Self {
        Reason {
            id: id.into(),
            text: plain(text.as_ref()),
        }
    }
}

/// Makes what a person cannot see visible; leaves everything else, so that doing it twice changes nothing.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A name or path as a reason quotes it: short, and nothing hidden in it.
pub(crate) fn quoted(name: &str) -> String {
    if name.is_empty() {
        "a part without a name".to_owned()
    } else {
        plain(&cut(name, QUOTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_once() {
        let shown = plain("a\u{202e}b\n\\c");
        assert_eq!(shown, "a<U+202E>b<U+000A>\\c");
        assert_eq!(plain(&shown), shown);
    }

    #[test]
    fn a_long_name_is_cut() {
        assert!(quoted(&"x".repeat(1000)).len() <= QUOTED);
    }
}
