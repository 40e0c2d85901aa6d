//! The result of one input as one line of JSON: fields and their order are fixed by the contract.

use airlock_policy::{Assessment, Decision, DecisionWord, Reason};
use airlock_proto::{Classification, Coverage, FetchOutcome, Finding, Node, Report};
use serde::Serialize;

use crate::subject::NotHad;

/// A scanned input.
#[derive(Serialize)]
pub struct Scanned<'a> {
    input: &'a str,
    sha256: &'a str,
    size: u64,
    format: &'a str,
    classification: Classification,
    coverage: Coverage,
    decision: DecisionWord,
    score: u32,
    reasons: &'a [Reason],
    nodes: &'a [Node],
    findings: &'a [Finding],
    notes: &'a [String],
    #[serde(skip_serializing_if = "is_true")]
    replayable: bool,
    bundle: &'a str,
    engine: &'a str,
    policy: &'a str,
    elapsed_ms: u64,
}

fn is_true(flag: &bool) -> bool {
    *flag
}

/// What is the same for all inputs of a run.
pub struct Ids {
    /// Id of the rules.
    pub bundle: String,
    /// Versions of our code and of the rule engine.
    pub engine: String,
    /// Id of the policy definition.
    pub policy: String,
}

/// One line for a scanned input, without its line end.
pub fn scanned(input: &str, report: &Report, assessment: &Assessment, decision: &Decision, ids: &Ids, elapsed_ms: u64) -> String {
    let root = report.nodes.first();
    let line = Scanned {
        input,
        sha256: root.map_or("", |n| n.sha256.as_str()),
        size: root.map_or(0, |n| n.size),
        format: root.map_or("", |n| n.format.as_str()),
        classification: assessment.classification,
        coverage: report.coverage,
        decision: decision.decision,
        score: assessment.score,
        reasons: &decision.reasons,
        nodes: &report.nodes,
        findings: &report.findings,
        notes: &report.notes,
        replayable: report.replayable,
        bundle: &ids.bundle,
        engine: &ids.engine,
        policy: &ids.policy,
        elapsed_ms,
    };
    // Plain data with text keys: it always serialises.
    serde_json::to_string(&line).unwrap_or_default()
}

/// One line for an input that was not had.
pub fn not_had(input: &str, why: &NotHad) -> String {
    let kind = match why.fetch {
        Some(FetchOutcome::Refused) => "refused",
        Some(FetchOutcome::TimedOut) => "timed_out",
        Some(FetchOutcome::Unreachable | FetchOutcome::Downloaded) => "unreachable",
        None => "unreadable",
    };
    serde_json::json!({ "input": input, "error": { "kind": kind, "text": why.text } }).to_string()
}
