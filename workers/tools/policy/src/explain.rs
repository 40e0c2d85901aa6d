//! Why a row decided, in plain sentences for the person who clicked.

use crate::decide::Outcome;
use crate::definition::Definition;
use crate::facts::{Facts, Sandbox};
use crate::reason::{MAX_REASONS, Reason};
use crate::table::{Level, Ruling, wants_sandbox};

/// The row's sentence, the sandbox's where it was needed, then findings and gaps: first those that the row went by.
pub(crate) fn reasons(ruling: &Ruling, f: &Facts, d: &Definition) -> Vec<Reason> {
    let (id, text) = sentence(ruling, f);
    let mut reasons = vec![Reason {
        id: id.to_owned(),
        text: text.to_owned(),
    }];
    if ruling.outcome != Outcome::Scanned {
        return reasons;
    }
    if let Some((id, text)) = sandbox_sentence(ruling, f, d) {
        reasons.push(Reason {
            id: id.to_owned(),
            text: text.to_owned(),
        });
    }
    let (first, second) = if matches!(ruling.row, 6 | 10 | 12) {
        (&f.unseen, &f.findings)
    } else {
        (&f.findings, &f.unseen)
    };
    // One place is kept, so that a person never reads only half of the story.
    let room = MAX_REASONS
        .saturating_sub(reasons.len())
        .saturating_sub(usize::from(!second.is_empty()));
    reasons.extend(first.iter().take(room).cloned());
    let room = MAX_REASONS.saturating_sub(reasons.len());
    reasons.extend(second.iter().take(room).cloned());
    reasons
}

fn sandbox_sentence(ruling: &Ruling, f: &Facts, d: &Definition) -> Option<(&'static str, &'static str)> {
    match f.sandbox {
        Sandbox::Malicious => Some(("sandbox.malicious", "The sandbox saw the file do harm.")),
        Sandbox::Suspicious => Some(("sandbox.suspicious", "The sandbox saw the file do something odd.")),
        Sandbox::NotAsked | Sandbox::Inconclusive if matches!(ruling.row, 4 | 11 | 12 | 13) && wants_sandbox(f, d) => {
            Some(("sandbox.no_answer", "The sandbox gave no answer."))
        }
        Sandbox::Clean | Sandbox::NotAsked | Sandbox::Inconclusive => None,
    }
}

fn sentence(ruling: &Ruling, f: &Facts) -> (&'static str, &'static str) {
    match (ruling.row, ruling.level) {
        (1, _) => (
            "policy.refused",
            "We do not fetch from this address, or the file is beyond what we fetch.",
        ),
        (2, _) if ruling.outcome == Outcome::TimedOut => ("policy.timed_out", "The check took too long. Try again later."),
        (2, _) => (
            "policy.unreachable",
            "The link could not be reached, so it could not be checked. Try again later.",
        ),
        (3, _) => ("policy.malicious", "It is harmful."),
        (4, Level::Release) => ("policy.sandbox_safe", "The sandbox found nothing harmful: it is safe."),
        (4, _) if f.sandbox == Sandbox::Suspicious => ("policy.sandbox_harmful", "It is probably harmful."),
        (4, _) => ("policy.not_shown_safe", "It could not be shown to be safe."),
        (11, Level::Ask) => (
            "policy.password",
            "It looks suspicious, and it needs a password before it can be checked.",
        ),
        (5 | 11, _) => ("policy.suspicious", "It looks suspicious."),
        (12, Level::Ask) => ("policy.password", "It needs a password before it can be checked."),
        (6 | 12, _) => (
            "policy.not_all_seen",
            "Nothing harmful was found, but not all of it could be checked.",
        ),
        (8, _) => (
            "policy.download_off",
            "Files behind links are not judged here; the link itself was checked.",
        ),
        (9, Level::Release) => (
            "policy.type_passes",
            "Files of this type are not judged here; the link itself was checked.",
        ),
        (9, _) => ("policy.type_blocked", "Files of this type are not allowed here."),
        (10, _) => ("policy.not_checked", "The file could not be checked."),
        (13, Level::Release) => ("policy.sandbox_safe", "Neither the scan nor the sandbox found anything harmful."),
        (13, _) => ("policy.file_detected", "Files of this type are not handed out without asking here."),
        _ => ("policy.clean", "Nothing harmful was found."),
    }
}
