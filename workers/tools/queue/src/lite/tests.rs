//! The SQLite queue alone, and `serve` over it.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use airlock_proto::v1::{Accepted, Fetched};

use super::*;
use crate::message::{Exchange, Incoming};
use crate::serve::{Failure, Observer, Served, Stage, serve};
use crate::topology::{Lane, StageName};

const FETCH: Queue = Queue::Work(StageName::Fetch, Lane::Click);

async fn open(dir: &tempfile::TempDir) -> (Lite, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let clock = Arc::clone(&now);
    let lite = Lite::open(
        &dir.path().join("queue.sqlite"),
        true,
        Arc::new(move || clock.load(Ordering::SeqCst)),
    )
    .await
    .unwrap();
    (lite, now)
}

fn accepted(id: &str) -> Outgoing {
    Outgoing::job(StageName::Fetch, Lane::Click, id, &Accepted::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_delivered_with_its_sender() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, _) = open(&dir).await;
    let mut consumer = lite.consume(FETCH, 2).await.unwrap();
    lite.user("intake").publish(accepted("a")).await.unwrap();
    let (message, receipt) = consumer.next().await.unwrap();
    assert_eq!((message.sender.as_str(), message.request_id.as_str()), ("intake", "a"));
    assert!(message.decode::<Accepted>().is_ok() && message.decode::<Fetched>().is_err());
    assert!(receipt.ack().await);
    assert_eq!(lite.depth(FETCH).await.unwrap(), 0);
    let mut lost = accepted("b");
    lost.key = "nowhere.click.v1".into();
    assert!(matches!(lite.publish(lost).await, Err(QueueError::Unroutable { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsettled_comes_again_and_prefetch_is_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, _) = open(&dir).await;
    for n in 0..5 {
        lite.publish(accepted(&n.to_string())).await.unwrap();
    }
    let mut consumer = lite.consume(FETCH, 2).await.unwrap();
    let first = consumer.next().await.unwrap();
    let second = consumer.next().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(300), consumer.next()).await.is_err());
    drop(first);
    let again = consumer.next().await.unwrap();
    assert!(again.0.redelivered && again.0.request_id == "0");
    second.1.requeue().await;
    drop((consumer, again));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut other = lite.consume(FETCH, 9).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let (message, receipt) = other.next().await.unwrap();
        seen.push(message.request_id);
        receipt.ack().await;
    }
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_died_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, now) = open(&dir).await;
    lite.publish(accepted("a")).await.unwrap();
    let mut consumer = lite.consume(FETCH, 1).await.unwrap();
    let held = consumer.next().await.unwrap();
    // As if killed: nothing is dropped.
    std::mem::forget((held, consumer));
    let clock = Arc::clone(&now);
    let next = Lite::open(
        &dir.path().join("queue.sqlite"),
        true,
        Arc::new(move || clock.load(Ordering::SeqCst)),
    )
    .await
    .unwrap();
    let mut consumer = next.consume(FETCH, 1).await.unwrap();
    assert!(consumer.next().await.unwrap().0.redelivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_kills_its_stage_is_buried() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, _) = open(&dir).await;
    lite.publish(accepted("a")).await.unwrap();
    let mut consumer = lite.consume(FETCH, 1).await.unwrap();
    for _ in 0..5 {
        drop(consumer.next().await.unwrap());
    }
    assert!(tokio::time::timeout(Duration::from_millis(300), consumer.next()).await.is_err());
    assert_eq!(lite.depth(Queue::VerdictDead).await.unwrap(), 1);
    assert_eq!(lite.depth(Queue::Dead(StageName::Fetch)).await.unwrap(), 1);
}

/// A full disk ends the transaction under the driver: the connection is not used again, and the line goes on when there is space.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_full_disk_it_delivers_again() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, _) = open(&dir).await;
    let mut consumer = lite.consume(FETCH, 2).await.unwrap();
    assert!(consumer.is_alive());
    lite.publish(accepted("a")).await.unwrap();
    let mut other = store::connect(&dir.path().join("queue.sqlite")).await.unwrap();
    // They end the transaction as a full disk does.
    for full in [
        "CREATE TRIGGER disk_a BEFORE INSERT ON message BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        "CREATE TRIGGER disk_b BEFORE UPDATE ON message BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
    ] {
        sqlx::query(full).execute(&mut other).await.unwrap();
    }
    for _ in 0..3 {
        let error = lite.publish(accepted("b")).await.unwrap_err().to_string();
        assert!(error.contains("disk is full"), "{error}");
        assert!(tokio::time::timeout(Duration::from_millis(300), consumer.next()).await.is_err());
        assert!(!consumer.is_alive());
    }
    for space in ["DROP TRIGGER disk_a", "DROP TRIGGER disk_b"] {
        sqlx::query(space).execute(&mut other).await.unwrap();
    }
    let soon = Duration::from_secs(10);
    let (message, receipt) = tokio::time::timeout(soon, consumer.next()).await.unwrap().unwrap();
    assert!(message.request_id == "a" && receipt.ack().await && consumer.is_alive());
    lite.publish(accepted("b")).await.unwrap();
    let (message, receipt) = tokio::time::timeout(soon, consumer.next()).await.unwrap().unwrap();
    assert!(message.request_id == "b" && receipt.ack().await && consumer.is_alive());
}

/// SQLite's own word for a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_ran_out_of_pages_opens_the_file_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("queue.sqlite");
    let mut narrow = store::connect(&path).await.unwrap();
    store::prepare(&mut narrow, true).await.unwrap();
    sqlx::query("PRAGMA max_page_count = 8").execute(&mut narrow).await.unwrap();
    let writer = Writer::start(&path, narrow, Arc::new(watch::channel(0).0));
    let mut big = accepted("a");
    big.body = vec![7; 60_000];
    let publish = || writer.publish(big.clone(), vec![FETCH], "intake".into(), 0, 0);
    let error = publish().await.unwrap_err();
    assert!(error.contains("full") && !writer.is_well(), "{error}");
    // The next connection has no such bound.
    publish().await.unwrap();
    assert!(writer.is_well());
    assert_eq!(writer.depth(FETCH.to_string()).await.unwrap(), 1);
}

/// Passwords of archives stand in messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_settled_is_not_left_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, _) = open(&dir).await;
    let mut secret = accepted("a");
    secret.body = b"correct horse battery staple".to_vec();
    lite.publish(secret).await.unwrap();
    let mut consumer = lite.consume(FETCH, 1).await.unwrap();
    assert!(consumer.next().await.unwrap().1.ack().await);
    lite.close().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|w| w == b"correct horse"));
    }
}

/// Fails its first two attempts.
struct Fragile(AtomicUsize);

impl Stage for Fragile {
    fn name(&self) -> StageName {
        StageName::Fetch
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        async move {
            if message.request_id == "never" {
                return Err(Failure::Never("bad".into()));
            }
            assert!(message.request_id != "panic" || message.attempt > 0, "a bug");
            if self.0.fetch_add(1, Ordering::SeqCst) < 2 {
                return Err(Failure::Later("away".into()));
            }
            Ok(vec![Outgoing::job(
                StageName::Scan,
                Lane::Click,
                &message.request_id,
                &Fetched::default(),
            )])
        }
        .boxed()
    }
}

#[derive(Default)]
struct Counts(std::sync::Mutex<Vec<Served>>);

impl Observer for Counts {
    fn served(&self, _: StageName, _: Lane, what: Served, _: Duration) {
        self.0.lock().unwrap().push(what);
    }

    fn alive(&self, _: StageName, _: Lane, _: bool) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_retries_buries_and_drains() {
    let dir = tempfile::tempdir().unwrap();
    let (lite, now) = open(&dir).await;
    let broker: Arc<dyn Broker> = Arc::new(lite.user("fetch"));
    let counts = Arc::new(Counts::default());
    let (stop, stopped) = watch::channel(false);
    let stage = Arc::new(Fragile(AtomicUsize::new(0)));
    let serving = tokio::spawn(serve(stage, broker, FETCH, 2, counts.clone(), stopped));
    let intake = lite.user("intake");
    intake.publish(accepted("a")).await.unwrap();
    intake.publish(accepted("never")).await.unwrap();
    intake.publish(accepted("panic")).await.unwrap();
    lite.user("scan").publish(accepted("forged")).await.unwrap();
    let until = |what: Served, n: usize| {
        let counts = Arc::clone(&counts);
        let now = Arc::clone(&now);
        async move {
            for _ in 0..400 {
                if counts.0.lock().unwrap().iter().filter(|s| **s == what).count() >= n {
                    return;
                }
                now.fetch_add(200, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{what:?} {n}: {:?}", counts.0.lock().unwrap());
        }
    };
    until(Served::Dead, 2).await;
    until(Served::Done, 2).await;
    assert_eq!(lite.depth(Queue::Work(StageName::Scan, Lane::Click)).await.unwrap(), 2);
    assert_eq!(lite.depth(Queue::VerdictDead).await.unwrap(), 2);
    assert!(counts.0.lock().unwrap().iter().filter(|s| **s == Served::Retried).count() >= 3);
    stop.send(true).unwrap();
    serving.await.unwrap().unwrap();
    assert_eq!(lite.depth(FETCH).await.unwrap(), 0);
    assert_eq!(Exchange::Retry(StageName::Scan, Lane::Bulk).name(), "airlock.retry.scan.bulk");
}
