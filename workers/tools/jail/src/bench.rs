//! The bench: a file goes in, a checked report comes out.

use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;

use airlock_proto::frame::{JobHeader, Ready, RuleSource};
use airlock_proto::{Gap, Report};

use crate::child::{Child, keep_statuses};
use crate::keeper::{Order, Started, keep};
use crate::seats::{Seats, Turn};
use crate::spawn::pack;
use crate::talk::{Said, Verdict, converse, envelope};
use crate::{Config, JailError, SealedFile, Wall};

/// Children that may be lost before they take the job, through no fault of a file.
const LOST_CHILDREN: u32 = 3;

/// The bench of jailed children. Dropping it ends them all.
#[derive(Debug)]
pub struct Bench {
    cpu_seconds: u64,
    started: Shown,
    orders: Option<Sender<Order>>,
    keeper: Option<JoinHandle<()>>,
    seats: Seats,
}

#[derive(Debug)]
struct Shown {
    ready: Ready,
    walls: Vec<Wall>,
    landlock_abi: u32,
    mdwe: bool,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The checked report; what went wrong is a gap of its root.
    pub report: Report,
    /// Unpacked bytes that the child says it paid for; 0 when it did not end by itself.
    pub unpacked_bytes: u64,
    /// Peak resident memory of the child in bytes, pages of the file that it read included (the larger of two tries).
    pub peak_rss_bytes: u64,
    /// CPU time of the child, kernel time and its start included, in microseconds (of two tries together).
    pub cpu_us: u64,
    /// 1, or 2 when a first child died and no cap explained it.
    pub tries: u32,
}

impl Bench {
    /// Starts the zygote with these rules and tries every wall. No bench is ever returned whose walls do not hold.
    ///
    /// # Errors
    /// Why nothing can be scanned: [`JailError::GlassMissing`], [`JailError::Refused`], [`JailError::Hole`], or our own trouble.
    pub fn start(config: Config, rules: &[RuleSource]) -> Result<Bench, JailError> {
        keep_statuses();
        let rules = pack(rules)?;
        let (orders, inbox) = channel();
        let (tell, told) = sync_channel(1);
        let cpu_seconds = config.cpu_seconds;
        let jobs = config.jobs.clamp(1, 256);
        let keeper = std::thread::Builder::new()
            .name("jail-keeper".to_owned())
            .spawn(move || keep(config, rules, tell, inbox))
            .map_err(|error| JailError::System {
                what: "starting a thread",
                error,
            })?;
        let Started { greeting, walls } = told.recv().map_err(|_| JailError::Silent("the keeper ended".to_owned()))??;
        Ok(Bench {
            cpu_seconds,
            started: Shown {
                ready: greeting.ready,
                walls,
                landlock_abi: greeting.landlock_abi,
                mdwe: greeting.mdwe,
            },
            orders: Some(orders),
            keeper: Some(keeper),
            seats: Seats::new(jobs),
        })
    }

    /// The rules that are loaded, and those that are broken.
    pub fn ready(&self) -> &Ready {
        &self.started.ready
    }

    /// Every wall that was tried at the start.
    pub fn walls(&self) -> &[Wall] {
        &self.started.walls
    }

    /// Version of Landlock that is enforced; 0 for none.
    pub fn landlock_abi(&self) -> u32 {
        self.started.landlock_abi
    }

    /// Whether the kernel itself refuses memory that gains the right to execute (Linux 6.3); the filter does in any case.
    pub fn kernel_refuses_exec_gain(&self) -> bool {
        self.started.mdwe
    }

    /// Looks at one file in a fresh child; blocks, and may be called from many threads: up to `jobs` run at once.
    /// `input_cut_bytes` of the header is taken from the file.
    ///
    /// # Errors
    /// Our own trouble only; whatever the file does is in the report.
    pub fn inspect(&self, header: JobHeader, file: &SealedFile) -> Result<Outcome, JailError> {
        self.inspect_in(Turn::First, header, file)
    }

    /// The same, in its turn among all that wait for a child.
    ///
    /// # Errors
    /// As of [`Bench::inspect`].
    pub fn inspect_in(&self, turn: Turn, header: JobHeader, file: &SealedFile) -> Result<Outcome, JailError> {
        let header = JobHeader {
            input_cut_bytes: file.cut_bytes(),
            sha256: Some(file.sha256().to_owned()),
            ..header
        };
        let envelope = envelope(&header)?;
        let _seat = self.seats.take(turn);
        let first = self.run(&header, &envelope, file)?;
        let Some(gap) = unexplained(&first) else {
            return Ok(outcome(first, None, 1));
        };
        let second = self.run(&header, &envelope, file)?;
        let mut total = match unexplained(&second) {
            Some(_) if first.ledger.weight() > second.ledger.weight() => outcome_of_longer(&second, first),
            _ => outcome_of_longer(&first, second),
        };
        if total.report.nodes.iter().all(|node| !node.gaps.contains(&gap)) {
            total.report.notes.push(format!("a first child did not finish: {}", gap.detail));
        }
        Ok(total)
    }

    fn run<'j>(&self, header: &'j JobHeader, envelope: &[u8], file: &'j SealedFile) -> Result<Said<'j>, JailError> {
        let mut lost = 0;
        loop {
            let child = self.take()?;
            let generation = child.generation;
            let said = converse(child, header, envelope, file, self.cpu_seconds);
            if said.layout_is_known() {
                self.order(Order::Crashed(generation))?;
            }
            if said.verdict != Verdict::NotTaken {
                return Ok(said);
            }
            lost += 1;
            if lost == LOST_CHILDREN {
                return Err(JailError::Silent(format!("{lost} children in a row died before they took a job")));
            }
        }
    }

    fn take(&self) -> Result<Child, JailError> {
        let (reply, answer) = sync_channel(1);
        self.order(Order::Take(reply))?;
        answer.recv().map_err(|_| JailError::Silent("the keeper ended".to_owned()))?
    }

    fn order(&self, order: Order) -> Result<(), JailError> {
        let sent = self.orders.as_ref().map(|orders| orders.send(order));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(JailError::Silent("the keeper ended".to_owned())),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The keeper ends when nobody can give it orders any more, and its zygote and idle children with it.
        drop(self.orders.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// The gap of a death that no cap explains: such a file gets one more try.
fn unexplained(said: &Said<'_>) -> Option<Gap> {
    match &said.verdict {
        Verdict::Died(gap) | Verdict::Lied(gap) => Some(gap.clone()),
        Verdict::Whole | Verdict::NotTaken | Verdict::Capped(_) => None,
    }
}

fn outcome_of_longer(other: &Said<'_>, kept: Said<'_>) -> Outcome {
    let (rss, cpu) = (other.death.peak_rss_bytes, other.death.cpu_us);
    outcome(kept, Some((rss, cpu)), 2)
}

fn outcome(said: Said<'_>, other: Option<(u64, u64)>, tries: u32) -> Outcome {
    let (other_rss, other_cpu) = other.unwrap_or_default();
    let gap = match said.verdict {
        Verdict::Whole | Verdict::NotTaken => None,
        Verdict::Capped(gap) | Verdict::Died(gap) | Verdict::Lied(gap) => Some(gap),
    };
    let (report, unpacked_bytes) = said.ledger.close(gap);
    Outcome {
        report,
        unpacked_bytes,
        peak_rss_bytes: said.death.peak_rss_bytes.max(other_rss),
        cpu_us: said.death.cpu_us.saturating_add(other_cpu),
        tries,
    }
}
