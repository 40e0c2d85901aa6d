//! The keeper: the one thread that starts zygotes and has children forked ahead of need.
//!
//! A thread of its own that lives as long as the bench: a zygote and its children die with the **thread** that started them
//! (`PR_SET_PDEATHSIG`), so no thread of a pool may do it.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use airlock_proto::control::REQUEST_JOB;
use tracing::{debug, info, warn};

use crate::child::Child;
use crate::spawn::{Glass, Greeting};
use crate::walls::{self, Wall};
use crate::{Config, JailError, SealedFile};

/// What the bench asks of the keeper.
pub(crate) enum Order {
    /// A child that waits for a job.
    Take(SyncSender<Result<Child, JailError>>),
    /// A child of this generation died by a signal: its zygote's address layout may be known.
    Crashed(u64),
}

/// What a started zygote has shown.
pub(crate) struct Started {
    pub greeting: Greeting,
    pub walls: Vec<Wall>,
}

/// Works until the bench is dropped.
pub(crate) fn keep(config: Config, rules: SealedFile, started: SyncSender<Result<Started, JailError>>, orders: Receiver<Order>) {
    let mut keeper = Keeper {
        config,
        rules,
        generation: 0,
        zygote: None,
        idle: VecDeque::new(),
    };
    let first = keeper.start();
    let failed = first.is_err();
    if started.send(first).is_err() || failed {
        return;
    }
    let mut rest = false;
    loop {
        let order = if rest || keeper.idle.len() >= keeper.config.idle.clamp(1, 64) {
            orders.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            orders.try_recv()
        };
        rest = false;
        match order {
            Ok(Order::Take(reply)) => {
                let child = match keeper.idle.pop_front() {
                    Some(child) => Ok(child),
                    None => keeper.fork(),
                };
                // An asker that is gone drops the child, which ends it.
                let _ = reply.send(child);
            }
            Ok(Order::Crashed(generation)) => keeper.retire(generation, "a child of it died by a signal or lied"),
            Err(TryRecvError::Empty) => match keeper.fork() {
                Ok(child) => keeper.idle.push_back(child),
                Err(error) => {
                    // The next asker gets the reason; until then nothing is tried again.
                    warn!(%error, "no child could be made ready");
                    rest = true;
                }
            },
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

struct Keeper {
    config: Config,
    rules: SealedFile,
    generation: u64,
    zygote: Option<Glass>,
    idle: VecDeque<Child>,
}

impl Keeper {
    fn start(&mut self) -> Result<Started, JailError> {
        self.generation += 1;
        let (mut glass, greeting) = Glass::start(&self.config, "inspect", &self.rules)?;
        let walls = walls::try_all(&mut glass)?;
        if let Some(hole) = walls::hole(&walls) {
            return Err(hole);
        }
        debug!(generation = self.generation, rules = greeting.ready.rules, "a zygote is ready");
        self.zygote = Some(glass);
        Ok(Started { greeting, walls })
    }

    /// A fresh child, from a fresh zygote where the old one is gone.
    fn fork(&mut self) -> Result<Child, JailError> {
        if let Some(zygote) = &mut self.zygote {
            match zygote.fork(REQUEST_JOB, 0, self.generation) {
                Ok(child) => return Ok(child),
                Err(error) => warn!(%error, "the zygote does not fork"),
            }
            self.retire(self.generation, "it does not fork");
        }
        self.start()?;
        match &mut self.zygote {
            Some(zygote) => zygote.fork(REQUEST_JOB, 0, self.generation),
            None => Err(JailError::Silent("there is no zygote".to_owned())),
        }
    }

    /// Ends a zygote and its idle children; the next fork starts a new one, with a new address layout. Jobs in flight go on.
    fn retire(&mut self, generation: u64, why: &'static str) {
        if generation == self.generation && self.zygote.take().is_some() {
            info!(generation, why, "the zygote is replaced");
            self.idle.clear();
        }
    }
}
