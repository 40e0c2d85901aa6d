//! Deliveries of one queue: taken when there is room, renewed while they are in work, given back when they are dropped.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};

use super::Clock;
use super::store::LEASE_MS;
use super::writer::Writer;
use crate::broker::{Consumer, Receipt};
use crate::message::Incoming;
use crate::seldom::Seldom;
use crate::topology::Queue;

type Claiming = BoxFuture<'static, Result<Vec<(i64, Incoming)>, String>>;

/// A consumer.
pub struct LiteConsumer {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    buffer: VecDeque<(i64, Incoming)>,
    claiming: Option<Claiming>,
    queue: Queue,
    /// Only messages of this request.
    of: Option<String>,
    prefetch: usize,
    stopped: bool,
    /// Whether the last attempt to take messages was answered.
    answered: bool,
    said: Seldom,
    renewing: tokio::task::JoinHandle<()>,
}

struct Shared {
    writer: Writer,
    clock: Clock,
    /// Unsettled deliveries, handed over or buffered.
    held: Mutex<BTreeSet<i64>>,
    room: Notify,
}

impl Shared {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, id: i64) {
        self.held().remove(&id);
        self.room.notify_one();
    }
}

impl LiteConsumer {
    pub(super) fn new(
        writer: Writer,
        changed: watch::Receiver<u64>,
        clock: Clock,
        queue: Queue,
        of: Option<String>,
        prefetch: u16,
    ) -> Self {
        let shared = Arc::new(Shared {
            writer,
            clock,
            held: Mutex::default(),
            room: Notify::new(),
        });
        LiteConsumer {
            renewing: tokio::spawn(renew(Arc::clone(&shared))),
            shared,
            changed,
            buffer: VecDeque::new(),
            claiming: None,
            queue,
            of,
            prefetch: usize::from(prefetch.max(1)),
            stopped: false,
            answered: true,
            said: Seldom::default(),
        }
    }

    /// Cancel-safe: what is under way goes on at the next call, so that no delivery is taken and forgotten.
    async fn fill(&mut self) {
        if self.claiming.is_none() {
            let room = self.prefetch.saturating_sub(self.shared.held().len());
            if room == 0 {
                return;
            }
            let (shared, queue, of) = (Arc::clone(&self.shared), self.queue.clone(), self.of.clone());
            let claim = async move { shared.writer.claim(&queue, of, room, (shared.clock)()).await };
            self.claiming = Some(claim.boxed());
        }
        let Some(claim) = self.claiming.as_mut() else { return };
        let claimed = claim.await;
        self.claiming = None;
        self.answered = claimed.is_ok();
        match claimed {
            Ok(messages) => {
                self.shared.held().extend(messages.iter().map(|(id, _)| *id));
                self.buffer.extend(messages);
            }
            Err(why) => {
                if self.said.is_due() {
                    tracing::warn!(queue = %self.queue, %why, "no delivery");
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

impl Consumer for LiteConsumer {
    fn next(&mut self) -> BoxFuture<'_, Option<(Incoming, Box<dyn Receipt>)>> {
        async move {
            loop {
                if let Some((id, message)) = self.buffer.pop_front() {
                    let receipt = LiteReceipt {
                        shared: Arc::clone(&self.shared),
                        id: Some(id),
                    };
                    return Some((message, Box::new(receipt) as Box<dyn Receipt>));
                }
                if self.stopped && self.claiming.is_none() {
                    return None;
                }
                self.changed.borrow_and_update();
                self.fill().await;
                if !self.buffer.is_empty() {
                    continue;
                }
                let full = self.shared.held().len() >= self.prefetch;
                tokio::select! {
                    () = self.shared.room.notified() => {}
                    changed = self.changed.changed(), if !full => if changed.is_err() { return None },
                    // Rungs and leases become visible without anybody writing.
                    () = tokio::time::sleep(Duration::from_millis(500)), if !full => {}
                }
            }
        }
        .boxed()
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        async move {
            self.stopped = true;
        }
        .boxed()
    }

    fn is_alive(&self) -> bool {
        !self.stopped && self.answered && self.shared.writer.is_well()
    }
}

impl Drop for LiteConsumer {
    fn drop(&mut self) {
        self.renewing.abort();
        for (id, _) in self.buffer.drain(..) {
            self.shared.settle(id);
            self.shared.writer.release_soon(id, false);
        }
        if let (Some(claim), Ok(runtime)) = (self.claiming.take(), tokio::runtime::Handle::try_current()) {
            let writer = self.shared.writer.clone();
            runtime.spawn(async move {
                for (id, _) in claim.await.unwrap_or_default() {
                    writer.release(id, false).await;
                }
            });
        }
    }
}

async fn renew(shared: Arc<Shared>) {
    let pause = Duration::from_millis(u64::try_from(LEASE_MS / 3).unwrap_or(10_000));
    loop {
        tokio::time::sleep(pause).await;
        let held: Vec<i64> = shared.held().iter().copied().collect();
        if !held.is_empty() {
            shared.writer.renew(held, (shared.clock)()).await;
        }
    }
}

struct LiteReceipt {
    shared: Arc<Shared>,
    id: Option<i64>,
}

impl Receipt for LiteReceipt {
    fn ack(mut self: Box<Self>) -> BoxFuture<'static, bool> {
        async move {
            let Some(id) = self.id.take() else { return false };
            let known = self.shared.writer.remove(id).await;
            self.shared.settle(id);
            known
        }
        .boxed()
    }

    fn requeue(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            if let Some(id) = self.id.take() {
                self.shared.writer.release(id, false).await;
                self.shared.settle(id);
            }
        }
        .boxed()
    }
}

impl Drop for LiteReceipt {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.shared.settle(id);
            self.shared.writer.release_soon(id, true);
        }
    }
}
