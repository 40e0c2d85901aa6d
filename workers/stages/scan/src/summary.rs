//! What a decision needs of a report, as a message: small, whatever the report's size.

use airlock_policy::{Facts, Reason};
use airlock_proto::v1::{self, Summary};
use airlock_proto::{Report, text};

/// Most reasons of each kind that travel.
const MOST: usize = 8;
/// Longest reason in bytes.
const MAX_TEXT_BYTES: usize = 600;

/// The summary.
pub fn of(facts: &Facts, report: &Report, score: u32) -> Summary {
    let root = report.nodes.first();
    Summary {
        classification: facts.classification.map(|c| word(&c)).unwrap_or_default(),
        coverage: word(&facts.coverage),
        score,
        format: root.map(|n| n.format.clone()).unwrap_or_default(),
        listed: facts.listed,
        gap_password: facts.gaps.password,
        gap_limit: facts.gaps.limit,
        gap_damaged: facts.gaps.damaged,
        gap_unsupported: facts.gaps.unsupported,
        findings: reasons(&facts.findings),
        unseen: reasons(&facts.unseen),
        notes: report.notes.iter().take(MOST).map(|n| text::cut(n, MAX_TEXT_BYTES)).collect(),
    }
}

/// The word of a value in reports and messages.
pub fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn reasons(all: &[Reason]) -> Vec<v1::Reason> {
    let short = |r: &Reason| v1::Reason {
        id: text::cut(&r.id, 100),
        text: text::cut(&r.text, MAX_TEXT_BYTES),
    };
    all.iter().take(MOST).map(short).collect()
}
