//! The catalogue of findings: one row an id, from which every finding takes its class, weight and plain sentence.
//!
//! `FINDINGS.md` is generated from it. A finding whose id is not here does not compile into a report: a test walks them all.

mod containers;
mod documents;
mod names;
mod ole;
mod pdf;
mod scripts;
mod zip;

use airlock_proto::{Class, Severity};

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Stable id.
    pub id: &'static str,
    /// Kind.
    pub class: Class,
    /// Damage if true.
    pub severity: Severity,
    /// Probability that it is true, in per cent.
    pub confidence: u8,
    /// ATT&CK technique ids.
    pub attack: &'static [&'static str],
    /// One plain sentence, for when the finder has no better one.
    pub summary: &'static str,
    /// Published specification or report.
    pub spec: &'static str,
}

/// All rows, family by family.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    [
        zip::ENTRIES,
        containers::ENTRIES,
        names::ENTRIES,
        documents::ENTRIES,
        ole::ENTRIES,
        pdf::ENTRIES,
        scripts::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

/// The row of an id.
pub fn find(id: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.id == id)
}

/// Builds one row; keeps the tables below to one line each.
const fn row(
    id: &'static str,
    class: Class,
    severity: Severity,
    confidence: u8,
    attack: &'static [&'static str],
    summary: &'static str,
    spec: &'static str,
) -> Entry {
    Entry {
        id,
        class,
        severity,
        confidence,
        attack,
        summary,
        spec,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_rows_are_whole() {
        let mut seen = std::collections::HashSet::new();
        for entry in all() {
            assert!(seen.insert(entry.id), "{} stands twice", entry.id);
            assert!(entry.confidence <= 100, "{}", entry.id);
            assert!(entry.summary.len() > 20, "{} says too little", entry.id);
            assert!(!entry.spec.is_empty(), "{} names no source", entry.id);
        }
    }
}
