//! A web server that counts: which path was asked for how often, and how often the answer went out whole. It can be slow.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happened to a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests.
    pub asked: u32,
    /// Answers whose last byte was taken by the system of the asker.
    pub completed: u32,
}

/// A running server; it ends with the process.
#[derive(Clone)]
pub struct Origin {
    address: SocketAddr,
    counts: Arc<Mutex<BTreeMap<String, Count>>>,
}

type Files = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

impl Origin {
    /// Serves what `files` gives for a path, in two halves with `pause` between them.
    pub fn start(files: Files, pause: Duration) -> std::io::Result<Origin> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let origin = Origin {
            address: listener.local_addr()?,
            counts: Arc::default(),
        };
        let serving = origin.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (origin, files) = (serving.clone(), Arc::clone(&files));
                std::thread::spawn(move || origin.answer(&stream, &files, pause));
            }
        });
        Ok(origin)
    }

    /// A link.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What happened so far.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, path: &str, change: impl Fn(&mut Count)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(path.to_owned()).or_default());
    }

    fn answer(&self, mut stream: &TcpStream, files: &Files, pause: Duration) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        // Head and halves are packets of their own: none must wait for the one before to be acknowledged.
        stream.set_nodelay(true).ok()?;
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next()?.ok()?;
        while lines.next()?.ok()?.as_str() != "" {}
        let path = first.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        self.count(&path, |c| c.asked += 1);
        let Some(body) = files(&path) else {
            return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
        };
        let kind = airlock_forge::serve::content_type(&path);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .ok()?;
        let (head, rest) = body.split_at(body.len() / 2);
        stream.write_all(head).ok()?;
        std::thread::sleep(pause);
        stream.write_all(rest).ok()?;
        stream.shutdown(Shutdown::Write).ok()?;
        // Whole only when the asker closes in order: a killed one resets.
        let mut end = [0_u8; 1];
        if matches!(std::io::Read::read(&mut stream, &mut end), Ok(0)) {
            self.count(&path, |c| c.completed += 1);
        }
        Some(())
    }
}
