//! bzip2 files: all streams, damaged blocks and what lies behind.

use std::io::{self, ErrorKind, Read};

use airlock_proto::Gap;
use bzip2::{Decompress, Status};

use super::streams::{self, Codec, Stream};
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::size;
use crate::sink::Sink;

/// Memory of a decoder at the largest block size, in bytes.
const MEMORY: u64 = 4_000_000;
const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";

/// The format `bzip2`.
pub struct Bzip2;

impl Format for Bzip2 {
    fn name(&self) -> &'static str {
        "bzip2"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "bzip2 file",
            spec: "bzip2 1.0.8",
            yields: "all streams joined; each of several alone; what lies behind the last",
            limitations: "what follows a damaged block; bzip version 1",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let [b'B', b'Z', b'h', b'1'..=b'9', magic @ ..] = input.bytes else {
            return Match::No;
        };
        let magic = magic.get(..6).unwrap_or(magic);
        if magic == BLOCK || magic == END {
            return Match::Yes;
        }
        if BLOCK.starts_with(magic) { Match::Maybe } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        streams::unpack(self, input, sink, MEMORY)
    }
}

impl Codec for Bzip2 {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[("bz2", ""), ("bz", ""), ("tbz2", "tar"), ("tbz", "tar"), ("tb2", "tar")];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        if !matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', ..]) {
            return None;
        }
        Some(Box::new(Bzip2Stream {
            bytes,
            at: 0,
            raw: Decompress::new(false),
            done: false,
            failed: false,
        }))
    }
}

/// Bytes that came out before an error are handed over before it.
struct Bzip2Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    raw: Decompress,
    done: bool,
    failed: bool,
}

impl Read for Bzip2Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.failed {
                return Err(io::Error::new(ErrorKind::InvalidData, "a bzip2 block is damaged"));
            }
            if self.done || buf.is_empty() {
                return Ok(0);
            }
            let (read, written) = (self.raw.total_in(), self.raw.total_out());
            let left = self.bytes.get(self.at..).unwrap_or_default();
            let status = self.raw.decompress(left, buf);
            let consumed = size(self.raw.total_in().saturating_sub(read));
            let produced = size(self.raw.total_out().saturating_sub(written)).min(buf.len());
            self.at = self.at.saturating_add(consumed);
            match status {
                Ok(Status::StreamEnd) => self.done = true,
                Ok(Status::MemNeeded) => return Err(io::Error::new(ErrorKind::OutOfMemory, "no memory for a bzip2 block")),
                Ok(_) if consumed > 0 || produced > 0 => {}
                Ok(_) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the bzip2 stream ends early")),
                Err(_) => self.failed = true,
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
    }
}

impl Stream for Bzip2Stream<'_> {
    fn used(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn bz(data: &[u8]) -> Vec<u8> {
        let mut z = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        z.write_all(data).unwrap();
        z.finish().unwrap()
    }

    #[test]
    fn a_stream_ends_before_the_next() {
        let mut file = bz(b"one");
        let first = file.len();
        file.extend(bz(b"two"));
        let mut stream = Bzip2.open(&file).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        assert_eq!((out.as_slice(), stream.used()), (&b"one"[..], first));
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        let file = bz(b"one");
        let mut out = Vec::new();
        let error = Bzip2.open(&file[..file.len() - 4]).unwrap().read_to_end(&mut out).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
