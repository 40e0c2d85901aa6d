//! Loopback servers for the tests: a listener that counts, HTTP by hand, and a small name server.
#![allow(dead_code)]

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock_fetch::{BlobSink, Config, FetchError, Fetched, Fetcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A sink in memory.
#[derive(Default)]
pub struct Memory(pub Vec<u8>);

impl BlobSink for Memory {
    fn write<'a>(&'a mut self, chunk: &'a [u8]) -> futures_util::future::BoxFuture<'a, std::io::Result<()>> {
        Box::pin(std::future::ready({
            self.0.extend_from_slice(chunk);
            Ok(())
        }))
    }
}

/// The defaults, with the given ranges allowed and every wait short.
pub fn config(allow: &[&str]) -> Config {
    Config {
        allow_addresses: allow.iter().map(|net| net.parse().expect("a range")).collect(),
        connect_timeout_ms: 1_000,
        first_byte_timeout_ms: 600,
        total_timeout_ms: 5_000,
        slow_window_ms: 400,
        ..Config::default()
    }
}

/// Fetches with these settings; the bytes that the sink saw come along.
pub async fn fetch(config: Config, url: &str) -> (Result<Fetched, FetchError>, Vec<u8>) {
    let mut sink = Memory::default();
    let result = Fetcher::new(config).expect("usable settings").fetch(url, &mut sink).await;
    (result, sink.0)
}

/// A server that counts its connections.
pub struct Server {
    pub addr: SocketAddr,
    seen: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Connections so far, after a moment in which a late one could still come in.
    pub async fn connections(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.seen.load(Ordering::SeqCst)
    }

    /// The heads of the requests so far, of servers that note them.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panicked here").clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

/// Accepts on `at` and gives each connection to `handle`, with its number from 0.
pub async fn serve_raw<F, R>(at: &str, handle: F) -> Server
where
    F: Fn(TcpStream, usize) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(at).await.expect("a free loopback port");
    let addr = listener.local_addr().expect("bound");
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream, count.fetch_add(1, Ordering::SeqCst)));
        }
    });
    Server {
        addr,
        seen,
        requests: Arc::default(),
    }
}

/// Reads each request's head, notes it, and lets `handle` answer.
pub async fn serve<F, R>(at: &str, handle: F) -> Server
where
    F: Fn(TcpStream, String) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&requests);
    let server = serve_raw(at, move |mut stream, _| {
        let (log, handle) = (Arc::clone(&log), handle.clone());
        async move {
            let head = read_head(&mut stream).await;
            log.lock().expect("no test panicked here").push(head.clone());
            handle(stream, head).await;
        }
    })
    .await;
    Server { requests, ..server }
}

/// Answers every request with these bytes and closes.
pub async fn serve_bytes(at: &str, answer: impl Into<Vec<u8>>) -> Server {
    let answer = Arc::new(answer.into());
    serve(at, move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move { finish(&mut stream, &answer).await }
    })
    .await
}

/// Writes, then ends the connection in order.
pub async fn finish(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A name server over UDP whose answers have a lifetime of 0; it counts the questions of each name and family.
pub struct Dns {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

pub const A: u16 = 1;
pub const AAAA: u16 = 28;

impl Dns {
    /// How often this was asked.
    pub fn asked(&self, name: &str, family: u16) -> usize {
        self.asked
            .lock()
            .expect("no test panicked here")
            .iter()
            .filter(|q| **q == (name.to_owned(), family))
            .count()
    }
}

/// `answer` gets name (no trailing dot), type and how often that pair was asked before.
pub async fn dns(answer: impl Fn(&str, u16, usize) -> Vec<IpAddr> + Send + 'static) -> Dns {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free loopback port");
    let addr = socket.local_addr().expect("bound");
    let asked: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0_u8; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut packet).await {
            let (name, family, question_end) = question(&packet[..len]);
            let before = {
                let mut log = log.lock().expect("no test panicked here");
                log.push((name.clone(), family));
                log.iter().filter(|q| **q == (name.clone(), family)).count() - 1
            };
            let addrs: Vec<IpAddr> = answer(&name, family, before)
                .into_iter()
                .filter(|ip| ip.is_ipv4() == (family == A))
                .collect();
            let _ = socket.send_to(&reply(&packet[..question_end], &addrs), from).await;
        }
    });
    Dns { addr, asked }
}

fn question(packet: &[u8]) -> (String, u16, usize) {
    let mut at = 12;
    let mut labels = Vec::new();
    while packet[at] != 0 {
        let len = usize::from(packet[at]);
        labels.push(String::from_utf8_lossy(&packet[at + 1..at + 1 + len]).to_ascii_lowercase());
        at += 1 + len;
    }
    (labels.join("."), u16::from_be_bytes([packet[at + 1], packet[at + 2]]), at + 5)
}

fn reply(query: &[u8], addrs: &[IpAddr]) -> Vec<u8> {
    let mut out = query.to_vec();
    out[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
    out[7] = u8::try_from(addrs.len()).expect("few");
    for ip in addrs {
        let (family, data) = match ip {
            IpAddr::V4(v4) => (A, v4.octets().to_vec()),
            IpAddr::V6(v6) => (AAAA, v6.octets().to_vec()),
        };
        out.extend_from_slice(&[0xc0, 0x0c]);
        out.extend_from_slice(&family.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0]);
        out.push(u8::try_from(data.len()).expect("short"));
        out.extend_from_slice(&data);
    }
    out
}
