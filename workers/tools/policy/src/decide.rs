//! The decision: what now, how the person goes on, and the leave to hand bytes out that only it can give.

use airlock_proto::{Classification, FetchOutcome};
use serde::Serialize;

use crate::definition::Definition;
use crate::explain::reasons;
use crate::facts::{Facts, Sandbox};
use crate::reason::Reason;
use crate::table::{Level, table, wants_sandbox};

/// What happens to the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionWord {
    /// The person goes on, or gets the file.
    Release,
    /// The person goes on, or gets the file, after accepting the risk.
    Warn,
    /// Neither.
    Block,
}

/// How the person goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// To the destination; with a warning or a block the caller's page tells, and there is no token.
    Redirect,
    /// By the scanned bytes; only release and warn carry a token.
    Download,
    /// Not at all: a page tells why.
    None,
}

/// What was done to come to the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The scan's result was used.
    Scanned,
    /// The definition does not use the scan's result, unless it is malicious.
    NotScanned,
    /// We do not fetch it.
    Refused,
    /// It could not be had.
    Unreachable,
    /// It took too long.
    TimedOut,
}

/// What the person can do about a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// Give the password of the file.
    Password,
    /// Try again later.
    Retry,
}

/// Leave to hand the scanned bytes out. Only [`decide`] makes one; whoever mints a token takes it by value.
///
/// ```compile_fail
/// let forged = airlock_policy::Cleared { needs_ack: false };
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Cleared {
    needs_ack: bool,
}

impl Cleared {
    /// True when the bytes are handed out only after the person accepted the risk.
    pub fn needs_ack(&self) -> bool {
        self.needs_ack
    }
}

/// What now, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Release, warn or block.
    pub decision: DecisionWord,
    /// How the person goes on.
    pub kind: DecisionKind,
    /// What was done.
    pub outcome: Outcome,
    /// What the person can do about it.
    pub remedy: Option<Remedy>,
    /// A download that is handed out only after *Accept Risk*.
    pub needs_ack: bool,
    /// Row of the table that decided, 1 to 14.
    pub row: u8,
    /// At most [`crate::MAX_REASONS`]: first the row's sentence (`policy.*`), then what was found and what was not seen.
    pub reasons: Vec<Reason>,
    /// Present exactly for a download that is released or warned of.
    #[serde(skip)]
    pub cleared: Option<Cleared>,
}

/// Decides; total and pure, and never milder for worse facts.
pub fn decide(facts: &Facts, definition: &Definition) -> Decision {
    let ruling = table(facts, definition);
    let decision = match ruling.level {
        Level::Release => DecisionWord::Release,
        Level::Warn => DecisionWord::Warn,
        Level::Ask | Level::Block => DecisionWord::Block,
    };
    let handed_out = ruling.kind == DecisionKind::Download && decision != DecisionWord::Block;
    let needs_ack = handed_out && decision == DecisionWord::Warn;
    Decision {
        decision,
        kind: ruling.kind,
        outcome: ruling.outcome,
        remedy: ruling.remedy.or((ruling.level == Level::Ask).then_some(Remedy::Password)),
        needs_ack,
        row: ruling.row,
        reasons: reasons(&ruling, facts, definition),
        cleared: handed_out.then_some(Cleared { needs_ack }),
    }
}

/// *Detonate?*: whether the sandbox is to be asked before [`decide`] is; asked once, after the scan.
pub fn detonate(facts: &Facts, definition: &Definition) -> bool {
    facts.fetch == FetchOutcome::Downloaded
        && !facts.deadline_passed
        && facts.sandbox == Sandbox::NotAsked
        && facts.classification != Some(Classification::Malicious)
        && wants_sandbox(facts, definition)
}
