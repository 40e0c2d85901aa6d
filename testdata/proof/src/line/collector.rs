//! A collector of traces: takes what an exporter sends by OTLP over HTTP, and gives the spans of a trace.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// A running collector; it ends with the process.
#[derive(Clone)]
pub struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    /// Listens on loopback.
    pub fn start() -> std::io::Result<Collector> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let collector = Collector {
            address: listener.local_addr()?,
            taken: Arc::default(),
        };
        let serving = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let collector = serving.clone();
                std::thread::spawn(move || while collector.take(&stream).is_some() {});
            }
        });
        Ok(collector)
    }

    /// Where exporters send to.
    pub fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// The spans of a trace, once there are as many as wanted or the patience is over.
    pub fn spans(&self, trace: &[u8], wanted: usize, patience: Duration) -> Vec<Span> {
        let until = Instant::now() + patience;
        loop {
            let spans = self.of(trace);
            if spans.len() >= wanted || Instant::now() > until {
                return spans;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn of(&self, trace: &[u8]) -> Vec<Span> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = taken.iter().flat_map(|request| &request.resource_spans);
        let spans = resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans);
        spans.filter(|span| span.trace_id == trace).cloned().collect()
    }

    /// One request of a connection.
    fn take(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request = ExportTraceServiceRequest::decode(body.as_slice()).ok()?;
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()
    }
}
