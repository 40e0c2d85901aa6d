//! The outbox goes out, and a receiver that takes nothing holds up its own messages alone.
//!
//! What it does not take lies aside. As long as anything lies there, all that comes for it goes behind; so its messages of one topic keep
//! their order, and its backlog, once it reads again, goes out beside everybody else's and not before them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use airlock_queue::{Broker, Exchange, Outgoing, QueueError, Seldom};
use airlock_records::{OutboxRow, Records, Round, Sent};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

/// Rows that one round takes from the line.
const ROUND: u32 = 64;
/// Rows that one round takes from what lies aside, of all receivers together.
const ASIDE: usize = 32;
/// How long a round waits when nothing was there and nobody said that something is.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a receiver whose queue was full is left alone.
const FULL: Duration = Duration::from_secs(2);
/// How often rows are looked for that another process has put aside.
const LOOK: Duration = Duration::from_secs(60);

/// What a row is.
pub enum Read {
    /// To be published.
    Message(Box<Outgoing>),
    /// Not known now: it is asked again.
    Later,
    /// No message.
    Nothing,
}

impl From<Option<Outgoing>> for Read {
    fn from(message: Option<Outgoing>) -> Read {
        message.map_or(Read::Nothing, |message| Read::Message(Box::new(message)))
    }
}

/// Where a row was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In the line: it was written a moment ago.
    Line,
    /// It lay aside, for however long.
    Aside,
}

/// Publishes rows of a topic, each as `message` reads it; what is no message is dropped. Each round waits for `lull`.
pub async fn relay(
    records: &Records,
    broker: &dyn Broker,
    topic: &str,
    message: impl Fn(OutboxRow, Source) -> BoxFuture<'static, Read> + Send + Sync,
    lull: impl Fn() -> BoxFuture<'static, ()> + Send + Sync,
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
    let mut turn = 0;
    loop {
        let woken = records.woken(topic);
        if look <= Instant::now() {
            look = Instant::now() + LOOK;
            relay.look().await;
        }
        lull().await;
        let moved = relay.line().await + relay.aside(turn).await;
        turn += 1;
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
    message: &'a (dyn Fn(OutboxRow, Source) -> BoxFuture<'static, Read> + Send + Sync),
    said: Mutex<Seldom>,
    /// Receivers for whom rows may lie aside, and until when they are left alone.
    receivers: Mutex<HashMap<String, Option<Instant>>>,
}

impl Relay<'_> {
    /// Says how many rows left the line.
    async fn line(&self) -> usize {
        let publish = async |row: OutboxRow| self.publish(row, Source::Line).await;
        match self.records.relay(self.topic, ROUND, publish).await {
            Ok(moved) => moved,
            Err(error) => {
                self.warn("no relay", &error);
                0
            }
        }
    }

    /// Some of what lies aside, a share for every receiver that is due; says how many rows went out.
    async fn aside(&self, turn: usize) -> usize {
        let mut due = self.due();
        if due.is_empty() {
            return 0;
        }
        // Where they are too many for one round, each has its turn.
        let first = turn.wrapping_mul(ASIDE) % due.len();
        due.rotate_left(first);
        due.truncate(ASIDE);
        let share = u32::try_from(ASIDE / due.len()).unwrap_or(1);
        let mut out = 0;
        for receiver in due {
            let publish = async |row: OutboxRow| {
                // A full queue is not asked for each of them.
                if matches!(self.receivers().get(&receiver), Some(Some(until)) if *until > Instant::now()) {
                    return Sent::Stays;
                }
                self.publish(row, Source::Aside).await
            };
            match self.records.relay_aside(self.topic, &receiver, share, publish).await {
                Ok(Round { found: 0, .. }) => {
                    self.receivers().remove(&receiver);
                }
                Ok(round) => out += round.moved,
                Err(error) => self.warn("what lies aside stays there", &error),
            }
        }
        out
    }

    /// The receivers that are not left alone now, in one order.
    fn due(&self) -> Vec<String> {
        let now = Instant::now();
        let receivers = self.receivers();
        let due = receivers.iter().filter(|(_, until)| until.is_none_or(|until| until <= now));
        let mut due: Vec<String> = due.map(|(receiver, _)| receiver.clone()).collect();
        due.sort_unstable();
        due
    }

    async fn publish(&self, row: OutboxRow, from: Source) -> Sent {
        let message = match (self.message)(row, from).await {
            Read::Message(message) => message,
            Read::Later => return Sent::Stays,
            Read::Nothing => {
                tracing::error!(topic = %self.topic, "a row of the outbox that is no message is dropped");
                return Sent::Gone;
            }
        };
        let event = message.exchange == Exchange::Events;
        let receiver = message.receiver().to_owned();
        // Behind those that lie aside: the messages of a receiver keep their order.
        if from == Source::Line && self.receivers().contains_key(&receiver) {
            return Sent::Aside(receiver);
        }
        match self.broker.publish(*message).await {
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
    use airlock_records::{Accept, Fairness, Mail, NewRequest};
    use futures_util::FutureExt as _;
    use futures_util::future::ready;

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
        /// So many that they are not gone while one more is recorded, however busy the machine is.
        const BACKLOG: usize = 5000;
        let folder = tempfile::tempdir().unwrap();
        let records = crate::empty_records(folder.path()).await;
        let row = |service: &str, n: usize| OutboxRow {
            topic: "t".to_owned(),
            body: serde_json::to_vec(&Outgoing::event(
                "verdict.final",
                service,
                &format!("{service}-{n:04}"),
                &Verdict::default(),
                Form::Protobuf,
            ))
            .unwrap(),
        };
        let request = |request_id: &str| NewRequest {
            request_id: request_id.to_owned(),
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
        let put = async |id: &str, rows: Vec<OutboxRow>| {
            let accepted = records
                .accept(
                    request(id),
                    "",
                    Mail {
                        first: rows,
                        ..Mail::default()
                    },
                    Fairness::default(),
                )
                .await
                .unwrap();
            assert_eq!(accepted, Accept::New);
        };
        let mut rows: Vec<OutboxRow> = (0..BACKLOG).map(|n| row("deaf", n)).collect();
        rows.push(row("other", 0));
        put("r", rows).await;
        let broker = Arc::new(Half::default());
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn({
            let (records, broker) = (records.clone(), Arc::clone(&broker));
            async move {
                let message = |row: OutboxRow, _| ready(serde_json::from_slice::<Outgoing>(&row.body).ok().into()).boxed();
                relay(&records, broker.as_ref(), "t", message, || ready(()).boxed(), stopped).await;
            }
        });
        until(|| *broker.taken.lock().unwrap() == ["other-0000"]).await;
        assert!(broker.refused.load(Ordering::Acquire) <= 16, "asked for each of them");
        assert_eq!(records.status().await.unwrap().outbox, u64::try_from(BACKLOG).unwrap());
        broker.hears.store(true, Ordering::Release);
        until(|| broker.taken.lock().unwrap().len() > 100).await;
        // Now it reads, and its backlog goes out; nobody waits until all of it has.
        put("s", vec![row("deaf", BACKLOG), row("other", 1)]).await;
        until(|| broker.taken.lock().unwrap().len() == BACKLOG + 3).await;
        let taken = broker.taken.lock().unwrap().clone();
        let (deaf, other): (Vec<String>, Vec<String>) = taken.iter().cloned().partition(|id| id.starts_with("deaf"));
        assert!(deaf.is_sorted() && other == ["other-0000", "other-0001"], "out of order");
        let place = taken.iter().position(|id| id == "other-0001");
        assert!(place < Some(BACKLOG - 100), "{place:?}");
        stop.send_replace(true);
        running.await.unwrap();
    }
}
