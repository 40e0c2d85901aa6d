//! What runs beside the messages: the relay of verdicts, the sweeper of deadlines, the collector of blobs.

use std::sync::Arc;
use std::time::Duration;

use airlock_policy::Facts;
use airlock_proto::FetchOutcome;
use airlock_queue::topology::Lane;
use airlock_queue::{Broker, Seldom};
use airlock_records::OutboxRow;
use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::facts;
use crate::judge::{Judge, Subject};
use crate::outbox::{self, Event};
use crate::relay::{Read, Source, relay};

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
        let [click, bulk] = Lane::ALL.map(|lane| self.relay_lane(lane, stop.clone()));
        tokio::join!(click, bulk);
    }

    async fn relay_lane(&self, lane: Lane, stop: watch::Receiver<bool>) {
        let judge = self.judge.clone();
        let message = move |row: OutboxRow, source| {
            let judge = judge.clone();
            async move {
                match (Event::of(&row), source) {
                    (None, _) => Read::Nothing,
                    (Some(event), Source::Line) => event.message(&judge.key, &judge.settings.base_url).into(),
                    (Some(event), Source::Aside) => judge.late(&event).await,
                }
            }
            .boxed()
        };
        relay(
            &self.judge.records,
            self.broker.as_ref(),
            outbox::topic(lane),
            message,
            || std::future::ready(()).boxed(),
            stop,
        )
        .await;
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
                let _place = self.judge.bulk.acquire().await.ok();
                let facts = Facts::not_fetched(FetchOutcome::TimedOut, facts::route(&row.request.route));
                if let Err(why) = self.judge.judge(&row, facts, Subject::of(Lane::Bulk)).await
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

impl Judge {
    /// An event that lay aside: its release may have been taken back meanwhile.
    async fn late(&self, event: &Event) -> Read {
        let (key, base_url) = (&self.key, &self.settings.base_url);
        let Some(warrant) = &event.warrant else {
            return event.message(key, base_url).into();
        };
        match self.records.token(&warrant.claims().token_id).await {
            Ok(Some(token)) if token.revoked_ms.is_some() => event.revoked(key, base_url).into(),
            Ok(_) => event.message(key, base_url).into(),
            Err(_) => Read::Later,
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
