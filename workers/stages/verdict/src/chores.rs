//! What runs beside the messages: the relay of the outbox, the sweeper of deadlines, the collector of blobs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use airlock_policy::Facts;
use airlock_proto::FetchOutcome;
use airlock_queue::{Broker, Exchange, Outgoing, QueueError, Seldom};
use airlock_records::{OutboxRow, Records};
use tokio::sync::watch;

use crate::facts;
use crate::judge::{Judge, Subject};
use crate::outbox::{self, Event};

/// Rows that one round of the relay takes.
const ROUND: u32 = 64;
/// How long a round waits when nothing was there and nobody said that something is.
const PAUSE: Duration = Duration::from_millis(250);

/// The chores of the verdict stage.
pub struct Chores {
    /// Decides about what is overdue.
    pub judge: Judge,
    /// Publishes as the user `verdict`.
    pub broker: Arc<dyn Broker>,
}

impl Chores {
    /// Publishes verdicts from the outbox until `stop`.
    pub async fn relay(&self, stop: watch::Receiver<bool>) {
        let (key, base) = (Arc::clone(&self.judge.key), self.judge.settings.base_url.clone());
        let message = move |row: &OutboxRow| Event::of(row).and_then(|event| event.message(&key, &base));
        relay(&self.judge.records, self.broker.as_ref(), outbox::TOPIC, &message, stop).await;
    }

    /// Gives every request that is past its deadline its verdict, once a second, until `stop`.
    pub async fn sweep(&self, mut stop: watch::Receiver<bool>) {
        let mut said = Seldom::default();
        while !pause(&mut stop, Duration::from_secs(1)).await {
            let now = (self.judge.clock)();
            let overdue = match self.judge.records.overdue(now, 200).await {
                Ok(rows) => rows,
                Err(error) => {
                    if said.is_due() {
                        tracing::warn!(%error, "no sweep");
                    }
                    continue;
                }
            };
            for row in overdue {
                let facts = Facts::not_fetched(FetchOutcome::TimedOut, facts::route(&row.request.route));
                if let Err(why) = self.judge.judge(&row, facts, Subject::default()).await
                    && said.is_due()
                {
                    tracing::warn!(?why, request = %row.request.request_id, "not swept");
                }
            }
        }
    }

    /// Deletes blobs whose time is over, every minute, until `stop`.
    pub async fn collect(&self, mut stop: watch::Receiver<bool>) {
        while !pause(&mut stop, Duration::from_secs(60)).await {
            let keys = self.judge.records.garbage((self.judge.clock)(), 500).await.unwrap_or_default();
            for key in keys {
                let Some((folder, _)) = key.rsplit_once('/') else { continue };
                let mut gone = true;
                for part in ["blob", "claim", "fetched", "report", "report-chunks"] {
                    gone &= self.judge.store.delete(&format!("{folder}/{part}")).await.is_ok();
                }
                if gone && let Err(error) = self.judge.records.forget_blob(&key).await {
                    tracing::warn!(%error, %key, "deleted, and not forgotten");
                }
            }
        }
    }
}

/// Publishes rows of a topic that are messages as they stand.
pub async fn relay_plain(
    records: &Records,
    broker: &dyn Broker,
    topic: &str,
    message: impl Fn(&OutboxRow) -> Option<Outgoing> + Send + Sync,
    stop: watch::Receiver<bool>,
) {
    relay(records, broker, topic, &message, stop).await;
}

async fn relay(
    records: &Records,
    broker: &dyn Broker,
    topic: &str,
    message: &(dyn Fn(&OutboxRow) -> Option<Outgoing> + Send + Sync),
    mut stop: watch::Receiver<bool>,
) {
    let said = Mutex::new(Seldom::default());
    let is_due = || said.lock().unwrap_or_else(PoisonError::into_inner).is_due();
    loop {
        let woken = records.woken();
        let publish = async |row: OutboxRow| {
            let Some(message) = message(&row) else {
                tracing::error!(topic = %row.topic, "a row of the outbox that is no message is dropped");
                return true;
            };
            let event = message.exchange == Exchange::Events;
            match broker.publish(message).await {
                Ok(()) => true,
                // Kept, the first of them would hold up everybody's. The verdict stands in the records, and is sent again when asked for.
                Err(error @ QueueError::Unroutable { .. }) if event => {
                    tracing::error!(%error, "an event that no queue takes is dropped");
                    true
                }
                Err(error) => {
                    if is_due() {
                        tracing::warn!(%error, "the outbox waits");
                    }
                    false
                }
            }
        };
        let moved = match records.relay(topic, ROUND, publish).await {
            Ok(moved) => moved,
            Err(error) => {
                if is_due() {
                    tracing::warn!(%error, "no relay");
                }
                0
            }
        };
        if *stop.borrow() {
            return;
        }
        if moved == 0 {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = woken => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Forgets requests that are older than `keep`, every hour, until `stop`.
pub async fn forget(judge: Judge, keep: Duration, mut stop: watch::Receiver<bool>) {
    const AT_ONCE: u32 = 500;
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    loop {
        let before = (judge.clock)().saturating_sub(keep);
        match judge.records.purge(before, AT_ONCE).await {
            // There may be more: a round is small, so that nobody waits for its locks.
            Ok(done) if done == u64::from(AT_ONCE) => {
                if pause(&mut stop, Duration::from_millis(200)).await {
                    return;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old requests are not forgotten yet"),
        }
        if pause(&mut stop, Duration::from_secs(3600)).await {
            return;
        }
    }
}

/// Waits; `true` when it is time to stop.
async fn pause(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(time) => false,
    }
}
