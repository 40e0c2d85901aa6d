//! Tiny stages behind the real loop: what `serve` does with a broker.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock_proto::v1::{Accepted, Inspected};
use airlock_proto::wire::Wire;
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Broker, Failure, Incoming, Observer, Outgoing, QueueError, Served, Stage, serve};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{FETCH, SCAN, World, job, next, silence, until};

/// Hands `Accepted` on to the scan as it is. The request "broken" is never done, "later" at the second attempt, "slow" slowly.
struct Echo(StageName, AtomicU32);

impl Stage for Echo {
    fn name(&self) -> StageName {
        self.0
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        Box::pin(async move {
            self.1.fetch_add(1, Ordering::SeqCst);
            if self.0 == StageName::Verdict {
                message.decode::<Inspected>()?;
                return Ok(Vec::new());
            }
            let accepted: Accepted = message.decode()?;
            match message.request_id.as_str() {
                "broken" => return Err(Failure::Never("it is broken".to_owned())),
                "later" if message.attempt == 0 => return Err(Failure::Later("not now".to_owned())),
                "slow" => tokio::time::sleep(Duration::from_secs(1)).await,
                _ => {}
            }
            Ok(vec![Outgoing::job(StageName::Scan, message.lane, &message.request_id, &accepted)])
        })
    }
}

#[derive(Default)]
pub struct Seen(Mutex<Vec<Served>>);

impl Observer for Seen {
    fn served(&self, _: StageName, _: Lane, what: Served, _: Duration) {
        self.0.lock().unwrap().push(what);
    }
    fn alive(&self, _: StageName, _: Lane, _: bool) {}
}

impl Seen {
    pub fn list(&self) -> Vec<Served> {
        self.0.lock().unwrap().clone()
    }
}

pub struct Running {
    stage: Arc<Echo>,
    pub seen: Arc<Seen>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), QueueError>>,
}

impl Running {
    pub fn start(stage: StageName, broker: Arc<dyn Broker>, jobs: u16) -> Running {
        let (stop, stopped) = watch::channel(false);
        let (stage, seen) = (Arc::new(Echo(stage, AtomicU32::new(0))), Arc::new(Seen::default()));
        let queue = Queue::Work(stage.0, Lane::Click);
        let task = tokio::spawn(serve(stage.clone(), broker, queue, jobs, seen.clone(), stopped));
        Running { stage, seen, stop, task }
    }

    pub async fn end(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(20), self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    pub fn handled(&self) -> u32 {
        self.stage.1.load(Ordering::SeqCst)
    }
}

pub async fn served(world: &'static dyn World) {
    let (intake, scan, verdict) = (world.user("intake").await, world.user("scan").await, world.user("verdict").await);
    let running = Running::start(StageName::Fetch, world.user("fetch").await, 2);
    for id in ["well", "later", "broken"] {
        intake.publish(job(StageName::Fetch, Lane::Click, id)).await.unwrap();
    }
    let mut arrived = scan.consume(SCAN, 1).await.unwrap();
    for expected in ["well", "later"] {
        let (message, receipt) = next(&mut arrived).await;
        assert_eq!((message.request_id.as_str(), message.sender.as_str()), (expected, "fetch"));
        assert!(receipt.ack().await);
    }
    let mut dead = verdict.consume(Queue::VerdictDead, 1).await.unwrap();
    let (buried, receipt) = next(&mut dead).await;
    assert_eq!(
        (buried.request_id.as_str(), buried.why.as_deref()),
        ("broken", Some("it is broken"))
    );
    assert!(receipt.ack().await);
    until(5, || running.seen.list().len() == 4).await;
    let mut seen = running.seen.list();
    seen.sort_by_key(|s| format!("{s:?}"));
    assert_eq!(seen, [Served::Dead, Served::Done, Served::Done, Served::Retried]);
    silence(&mut arrived).await;
    running.end().await;
}

/// The fetcher may write to the verdict stage (what it could not fetch), and says there that a file was inspected and is clean.
pub async fn wrong_sender(world: &'static dyn World) {
    let (fetch, verdict) = (world.user("fetch").await, world.user("verdict").await);
    let running = Running::start(StageName::Verdict, world.user("verdict").await, 1);
    let lie = Outgoing::job(StageName::Verdict, Lane::Click, "lie", &Inspected::default());
    assert_eq!(lie.kind, Inspected::NAME);
    fetch.publish(lie).await.unwrap();
    let mut dead = verdict.consume(Queue::VerdictDead, 1).await.unwrap();
    let (buried, receipt) = next(&mut dead).await;
    let why = buried.why.as_deref().unwrap_or_default();
    assert!(why.contains("may not send") && why.contains("lie"), "{buried:?}");
    // It is of no request: a lie about a request does not make it fail.
    assert_eq!((buried.request_id.as_str(), running.handled()), ("", 0));
    assert!(receipt.ack().await);
    // From the scan it is taken.
    let truth = Outgoing::job(StageName::Verdict, Lane::Click, "truth", &Inspected::default());
    world.user("scan").await.publish(truth).await.unwrap();
    until(10, || running.handled() == 1).await;
    silence(&mut dead).await;
    running.end().await;
}

pub async fn drains(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    let running = Running::start(StageName::Fetch, fetch.clone(), 2);
    for id in ["slow", "slow", "slow", "slow", "slow"] {
        intake.publish(job(StageName::Fetch, Lane::Click, id)).await.unwrap();
    }
    until(10, || running.handled() == 2).await;
    let seen = running.seen.clone();
    running.end().await;
    assert_eq!(seen.list(), [Served::Done, Served::Done]);
    let mut rest = fetch.consume(FETCH, 5).await.unwrap();
    for _ in 0..3 {
        let (_, receipt) = next(&mut rest).await;
        assert!(receipt.ack().await);
    }
    silence(&mut rest).await;
}
