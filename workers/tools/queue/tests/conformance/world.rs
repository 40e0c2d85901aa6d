//! A broker with its users, and small helpers for the cases.

use std::sync::Arc;
use std::time::Duration;

use airlock_proto::v1::{Accepted, ScanRequest};
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Broker, Consumer, Incoming, Outgoing, Receipt};
use futures_util::future::BoxFuture;

/// A broker that is there for the cases. Its calling services are `clicks` and `mails`; `operator` may do everything.
pub trait World: Send + Sync {
    /// For messages.
    fn name(&self) -> &'static str;
    /// A new connection as a user.
    fn user<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Arc<dyn Broker>>;
    /// Empties all queues, once nobody consumes any more.
    fn clear(&self) -> BoxFuture<'_, ()>;
    /// Whether the queues of services are declared beforehand; else they are made when they are needed.
    fn declares_services(&self) -> bool {
        true
    }
    /// Stops it.
    fn end(&self) -> BoxFuture<'_, ()>;
}

/// A case of the conformance suite.
pub type Case = (&'static str, fn(&'static dyn World) -> BoxFuture<'static, ()>);

/// Runs all cases one after the other, and gives back the names of those that failed.
pub async fn run(world: &'static dyn World, cases: &[Case]) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, case) in cases {
        if !one(name, case(world)).await {
            failed.push((*name).to_owned());
        }
        world.clear().await;
    }
    failed
}

/// Runs one case in a task of its own, so that its panic is its own; `true` when it held.
pub async fn one(name: &str, case: BoxFuture<'static, ()>) -> bool {
    let started = std::time::Instant::now();
    let held = match tokio::time::timeout(crate::PATIENCE, tokio::spawn(case)).await {
        Ok(Ok(())) => true,
        Ok(Err(_)) => false,
        Err(_) => {
            eprintln!("{name}: took too long");
            false
        }
    };
    eprintln!("{} {name} ({:?})", if held { "ok    " } else { "FAILED" }, started.elapsed());
    held
}

/// A message to a stage that says `id`.
pub fn job(stage: StageName, lane: Lane, id: &str) -> Outgoing {
    let message = Accepted {
        request: Some(ScanRequest {
            request_id: id.to_owned(),
            ..ScanRequest::default()
        }),
        ..Accepted::default()
    };
    Outgoing::job(stage, lane, id, &message)
}

pub type Handed = (Incoming, Box<dyn Receipt>);

/// The next delivery within 20 seconds.
pub async fn next(consumer: &mut Box<dyn Consumer>) -> Handed {
    within(20, consumer.next()).await.expect("the consumer ended")
}

/// Nothing comes for a while.
pub async fn silence(consumer: &mut Box<dyn Consumer>) {
    if let Ok(Some((message, _))) = tokio::time::timeout(Duration::from_millis(700), consumer.next()).await {
        panic!("unexpected {message:?}");
    }
}

pub async fn within<T>(seconds: u64, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), work).await.expect("in time")
}

/// Waits until the consumer is, or is not, alive.
pub async fn alive(consumer: &mut Box<dyn Consumer>, wanted: bool) {
    for _ in 0..200 {
        if consumer.is_alive() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the consumer did not turn {}", if wanted { "alive" } else { "dead" });
}

/// Waits until `holds`.
pub async fn until(seconds: u64, mut holds: impl FnMut() -> bool) {
    within(seconds, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

pub const FETCH: Queue = Queue::Work(StageName::Fetch, Lane::Click);
pub const SCAN: Queue = Queue::Work(StageName::Scan, Lane::Click);
