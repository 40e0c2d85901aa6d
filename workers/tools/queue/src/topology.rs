//! The map of the line: stages, lanes, queues, ladders, and who may say what. `airlock topology` prints and applies it.

mod compare;
mod definitions;
mod management;
mod permissions;
mod wire;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use definitions::EVENT_WORDS;
pub use definitions::{ServiceUser, StagePasswords, VHOST, WrongName, definitions};
pub use management::{Management, ManagementError, apply, check};

/// A stage of the line; each has a broker user of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    /// Lets requests in.
    Intake,
    /// Fetches.
    Fetch,
    /// Looks inside.
    Scan,
    /// Asks back-ends.
    Sandbox,
    /// Decides.
    Verdict,
}

/// Which of the two queues of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// A person waits.
    Click,
    /// Nobody does.
    Bulk,
}

impl Lane {
    /// Both.
    pub const ALL: [Lane; 2] = [Lane::Click, Lane::Bulk];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Lane::Click => "click",
            Lane::Bulk => "bulk",
        }
    }
}

impl StageName {
    /// All, in the order of the line.
    pub const ALL: [StageName; 5] = [
        StageName::Intake,
        StageName::Fetch,
        StageName::Scan,
        StageName::Sandbox,
        StageName::Verdict,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            StageName::Intake => "intake",
            StageName::Fetch => "fetch",
            StageName::Scan => "scan",
            StageName::Sandbox => "sandbox",
            StageName::Verdict => "verdict",
        }
    }

    /// The broker users that may send it a message of a kind; a service is any user that is no stage.
    pub fn senders(self, kind: &str) -> Senders {
        match (self, kind) {
            // Whatever it is called: a service hears what is wrong with it.
            (StageName::Intake, _) => Senders::Services,
            (StageName::Fetch, "Accepted") => Senders::Stages(&[StageName::Intake, StageName::Verdict]),
            (StageName::Scan, "Fetched") | (StageName::Verdict, "Fetched") => Senders::Stages(&[StageName::Fetch]),
            (StageName::Sandbox, "Inspected") | (StageName::Verdict, "Inspected") => Senders::Stages(&[StageName::Scan]),
            (StageName::Verdict, "Detonated") => Senders::Stages(&[StageName::Sandbox]),
            (StageName::Verdict, "Accepted") => Senders::Stages(&[StageName::Intake]),
            _ => Senders::Stages(&[]),
        }
    }
}

/// Who may send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Senders {
    /// Any user that is no stage.
    Services,
    /// These stages.
    Stages(&'static [StageName]),
}

impl Senders {
    /// Whether a broker-validated user is among them.
    pub fn allow(self, user: &str) -> bool {
        match self {
            Senders::Services => !user.is_empty() && user.parse::<StageName>().is_err(),
            Senders::Stages(stages) => stages.iter().any(|s| s.word() == user),
        }
    }
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Work of a stage.
    Work(StageName, Lane),
    /// Events of a calling service.
    Events(String),
    /// Everything dead, for the verdict stage.
    VerdictDead,
    /// What died in a stage, kept for the operator.
    Dead(StageName),
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Queue::Work(stage, lane) => write!(f, "airlock.{stage}.{lane}"),
            Queue::Events(service) => write!(f, "airlock.events.{service}"),
            Queue::VerdictDead => f.write_str("airlock.verdict.dead"),
            Queue::Dead(stage) => write!(f, "airlock.dead.{stage}"),
        }
    }
}

/// A rung of the retry ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// 1 second.
    Second,
    /// 10 seconds.
    TenSeconds,
    /// 1 minute.
    Minute,
    /// 10 minutes.
    TenMinutes,
}

impl Rung {
    /// All, from the shortest.
    pub const ALL: [Rung; 4] = [Rung::Second, Rung::TenSeconds, Rung::Minute, Rung::TenMinutes];

    /// The rung after `attempt` earlier attempts.
    pub fn after(attempt: u32) -> Rung {
        match attempt {
            0 => Rung::Second,
            1 => Rung::TenSeconds,
            2 => Rung::Minute,
            _ => Rung::TenMinutes,
        }
    }

    /// How long a message stays on it, in milliseconds.
    pub fn delay_ms(self) -> u32 {
        match self {
            Rung::Second => 1_000,
            Rung::TenSeconds => 10_000,
            Rung::Minute => 60_000,
            Rung::TenMinutes => 600_000,
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rung::Second => "1s",
            Rung::TenSeconds => "10s",
            Rung::Minute => "1m",
            Rung::TenMinutes => "10m",
        })
    }
}

impl FromStr for Rung {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Rung::ALL.into_iter().find(|r| r.to_string() == word).ok_or(())
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for StageName {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        StageName::ALL.into_iter().find(|s| s.word() == word).ok_or(())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Lane {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Lane::ALL.into_iter().find(|l| l.word() == word).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_speaks_for_itself_alone() {
        assert!(StageName::Verdict.senders("Inspected").allow("scan"));
        assert!(!StageName::Verdict.senders("Inspected").allow("fetch"));
        assert!(!StageName::Intake.senders("ScanRequest").allow("fetch") && StageName::Intake.senders("ScanRequest").allow("clicks"));
        assert!(!StageName::Intake.senders("Accepted").allow("fetch") && StageName::Intake.senders("Scan").allow("clicks"));
        assert!(!StageName::Scan.senders("Inspected").allow("scan") && !StageName::Intake.senders("ScanRequest").allow(""));
    }
}
