//! Why a definition is refused, and in which line of its file.

use std::fmt;

use toml::de::DeTable;

/// Everything for which a definition is refused, in the order of its lines, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { "\n" };
            write!(f, "{between}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// One thing for which a definition is refused; the administrator's mistake, no retry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyError {
    /// Line of the file, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and how to go on.
    pub message: String,
}

impl PolicyError {
    pub(crate) fn of(error: &toml::de::Error, text: &str) -> Self {
        PolicyError {
            line: error.span().map(|s| line_of(text, s.start)),
            message: error.message().trim().replace('\n', ", "),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for PolicyError {}

/// Line of an entry of a list, or of the list where it cannot be told.
pub(crate) fn line_of_entry(text: &str, key: &str, place: usize) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let items = table.get_ref().get(key)?.get_ref().as_array()?;
    items.get(place).map(|item| line_of(text, item.span().start))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count().saturating_add(1)
}

pub(crate) fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let is_key = |line: &str| {
        line.trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().position(is_key).map(|i| i.saturating_add(1))
}
