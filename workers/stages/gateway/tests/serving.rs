//! The accept loop: slow heads, slow readers, too many connections, and the stop.

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use airlock_gateway::Config;
use airlock_records::RevokeBy;
use support::{NOW, Reply, Site, noise};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn hasty() -> Config {
    Config {
        header_timeout_ms: 400,
        send_timeout_ms: 400,
        ..Config::default()
    }
}

/// How long until the server ends the connection.
async fn until_closed(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest))
        .await
        .expect("it is closed");
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_no_head_or_goes_idle_is_closed() {
    let site = Site::with(hasty(), None).await;
    let mut silent = TcpStream::connect(site.address).await.unwrap();
    assert!(until_closed(&mut silent).await < Duration::from_secs(3));
    // One byte now and then does not help.
    let mut slow = TcpStream::connect(site.address).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) && slow.write_all(b"G").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // Kept open after an answer, and then idle.
    let mut idle = TcpStream::connect(site.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n").await.unwrap();
    assert!(until_closed(&mut idle).await < Duration::from_secs(3));
    // A head beyond all measure is cut off while it comes.
    let mut endless = TcpStream::connect(site.address).await.unwrap();
    let mut sent = 0;
    let _ = endless.write_all(b"GET / HTTP/1.1\r\nX: ").await;
    while sent < 64 << 20 && endless.write_all(&[b'a'; 4096]).await.is_ok() {
        sent += 4096;
    }
    assert!(sent < 32 << 20, "{sent} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_loses_the_connection() {
    let site = Site::with(hasty(), None).await;
    let token = site.offer("r1", "a.bin", &noise(30 << 20), false).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got).await;
    assert!(got.len() < 30 << 20, "{} bytes", got.len());
    // Who reads on, however slowly it began, gets all.
    assert_eq!(site.get(&format!("/d/{token}")).await.body.len(), 30 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_a_running_download_too() {
    let site = Site::start().await;
    let bytes = noise(30 << 20);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.records
        .revoke(RevokeBy::Request("r1".to_owned()), "bad after all", NOW)
        .await
        .unwrap();
    site.clock.store(NOW + 4_000, Ordering::Relaxed);
    let reply = Reply::read(&mut stream).await;
    assert!(
        reply.body.len() < bytes.len() && bytes.starts_with(&reply.body),
        "{}",
        reply.body.len()
    );
}

fn crowded(max_connections: u32) -> Config {
    Config {
        max_connections,
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_idle_makes_room() {
    let site = Site::with(crowded(3), None).await;
    let ask = b"GET / HTTP/1.1\r\nHost: g\r\n\r\n";
    // One that says nothing, one that stops in the middle of its head, one that is kept open after an answer.
    let mut open = Vec::new();
    for words in [&b""[..], b"GET / HT", ask] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(words).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        open.push(stream);
    }
    let begun = Instant::now();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(ask).await.unwrap();
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 404"));
        open.push(stream);
    }
    for stream in &mut open[..3] {
        until_closed(stream).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let connections = &site.gateway.counters().connections;
    assert_eq!(connections.open.load(Ordering::Relaxed), 3);
    assert_eq!(connections.crowded_out.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_not_crowded_out() {
    let site = Site::with(crowded(1), None).await;
    let bytes = noise(30 << 20);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Slowly at its end, too, where nothing is left to answer and much to send.
    let (next, got) = tokio::join!(site.get("/"), async {
        let mut got = Vec::new();
        while !got.ends_with(&bytes[bytes.len() - 64..]) {
            let mut some = vec![0; 4 << 20];
            let read = stream.read(&mut some).await.unwrap();
            assert!(read > 0, "cut off after {} bytes", got.len());
            got.extend_from_slice(&some[..read]);
            let slowly = if got.len() > (29 << 20) { 100 } else { 5 };
            tokio::time::sleep(Duration::from_millis(slowly)).await;
        }
        got
    });
    assert!(got.ends_with(&bytes[29 << 20..]), "{} bytes", got.len());
    assert_eq!(next.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_a_place_is_answered() {
    let site = Site::with(crowded(1), None).await;
    let bytes = noise(30 << 20);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // All of these have sent their request when the place becomes free, and none may take it from another.
    let mut waiting = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    assert!(Reply::read(&mut stream).await.body == bytes);
    for stream in &mut waiting {
        assert!(Reply::read(stream).await.body == bytes);
    }
    let connections = &site.gateway.counters().connections;
    assert_eq!(connections.crowded_out.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_download_finish_and_takes_no_more() {
    let site = Site::start().await;
    let bytes = noise(30 << 20);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let mut idle = TcpStream::connect(site.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n").await.unwrap();
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.stop.send(true).unwrap();
    assert!(
        until_closed(&mut idle).await < Duration::from_secs(2),
        "idle connections end at once"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(TcpStream::connect(site.address).await.is_err(), "nothing listens any more");
    assert!(!site.served.is_finished(), "it waits for the download");
    assert!(Reply::read(&mut stream).await.body == bytes);
    tokio::time::timeout(Duration::from_secs(5), site.served).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_period_ends() {
    let config = Config {
        grace_ms: 300,
        ..Config::default()
    };
    let site = Site::with(config, None).await;
    let token = site.offer("r1", "a.bin", &noise(30 << 20), false).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!("GET /d/{token} HTTP/1.1\r\nHost: g\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    site.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), site.served).await.unwrap().unwrap();
}
