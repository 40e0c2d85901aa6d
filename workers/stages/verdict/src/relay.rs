//! The outbox goes out, and a receiver that takes nothing holds up its own messages alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use airlock_queue::{Broker, Exchange, Outgoing, QueueError, Seldom};
use airlock_records::{OutboxRow, Records, Sent};
use tokio::sync::watch;
use tokio::time::Instant;

/// Rows that one round takes.
const ROUND: u32 = 64;
/// How long a round waits when nothing was there and nobody said that something is.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a receiver whose queue was full is left alone.
const FULL: Duration = Duration::from_secs(2);
/// How often rows are looked for that another process has put aside.
const LOOK: Duration = Duration::from_secs(60);

/// Publishes rows of a topic, each as `message` reads it.
pub async fn relay(
    records: &Records,
    broker: &dyn Broker,
    topic: &str,
    message: impl Fn(&OutboxRow) -> Option<Outgoing> + Send + Sync,
    mut stop: watch::Receiver<bool>,
) {
    let relay = Relay {
        records,
        broker,
        topic,
        message: &message,
        said: Mutex::new(Seldom::default()),
        receivers: Mutex::default(),
    };
    let mut look = Instant::now();
    loop {
        let woken = records.woken();
        if look <= Instant::now() {
            look = Instant::now() + LOOK;
            relay.look().await;
        }
        relay.bring_back().await;
        let moved = match records.relay(topic, ROUND, async |row: OutboxRow| relay.publish(&row).await).await {
            Ok(moved) => moved,
            Err(error) => {
                relay.warn("no relay", &error);
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

struct Relay<'a> {
    records: &'a Records,
    broker: &'a dyn Broker,
    topic: &'a str,
    message: &'a (dyn Fn(&OutboxRow) -> Option<Outgoing> + Send + Sync),
    said: Mutex<Seldom>,
    /// Receivers for whom rows may lie aside, and until when they are left alone.
    receivers: Mutex<HashMap<String, Option<Instant>>>,
}

impl Relay<'_> {
    async fn publish(&self, row: &OutboxRow) -> Sent {
        let Some(message) = (self.message)(row) else {
            tracing::error!(topic = %row.topic, "a row of the outbox that is no message is dropped");
            return Sent::Gone;
        };
        let event = message.exchange == Exchange::Events;
        let receiver = message.receiver().to_owned();
        // Behind one that waits: the messages of a receiver keep their order, and a full queue is not asked for each of them.
        if matches!(self.receivers().get(&receiver), Some(Some(_))) {
            return Sent::Aside(receiver);
        }
        match self.broker.publish(message).await {
            Ok(()) => Sent::Gone,
            // The verdict stands in the records, and is sent again when asked for.
            Err(error @ QueueError::Unroutable { .. }) if event => {
                tracing::error!(%error, "an event that no queue takes is dropped");
                Sent::Gone
            }
            Err(error @ QueueError::Away(_)) => {
                self.warn("the outbox waits", &error);
                Sent::Stays
            }
            // Kept at the head, they would hold up everybody's.
            Err(error) => {
                self.warn("messages of one receiver wait", &error);
                self.receivers().insert(receiver.clone(), Some(Instant::now() + FULL));
                Sent::Aside(receiver)
            }
        }
    }

    /// Brings some of what lies aside back to the head of the line, for every receiver that is due.
    async fn bring_back(&self) {
        let now = Instant::now();
        let due: Vec<String> = {
            let receivers = self.receivers();
            let due = receivers.iter().filter(|(_, until)| until.is_none_or(|until| until <= now));
            due.map(|(receiver, _)| receiver.clone()).collect()
        };
        for receiver in due {
            match self.records.bring_back(self.topic, &receiver, ROUND).await {
                Ok(0) => {
                    self.receivers().remove(&receiver);
                }
                Ok(_) => {
                    self.receivers().insert(receiver, None);
                }
                Err(error) => self.warn("what lies aside stays there", &error),
            }
        }
    }

    /// Learns of what this process put aside before it was started anew, and of what others did.
    async fn look(&self) {
        match self.records.aside(self.topic).await {
            Ok(receivers) => {
                for receiver in receivers {
                    self.receivers().entry(receiver).or_default();
                }
            }
            Err(error) => self.warn("what lies aside is not known", &error),
        }
    }

    fn warn(&self, what: &str, error: &dyn std::error::Error) {
        if self.said.lock().unwrap_or_else(PoisonError::into_inner).is_due() {
            tracing::warn!(topic = %self.topic, %error, "{what}");
        }
    }

    fn receivers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Instant>>> {
        self.receivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use airlock_proto::v1::Verdict;
    use airlock_proto::wire::Form;
    use airlock_queue::Consumer;
    use airlock_queue::topology::Queue;
    use airlock_records::{Accept, Config, Fairness, NewRequest};
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;

    /// Takes everything but what is for `deaf`, until that has ears.
    #[derive(Default)]
    struct Half {
        taken: Mutex<Vec<String>>,
        refused: AtomicUsize,
        hears: std::sync::atomic::AtomicBool,
    }

    impl Broker for Half {
        fn publish(&self, message: Outgoing) -> BoxFuture<'_, Result<(), QueueError>> {
            async move {
                if message.receiver() == "deaf" && !self.hears.load(Ordering::Acquire) {
                    self.refused.fetch_add(1, Ordering::AcqRel);
                    return Err(QueueError::Full(message.key));
                }
                self.taken.lock().unwrap().push(message.request_id);
                Ok(())
            }
            .boxed()
        }

        fn consume(&self, _: Queue, _: u16) -> BoxFuture<'_, Result<Box<dyn Consumer>, QueueError>> {
            async { Err(QueueError::Away(String::new())) }.boxed()
        }

        fn depth(&self, _: Queue) -> BoxFuture<'_, Result<u64, QueueError>> {
            async { Ok(0) }.boxed()
        }
    }

    async fn until(what: impl Fn() -> bool) {
        for _ in 0..200 {
            if what() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never came");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_service_that_does_not_read_holds_up_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::connect(&Config {
            url: format!("sqlite:{}", folder.path().join("r.sqlite").display()),
            ..Config::default()
        })
        .await
        .unwrap();
        records.migrate().await.unwrap();
        let row = |service: &str, n: usize| OutboxRow {
            topic: "t".to_owned(),
            body: serde_json::to_vec(&Outgoing::event(
                "verdict.final",
                service,
                &format!("{service}-{n:03}"),
                &Verdict::default(),
                Form::Protobuf,
            ))
            .unwrap(),
        };
        let mut rows: Vec<OutboxRow> = (0..200).map(|n| row("deaf", n)).collect();
        rows.push(row("other", 0));
        let request = NewRequest {
            request_id: "r".to_owned(),
            service: "deaf".to_owned(),
            body_sha256: String::new(),
            tenant: "acme".to_owned(),
            url: String::new(),
            recipient: String::new(),
            route: String::new(),
            secrets_sha256: String::new(),
            definition_digest: String::new(),
            lane: String::new(),
            form: String::new(),
            received_ms: 0,
            notify_ms: 0,
            deadline_ms: 0,
        };
        let accepted = records.accept(&request, "", &rows, &[], Fairness::default()).await.unwrap();
        assert_eq!(accepted, Accept::New);
        let broker = Arc::new(Half::default());
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn({
            let (records, broker) = (records.clone(), Arc::clone(&broker));
            async move {
                let message = |row: &OutboxRow| serde_json::from_slice(&row.body).ok();
                relay(&records, broker.as_ref(), "t", message, stopped).await;
            }
        });
        until(|| *broker.taken.lock().unwrap() == ["other-000"]).await;
        assert!(broker.refused.load(Ordering::Acquire) <= 16, "asked for each of them");
        assert_eq!(records.status().await.unwrap().outbox, 200);
        broker.hears.store(true, Ordering::Release);
        until(|| broker.taken.lock().unwrap().len() == 201).await;
        assert!(
            broker.taken.lock().unwrap().is_sorted_by(|a, b| a < b || a == "other-000"),
            "out of order"
        );
        stop.send_replace(true);
        running.await.unwrap();
    }
}
