//! The body: counted, timed, hashed as a whole and by chunk, and handed on as it arrives.

use std::error::Error;
use std::io;

use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::error::{FetchError, chain};

/// Length in bytes of the chunks that have a digest of their own; the last may be shorter.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Where the bytes of a body go. After an error of the fetch, what was written is not a file.
pub trait BlobSink: Send {
    /// Takes the next bytes, in order. An error ends the fetch as our own trouble.
    fn write<'a>(&'a mut self, chunk: &'a [u8]) -> BoxFuture<'a, io::Result<()>>;
}

/// Length and digests of a body that arrived whole; digests in lowercase hex.
pub(crate) struct Received {
    pub(crate) len: u64,
    pub(crate) sha256: String,
    pub(crate) chunks_sha256: Vec<String>,
}

/// Streams the body into the sink, within the limits of size and speed.
pub(crate) async fn receive(mut body: Incoming, config: &Config, sink: &mut dyn BlobSink) -> Result<Received, FetchError> {
    let expected = body.size_hint().exact();
    if expected.is_some_and(|len| len > config.max_body_bytes) {
        return Err(FetchError::BodyTooLong(config.max_body_bytes));
    }
    let mut digests = Digests::default();
    let mut window = Window::new(config);
    loop {
        let frame = match timeout_at(window.end, body.frame()).await {
            Err(_) => {
                window.turn(config)?;
                continue;
            }
            Ok(None) => return Ok(digests.finish()),
            Ok(Some(Err(e))) => return Err(broken(&e, digests.len, expected)),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing that we believe.
        let Ok(data) = frame.into_data() else { continue };
        digests.update(&data);
        if digests.len > config.max_body_bytes {
            return Err(FetchError::BodyTooLong(config.max_body_bytes));
        }
        window.count(data.len());
        sink.write(&data).await.map_err(FetchError::Sink)?;
    }
}

/// The rate of one stretch of time; each must bring its bytes.
struct Window {
    end: Instant,
    got: u64,
}

impl Window {
    fn new(config: &Config) -> Window {
        Window {
            end: Instant::now() + config.slow_window(),
            got: 0,
        }
    }

    fn count(&mut self, bytes: usize) {
        self.got = self.got.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    fn turn(&mut self, config: &Config) -> Result<(), FetchError> {
        let min = config.min_window_bytes();
        if self.got < min {
            return Err(FetchError::TooSlow {
                got: self.got,
                min,
                window_ms: config.slow_window_ms,
            });
        }
        *self = Window::new(config);
        Ok(())
    }
}

#[derive(Default)]
struct Digests {
    len: u64,
    whole: Sha256,
    chunk: Sha256,
    in_chunk: usize,
    chunks: Vec<String>,
}

impl Digests {
    fn update(&mut self, mut data: &[u8]) {
        self.len = self.len.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        self.whole.update(data);
        while !data.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.in_chunk);
            let (now, later) = data.split_at_checked(room).unwrap_or((data, &[]));
            self.chunk.update(now);
            self.in_chunk = self.in_chunk.saturating_add(now.len());
            if self.in_chunk == CHUNK_BYTES {
                self.close_chunk();
            }
            data = later;
        }
    }

    fn close_chunk(&mut self) {
        self.chunks.push(HEXLOWER.encode(&self.chunk.finalize_reset()));
        self.in_chunk = 0;
    }

    fn finish(mut self) -> Received {
        if self.in_chunk > 0 {
            self.close_chunk();
        }
        Received {
            len: self.len,
            sha256: HEXLOWER.encode(&self.whole.finalize()),
            chunks_sha256: self.chunks,
        }
    }
}

/// An end before `Content-Length`, before the last chunk, or without TLS's own end is an early close; all else is broken HTTP.
fn broken(error: &hyper::Error, got: u64, expected: Option<u64>) -> FetchError {
    let mut cause: Option<&dyn Error> = Some(error);
    let mut early = error.is_incomplete_message();
    while let Some(e) = cause {
        let kind = e.downcast_ref::<io::Error>().map(io::Error::kind);
        early |= matches!(
            kind,
            Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
        );
        cause = e.source();
    }
    if early {
        return FetchError::ClosedEarly { got, expected };
    }
    FetchError::Http(chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_do_not_depend_on_how_the_bytes_arrive() {
        let data: Vec<u8> = (0..CHUNK_BYTES * 2 + 5).map(|i| i.to_le_bytes()[0]).collect();
        let mut all = Digests::default();
        all.update(&data);
        let mut bits = Digests::default();
        data.chunks(7919).for_each(|part| bits.update(part));
        let (all, bits) = (all.finish(), bits.finish());
        assert_eq!(
            (all.len, &all.sha256, &all.chunks_sha256),
            (bits.len, &bits.sha256, &bits.chunks_sha256)
        );
        assert_eq!(all.chunks_sha256.len(), 3);
        assert_eq!(all.chunks_sha256[2], HEXLOWER.encode(&Sha256::digest(&data[CHUNK_BYTES * 2..])));
    }

    #[test]
    fn an_empty_body_has_no_chunk() {
        let none = Digests::default().finish();
        assert_eq!(none.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(none.chunks_sha256.is_empty());
    }
}
