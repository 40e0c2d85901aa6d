//! A re-click over the whole line, with a clock that the test turns: the live verdict for 12 hours, and then a new check.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use airlock_proto::v1::{Decision, Outcome, ScanRequest, Verdict};
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Broker, Outgoing};
use airlock_records::RevokeBy;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::metrics::Metrics;
use super::parts::Place;
use super::stages::Line;
use crate::clock::now_ms;
use crate::config::Config;

const HOUR_MS: i64 = 3_600_000;

/// Serves one document; its address, and how often it was asked for.
fn origin() -> (String, Arc<AtomicU32>) {
    let body = airlock_forge::demo::files()
        .into_iter()
        .find(|(name, _)| *name == "clean.docx")
        .unwrap()
        .1;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/report.docx", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
            let lines = BufReader::new(&stream).lines();
            let _ = lines.map_while(Result::ok).find(String::is_empty);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    (url, asked)
}

/// Removes every file that is kept, and says how many.
fn lose(folder: &Path) -> usize {
    let entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    let lost = |entry: &std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => lose(&entry.path()),
        false if entry.file_name() == "blob" => {
            std::fs::remove_file(entry.path()).unwrap();
            1
        }
        false => 0,
    };
    entries.iter().map(lost).sum()
}

/// The verdict of a click by Ann.
async fn click(broker: &dyn Broker, url: &str, id: &str) -> Verdict {
    let request = ScanRequest {
        request_id: id.to_owned(),
        tenant: "acme".to_owned(),
        url: url.to_owned(),
        recipient: "ann@acme.example".to_owned(),
        ..ScanRequest::default()
    };
    let mut events = broker.consume(Queue::Events("clicks".to_owned()), 8).await.unwrap();
    broker.publish(Outgoing::request(Lane::Click, &request)).await.unwrap();
    let verdict = async {
        loop {
            let (message, receipt) = events.next().await.unwrap();
            receipt.ack().await;
            if message.kind == "Verdict" && message.request_id == id {
                return message.decode::<Verdict>().unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), verdict).await.expect("a verdict")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reclick_gets_the_live_verdict_until_twelve_hours_are_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    // The tests lie in `deps`, beside the programs.
    let exe = std::env::current_exe().unwrap();
    config.jail.glass = exe.parent().unwrap().with_file_name("airlock-glass");
    config.jail.jobs = 1;
    config.fetch.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
    let place = Place::folder(dir.path(), true).await.unwrap();
    let records = place.records(&config, "owner").await.unwrap();
    records.migrate().await.unwrap();
    place.signing_key(&config).unwrap();
    let keyring = place.keyring(&config).unwrap();
    let clicks = place.broker(&config, "clicks").await.unwrap();
    let ahead = Arc::new(AtomicI64::new(0));
    let (stop, stopped) = watch::channel(false);
    let turned = Arc::clone(&ahead);
    let mut line = Line {
        config,
        place,
        clock: Arc::new(move || now_ms() + turned.load(Ordering::Relaxed)),
        metrics: Arc::new(Metrics::new()),
        stop: stopped,
        brokers: Vec::new(),
        tasks: JoinSet::new(),
    };
    for stage in StageName::ALL {
        line.start(stage, "http://gateway.example").await.unwrap();
    }
    let (url, asked) = origin();

    let first = click(clicks.as_ref(), &url, "one").await;
    assert_eq!((first.outcome(), asked.load(Ordering::Relaxed)), (Outcome::Scanned, 1));
    let first_token = keyring.verify(&first.token, now_ms()).unwrap();

    ahead.store(12 * HOUR_MS - 60_000, Ordering::Relaxed);
    let second = click(clicks.as_ref(), &url, "two").await;
    let second_token = keyring.verify(&second.token, now_ms()).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the live verdict needs no second GET");
    assert_eq!((&second.sha256, second.decision), (&first.sha256, first.decision));
    assert_eq!(second_token.expires_ms, first_token.expires_ms, "a re-click prolongs nothing");

    ahead.store(12 * HOUR_MS + 60_000, Ordering::Relaxed);
    let third = click(clicks.as_ref(), &url, "three").await;
    assert_eq!((third.outcome(), asked.load(Ordering::Relaxed)), (Outcome::Scanned, 2));
    let later = now_ms() + ahead.load(Ordering::Relaxed);
    assert!(keyring.verify(&first.token, later).is_err() && keyring.verify(&third.token, later).is_ok());

    // A click again has the same right to download: asked again it is told the same, and what takes it back takes it back for both.
    let fourth = click(clicks.as_ref(), &url, "four").await;
    assert_eq!((&fourth.token, asked.load(Ordering::Relaxed)), (&third.token, 2));
    assert_eq!(click(clicks.as_ref(), &url, "four").await, fourth);
    let revoked = records.revoke(RevokeBy::Request("four".to_owned()), "bad after all", later).await;
    assert_eq!(revoked.unwrap(), 1);
    for id in ["three", "four"] {
        let told = click(clicks.as_ref(), &url, id).await;
        assert_eq!(
            (told.decision(), told.reasons[0].id.as_str()),
            (Decision::Block, "token.revoked"),
            "{id}"
        );
        assert!(told.token.is_empty(), "{id}");
    }

    // What is no longer kept cannot be downloaded by anybody: the check runs again.
    let fifth = click(clicks.as_ref(), &url, "five").await;
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert!(lose(dir.path()) > 0);
    let sixth = click(clicks.as_ref(), &url, "six").await;
    assert_eq!((sixth.outcome(), asked.load(Ordering::Relaxed)), (Outcome::Scanned, 4));
    assert!(!sixth.token.is_empty() && sixth.token != fifth.token);

    stop.send_replace(true);
    while line.tasks.join_next().await.is_some() {}
}
