//! The decision table of DECISIONS 1, row by row. The first row that fits wins.
//!
//! Worse facts never give a milder decision. Where two rows speak about one file the stricter does, in the order
//! release, warn, ask, block, after the cells that wait for the sandbox are resolved.

use airlock_proto::{Classification, Coverage, Delivery, FetchOutcome};

use crate::cells::{Action, GapCell, OtherTypes, PageCell, PasswordCell, SandboxTimeout, Trigger, Unchecked, UnsafeLink};
use crate::decide::{DecisionKind, Outcome, Remedy};
use crate::definition::Definition;
use crate::facts::{Facts, GapClasses, Route, Sandbox};

/// How strict a decision is; *ask* is a block that a password lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Release,
    Warn,
    Ask,
    Block,
}

/// One row that has decided.
pub(crate) struct Ruling {
    pub row: u8,
    pub level: Level,
    pub kind: DecisionKind,
    pub outcome: Outcome,
    pub remedy: Option<Remedy>,
}

impl Ruling {
    fn new(row: u8, level: Level, kind: DecisionKind) -> Self {
        Ruling {
            row,
            level,
            kind,
            outcome: Outcome::Scanned,
            remedy: None,
        }
    }

    fn outcome(self, outcome: Outcome) -> Self {
        Ruling { outcome, ..self }
    }
}

/// The table; rows 1 and 2 here.
pub(crate) fn table(f: &Facts, d: &Definition) -> Ruling {
    match f.fetch {
        FetchOutcome::Refused => return Ruling::new(1, Level::Block, DecisionKind::None).outcome(Outcome::Refused),
        FetchOutcome::Unreachable => return not_checked(d, Outcome::Unreachable),
        FetchOutcome::TimedOut => return not_checked(d, Outcome::TimedOut),
        FetchOutcome::Downloaded => {}
    }
    let checked = downloaded(f, d);
    if !f.deadline_passed {
        return checked;
    }
    // A late answer does not make known harm milder: malicious stays row 3, and a finished scan may be the stricter.
    let late = not_checked(d, Outcome::TimedOut);
    if checked.row == 3 || (f.classification.is_some() && checked.level > late.level) {
        checked
    } else {
        late
    }
}

/// Row 2.
fn not_checked(d: &Definition, outcome: Outcome) -> Ruling {
    let (level, kind) = match d.unchecked {
        Unchecked::Block => (Level::Block, DecisionKind::None),
        Unchecked::Warn => (Level::Warn, DecisionKind::Redirect),
    };
    Ruling {
        remedy: Some(Remedy::Retry),
        ..Ruling::new(2, level, kind).outcome(outcome)
    }
}

/// Rows 3 to 14.
fn downloaded(f: &Facts, d: &Definition) -> Ruling {
    let classification = classification(f);
    if classification == Classification::Malicious {
        return Ruling::new(3, Level::Block, DecisionKind::None);
    }
    if f.route != Route::Inbound {
        let safe = f.sandbox == Sandbox::Clean && !gaps(f).any();
        return Ruling::new(4, if safe { Level::Release } else { Level::Block }, DecisionKind::None);
    }
    let suspicious = classification == Classification::Suspicious;
    match f.delivery {
        Delivery::Page => page(suspicious, gaps(f), d),
        Delivery::Download => download(suspicious, f, d),
    }
}

/// Rows 5 to 7.
fn page(suspicious: bool, gaps: GapClasses, d: &Definition) -> Ruling {
    let cells = [
        (gaps.password, d.page_gap_password),
        (gaps.limit, d.page_gap_limit),
        (gaps.damaged, d.page_gap_damaged),
        (gaps.unsupported, d.page_gap_unsupported),
    ];
    let gap_level = cells
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, cell)| page_level(cell))
        .max();
    if suspicious {
        let own = match d.unsafe_link_action {
            UnsafeLink::Block => Level::Block,
            UnsafeLink::Warn => Level::Warn,
        };
        return Ruling::new(5, own.max(gap_level.unwrap_or(own)), DecisionKind::Redirect);
    }
    match gap_level {
        Some(level) => Ruling::new(6, level, DecisionKind::Redirect),
        None => Ruling::new(7, Level::Release, DecisionKind::Redirect),
    }
}

/// Rows 8 to 14.
fn download(suspicious: bool, f: &Facts, d: &Definition) -> Ruling {
    if !d.url_file_download {
        return Ruling::new(8, Level::Release, DecisionKind::Redirect).outcome(Outcome::NotScanned);
    }
    match d.other_types {
        OtherTypes::Block if !f.listed => return Ruling::new(9, Level::Block, DecisionKind::Redirect),
        OtherTypes::Pass if !f.listed => return Ruling::new(9, Level::Release, DecisionKind::Redirect).outcome(Outcome::NotScanned),
        _ => {}
    }
    if coverage(f) == Coverage::None {
        return Ruling::new(10, Level::Block, DecisionKind::None);
    }
    let gap_level = gap_level(f, d);
    if suspicious {
        let own = suspicious_level(f, d);
        return Ruling::new(11, own.max(gap_level.unwrap_or(own)), DecisionKind::Download);
    }
    let every_file = (d.trigger == Trigger::FileDetected).then(|| file_level(f, d));
    if let Some(level) = gap_level {
        return Ruling::new(12, level.max(every_file.unwrap_or(level)), DecisionKind::Download);
    }
    match every_file {
        Some(level) => Ruling::new(13, level, DecisionKind::Download),
        None => Ruling::new(14, Level::Release, DecisionKind::Download),
    }
}

/// Row 11 alone. A gap leaves the sandbox nothing to clear, and no answer is not better than a clean one.
fn suspicious_level(f: &Facts, d: &Definition) -> Level {
    match (d.action, f.sandbox) {
        (Action::Block, _) => Level::Block,
        (Action::Warn, _) => Level::Warn,
        (Action::Sandbox, _) if gaps(f).any() => Level::Block,
        (Action::Sandbox, Sandbox::Clean) => Level::Warn,
        (Action::Sandbox, Sandbox::NotAsked | Sandbox::Inconclusive) => timeout_level(d),
        (Action::Sandbox, Sandbox::Suspicious | Sandbox::Malicious) => Level::Block,
    }
}

/// Row 13 alone.
fn file_level(f: &Facts, d: &Definition) -> Level {
    match (d.action, f.sandbox) {
        (Action::Block, _) => Level::Block,
        (Action::Warn, _) => Level::Warn,
        (Action::Sandbox, Sandbox::Clean) => Level::Release,
        (Action::Sandbox, Sandbox::NotAsked | Sandbox::Inconclusive) => timeout_level(d),
        (Action::Sandbox, Sandbox::Suspicious | Sandbox::Malicious) => Level::Block,
    }
}

/// Row 12 alone: the strictest cell of the gaps that are there; `None` without a gap.
fn gap_level(f: &Facts, d: &Definition) -> Option<Level> {
    let gaps = gaps(f);
    let password = match d.gap_password {
        PasswordCell::Ask => Level::Ask,
        PasswordCell::Warn => Level::Warn,
        PasswordCell::Sandbox => sandbox_level(f, d),
        PasswordCell::Block => block_level(f, d),
    };
    let other = |cell| match cell {
        GapCell::Warn => Level::Warn,
        GapCell::Sandbox => sandbox_level(f, d),
        GapCell::Block => block_level(f, d),
    };
    let levels = [
        gaps.password.then_some(password),
        gaps.limit.then(|| other(d.gap_limit)),
        gaps.damaged.then(|| other(d.gap_damaged)),
        gaps.unsupported.then(|| other(d.gap_unsupported)),
    ];
    levels.into_iter().flatten().max()
}

/// A `sandbox` cell: its clean is a warning, for it did not see what we did not see.
fn sandbox_level(f: &Facts, d: &Definition) -> Level {
    match f.sandbox {
        Sandbox::Clean => Level::Warn,
        Sandbox::NotAsked | Sandbox::Inconclusive => timeout_level(d),
        Sandbox::Suspicious | Sandbox::Malicious => Level::Block,
    }
}

/// A `block` cell: under action sandbox the sandbox is asked first, and its clean makes it a warning.
fn block_level(f: &Facts, d: &Definition) -> Level {
    if d.action == Action::Sandbox && f.sandbox == Sandbox::Clean {
        Level::Warn
    } else {
        Level::Block
    }
}

fn timeout_level(d: &Definition) -> Level {
    match d.on_sandbox_timeout {
        SandboxTimeout::Block => Level::Block,
        SandboxTimeout::Warn => Level::Warn,
    }
}

fn page_level(cell: PageCell) -> Level {
    match cell {
        PageCell::Release => Level::Release,
        PageCell::Warn => Level::Warn,
        PageCell::Block => Level::Block,
    }
}

/// Static and sandbox together, the worse wins.
fn classification(f: &Facts) -> Classification {
    let sandbox = match f.sandbox {
        Sandbox::Malicious => Classification::Malicious,
        Sandbox::Suspicious => Classification::Suspicious,
        Sandbox::Clean | Sandbox::NotAsked | Sandbox::Inconclusive => Classification::Clean,
    };
    f.classification.unwrap_or(Classification::Clean).max(sandbox)
}

fn coverage(f: &Facts) -> Coverage {
    if f.classification.is_none() { Coverage::None } else { f.coverage }
}

/// The gaps, and a limit where coverage speaks of one that is not named.
fn gaps(f: &Facts) -> GapClasses {
    let unnamed = coverage(f) == Coverage::None || (f.coverage != Coverage::Complete && !f.gaps.any());
    GapClasses {
        limit: f.gaps.limit || unnamed,
        ..f.gaps
    }
}

/// Whether the answer of the sandbox has a part in the decision (*Detonate?*).
pub(crate) fn wants_sandbox(f: &Facts, d: &Definition) -> bool {
    let judged = f.listed || d.other_types == OtherTypes::Scan;
    let by_gap = f.delivery == Delivery::Download && d.url_file_download && judged && strictest_cell_is_sandbox(gaps(f), d);
    f.route != Route::Inbound || (d.action == Action::Sandbox && judged) || by_gap
}

/// Before the sandbox has spoken its cells stand between warn and ask.
fn strictest_cell_is_sandbox(gaps: GapClasses, d: &Definition) -> bool {
    let others = [
        (gaps.limit, d.gap_limit),
        (gaps.damaged, d.gap_damaged),
        (gaps.unsupported, d.gap_unsupported),
    ];
    let others = || others.iter().filter(|(there, _)| *there).map(|(_, cell)| *cell);
    let password = gaps.password.then_some(d.gap_password);
    let stricter = others().any(|c| c == GapCell::Block) || matches!(password, Some(PasswordCell::Ask | PasswordCell::Block));
    !stricter && (others().any(|c| c == GapCell::Sandbox) || password == Some(PasswordCell::Sandbox))
}
