//! Facts: all that a decision depends on beside the definition (DECISIONS 1).

use airlock_proto::v1;
use airlock_proto::{Classification, Coverage, Delivery, FetchOutcome, Gap, GapKind, Report};
use serde::{Deserialize, Serialize};

use crate::classify::Assessment;
use crate::reason::{Reason, quoted};

/// Which way the mail with the link went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// To one of our recipients.
    Inbound,
    /// From one of our senders.
    Outbound,
    /// A copy for the archive.
    Journal,
}

impl From<v1::Route> for Route {
    /// What is not said is inbound.
    fn from(route: v1::Route) -> Self {
        match route {
            v1::Route::Outbound => Route::Outbound,
            v1::Route::Journal => Route::Journal,
            v1::Route::Inbound | v1::Route::Unspecified => Route::Inbound,
        }
    }
}

/// What the sandbox says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// It was not asked; where its word is needed that is worth as much as `Inconclusive`.
    NotAsked,
    /// It ran the file to the end and saw nothing.
    Clean,
    /// It saw something odd.
    Suspicious,
    /// It saw harm.
    Malicious,
    /// It gave no answer in time, or no back-end is configured.
    Inconclusive,
}

/// The four classes of gaps that the table tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct GapClasses {
    /// Encrypted, and no password at hand opens it.
    pub password: bool,
    /// A limit of bytes, depth, count, time or memory, a rule that did not finish, or a child that died.
    pub limit: bool,
    /// Malformed or truncated.
    pub damaged: bool,
    /// Recognised, and not opened.
    pub unsupported: bool,
}

impl GapClasses {
    /// The classes of all gaps of a report.
    pub fn of(report: &Report) -> Self {
        let mut classes = GapClasses::default();
        for gap in report.nodes.iter().flat_map(|n| &n.gaps) {
            *classes.slot(gap.kind) = true;
        }
        classes
    }

    /// True when there is a gap of any class.
    pub fn any(self) -> bool {
        self.password || self.limit || self.damaged || self.unsupported
    }

    fn slot(&mut self, kind: GapKind) -> &mut bool {
        match kind {
            GapKind::PasswordNeeded => &mut self.password,
            GapKind::Malformed | GapKind::Truncated => &mut self.damaged,
            GapKind::Unsupported => &mut self.unsupported,
            GapKind::OverBudget
            | GapKind::TooDeep
            | GapKind::TooMany
            | GapKind::RuleTimeout
            | GapKind::Time
            | GapKind::Memory
            | GapKind::ChildDied => &mut self.limit,
        }
    }
}

/// All that a decision depends on, beside the definition.
///
/// Consistent facts have gaps exactly when coverage is not complete. Where they contradict each other
/// [`crate::decide()`] believes the worse: coverage that is not complete without a gap counts as a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How the fetch ended.
    pub fetch: FetchOutcome,
    /// The request's deadline passed before everything that it needs had answered.
    pub deadline_passed: bool,
    /// Page or download.
    pub delivery: Delivery,
    /// One of the types that the service searches for.
    pub listed: bool,
    /// What the scan makes of it; `None` when nothing was scanned, which counts as coverage none.
    pub classification: Option<Classification>,
    /// Which classes of gaps there are.
    pub gaps: GapClasses,
    /// How much was seen.
    pub coverage: Coverage,
    /// What the sandbox says.
    pub sandbox: Sandbox,
    /// Which way the mail went.
    pub route: Route,
    /// Reasons of the scan, weightiest first; they explain a decision and never change it.
    pub findings: Vec<Reason>,
    /// What was not seen, in sentences; they explain a decision and never change it.
    pub unseen: Vec<Reason>,
}

impl Facts {
    /// Facts of a scanned file: downloaded, in time, sandbox not asked; change the fields where it was otherwise.
    pub fn scanned(report: &Report, assessment: &Assessment, delivery: Delivery, route: Route) -> Self {
        Facts {
            fetch: FetchOutcome::Downloaded,
            deadline_passed: false,
            delivery,
            listed: crate::delivery::listed(report),
            classification: Some(assessment.classification),
            gaps: GapClasses::of(report),
            coverage: report.coverage,
            sandbox: Sandbox::NotAsked,
            route,
            findings: assessment.reasons.clone(),
            unseen: gap_reasons(report),
        }
    }

    /// Facts of a link whose file we do not have.
    pub fn not_fetched(fetch: FetchOutcome, route: Route) -> Self {
        Facts {
            fetch,
            deadline_passed: false,
            delivery: Delivery::Download,
            listed: false,
            classification: None,
            gaps: GapClasses::default(),
            coverage: Coverage::None,
            sandbox: Sandbox::NotAsked,
            route,
            findings: Vec::new(),
            unseen: Vec::new(),
        }
    }
}

/// One sentence for each kind of gap in a report, in the order in which they weigh: "We could not look inside X: …".
pub fn gap_reasons(report: &Report) -> Vec<Reason> {
    let mut first: Vec<(GapKind, &str, &Gap, usize)> = Vec::new();
    for node in &report.nodes {
        for gap in &node.gaps {
            match first.iter_mut().find(|(kind, ..)| *kind == gap.kind) {
                Some((.., more)) => *more = more.saturating_add(1),
                None => first.push((gap.kind, &node.name, gap, 0)),
            }
        }
    }
    first.sort_by_key(|(kind, ..)| (weight(*kind), *kind));
    first
        .into_iter()
        .map(|(kind, name, _, more)| Reason::new(gap_id(kind), gap_sentence(kind, name, more)))
        .collect()
}

fn gap_sentence(kind: GapKind, name: &str, more: usize) -> String {
    let others = match more {
        0 => String::new(),
        1 => " (and one more like it)".to_owned(),
        n => format!(" (and {n} more like it)"),
    };
    format!("We could not look inside {}{others}: {}.", quoted(name), why(kind))
}

fn why(kind: GapKind) -> &'static str {
    match kind {
        GapKind::PasswordNeeded => "it needs a password",
        GapKind::OverBudget => "it is larger than we unpack",
        GapKind::TooDeep => "it is nested too deep",
        GapKind::TooMany => "it holds too many parts",
        GapKind::RuleTimeout => "the rules did not finish in time",
        GapKind::Time => "the time for the scan was over",
        GapKind::Memory => "it takes more memory than we give it",
        GapKind::ChildDied => "the scan of it broke off",
        GapKind::Malformed => "it is damaged",
        GapKind::Truncated => "it ends too early",
        GapKind::Unsupported => "we know this kind of file and do not open it",
    }
}

fn gap_id(kind: GapKind) -> &'static str {
    match kind {
        GapKind::PasswordNeeded => "gap.password_needed",
        GapKind::OverBudget => "gap.over_budget",
        GapKind::TooDeep => "gap.too_deep",
        GapKind::TooMany => "gap.too_many",
        GapKind::RuleTimeout => "gap.rule_timeout",
        GapKind::Time => "gap.time",
        GapKind::Memory => "gap.memory",
        GapKind::ChildDied => "gap.child_died",
        GapKind::Malformed => "gap.malformed",
        GapKind::Truncated => "gap.truncated",
        GapKind::Unsupported => "gap.unsupported",
    }
}

fn weight(kind: GapKind) -> u8 {
    match kind {
        GapKind::PasswordNeeded => 0,
        GapKind::Malformed | GapKind::Truncated => 2,
        GapKind::Unsupported => 3,
        _ => 1,
    }
}
