//! One loop for all stages: sender check, work, publish with confirm, then acknowledge; retry, dead letter, drain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::broker::{Broker, QueueError, Receipt};
use crate::full::Full;
use crate::message::{Exchange, Incoming, Outgoing};
use crate::seldom::Seldom;
use crate::topology::{Lane, Queue, StageName};
use crate::trace::within;

/// How often a stage tries a message before it is buried.
pub const MAX_ATTEMPTS: u32 = 6;

/// How long what comes of a delivery is published again.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a stage makes of a message.
pub trait Stage: Send + Sync + 'static {
    /// Which it is.
    fn name(&self) -> StageName;
    /// Whether this message may come from its sender: by the map, or down the stage's own ladder.
    fn allows(&self, message: &Incoming) -> bool {
        let own_ladder = message.retried && message.sender == self.name().word();
        own_ladder || self.name().senders(&message.kind).allow(&message.sender)
    }
    /// Works on one message; what it gives back is published, and only then is the message acknowledged.
    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>>;
}

/// Why a message could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Our own trouble: it is tried again, one rung later each time.
    Later(String),
    /// It never can: it is buried, and the verdict stage answers for it.
    Never(String),
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        Failure::Later(error.to_string())
    }
}

impl From<airlock_proto::wire::Undecodable> for Failure {
    fn from(error: airlock_proto::wire::Undecodable) -> Self {
        Failure::Never(error.to_string())
    }
}

/// What came of a delivery, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// Worked on, and what came of it is confirmed.
    Done,
    /// On the ladder.
    Retried,
    /// Buried.
    Dead,
    /// Given back: the broker will deliver it again.
    Returned,
}

/// Who is told of every delivery.
pub trait Observer: Send + Sync {
    /// One delivery ended.
    fn served(&self, stage: StageName, lane: Lane, what: Served, took: Duration);
    /// A consumer was confirmed alive, or is cut off.
    fn alive(&self, stage: StageName, lane: Lane, alive: bool);
    /// The span in which a delivery is worked on.
    fn span(&self, stage: StageName, message: &Incoming) -> tracing::Span {
        let _ = (stage, message);
        tracing::Span::none()
    }
    /// The W3C `traceparent` of a span, for what comes of the work in it; `None`: the one that the delivery came with.
    fn traceparent(&self, span: &tracing::Span) -> Option<String> {
        let _ = span;
        None
    }
}

/// Serves one queue of a stage until `stop` turns true, then finishes what is in hand.
///
/// # Errors
/// The first consumer could not be had.
pub async fn serve(
    stage: Arc<dyn Stage>,
    broker: Arc<dyn Broker>,
    queue: Queue,
    jobs: u16,
    observer: Arc<dyn Observer>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), QueueError> {
    let lane = match &queue {
        Queue::Work(_, lane) => *lane,
        _ => Lane::Bulk,
    };
    let grave = queue == Queue::VerdictDead;
    let mut consumer = broker.consume(queue, jobs).await?;
    let full = Arc::new(Full::default());
    let mut running = JoinSet::new();
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    loop {
        while running.try_join_next().is_some() {}
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            _ = beat.tick() => observer.alive(stage.name(), lane, consumer.is_alive()),
            next = consumer.next() => {
                let Some((message, receipt)) = next else { break };
                let post = Post { broker: Arc::clone(&broker), full: Arc::clone(&full) };
                running.spawn(one(Arc::clone(&stage), post, message, receipt, Arc::clone(&observer), grave));
            }
        }
    }
    consumer.stop().await;
    while let Some((_, receipt)) = consumer.next().await {
        receipt.requeue().await;
    }
    while running.join_next().await.is_some() {}
    Ok(())
}

/// The way out for what comes of deliveries.
struct Post {
    broker: Arc<dyn Broker>,
    full: Arc<Full>,
}

async fn one(stage: Arc<dyn Stage>, post: Post, message: Incoming, receipt: Box<dyn Receipt>, observer: Arc<dyn Observer>, grave: bool) {
    let started = Instant::now();
    let lane = message.lane;
    let name = stage.name();
    if message.stray || !stage.allows(&message) {
        let served = refuse(stage.as_ref(), &post, &message, receipt).await;
        observer.served(name, lane, served, started.elapsed());
        return;
    }
    // A panic in a stage is a bug of ours: the message is retried, and the process goes on.
    let message = Arc::new(message);
    let span = observer.span(name, &message);
    let trace = observer.traceparent(&span).or_else(|| message.trace.clone());
    let work = {
        let (message, trace) = (Arc::clone(&message), trace.clone());
        tokio::spawn(within(trace, async move { stage.handle(&message).await }).instrument(span))
    };
    let outcome = match work.await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure::Later(format!("the stage broke: {error}"))),
    };
    let (out, mut served) = match outcome {
        Ok(out) => (out, Served::Done),
        // What is dead is not buried again, and has no ladder: it would come back as an ordinary job.
        Err(Failure::Never(why)) if grave => {
            tracing::error!(request = %message.request_id, %why, "a dead letter without a verdict");
            (Vec::new(), Served::Dead)
        }
        Err(Failure::Later(why)) if grave => {
            tracing::warn!(request = %message.request_id, %why, "a dead letter waits");
            tokio::time::sleep(Duration::from_secs(1)).await;
            receipt.requeue().await;
            observer.served(name, lane, Served::Returned, started.elapsed());
            return;
        }
        Err(Failure::Later(why)) if message.attempt.saturating_add(1) < MAX_ATTEMPTS => {
            tracing::warn!(stage = %name, request = %message.request_id, attempt = message.attempt, %why, "retry");
            (vec![message.later(name, &why)], Served::Retried)
        }
        Err(Failure::Later(why) | Failure::Never(why)) => {
            tracing::error!(stage = %name, request = %message.request_id, %why, "buried");
            (vec![message.again(Exchange::Dead, format!("dead.{name}"), &why)], Served::Dead)
        }
    };
    if post.publish_all(out, trace.as_ref()).await {
        if !receipt.ack().await {
            served = Served::Returned;
        }
    } else {
        receipt.requeue().await;
        served = Served::Returned;
    }
    observer.served(name, lane, served, started.elapsed());
}

/// Buries what its sender may not say. It is of no request from then on: one who cannot end a request must not make it fail either.
async fn refuse(stage: &dyn Stage, post: &Post, message: &Incoming, receipt: Box<dyn Receipt>) -> Served {
    let name = stage.name();
    let why = format!(
        "{:?} may not send {:?} to {name} for request {:?}{}",
        airlock_proto::text::escape(&message.sender),
        airlock_proto::text::escape(&message.kind),
        airlock_proto::text::escape(&message.request_id),
        if message.stray { ", and not by this key" } else { "" }
    );
    tracing::error!(stage = %name, %why, "refused");
    let mut letter = message.again(Exchange::Dead, format!("dead.{name}"), &why);
    letter.request_id = String::new();
    if post.publish_all(vec![letter], message.trace.as_ref()).await {
        let acknowledged = receipt.ack().await;
        return if acknowledged { Served::Dead } else { Served::Returned };
    }
    receipt.requeue().await;
    Served::Returned
}

impl Post {
    /// Publishes all. While the broker is away or blocks publishers the delivery stays ours: given back it would count as a failure.
    async fn publish_all(&self, out: Vec<Outgoing>, trace: Option<&String>) -> bool {
        let begun = Instant::now();
        let mut said = Seldom::default();
        for mut message in out {
            message.trace = message.trace.or_else(|| trace.cloned());
            let event = message.exchange == Exchange::Events;
            loop {
                match self.broker.publish(message.clone()).await {
                    Ok(()) => {
                        self.full.took(message.receiver());
                        break;
                    }
                    Err(_) if !message.mandatory => break,
                    // Who does not read its events must not hold up a place that others wait for. What a stage answers so, it answers
                    // again when it is asked again; verdicts go by the outbox, and are kept.
                    Err(error @ QueueError::Full(_)) if event && !self.full.waits(message.receiver(), begun, Instant::now()) => {
                        tracing::error!(%error, request = %airlock_proto::text::escape(&message.request_id), "an event is dropped");
                        break;
                    }
                    Err(error @ (QueueError::Away(_) | QueueError::Full(_))) if begun.elapsed() < PATIENCE => {
                        if said.is_due() {
                            tracing::warn!(why = %error, "publish again");
                        }
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                    Err(error) => {
                        tracing::error!(%error, key = %message.key, "not published");
                        return false;
                    }
                }
            }
        }
        true
    }
}
