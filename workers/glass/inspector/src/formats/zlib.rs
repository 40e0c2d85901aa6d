//! zlib streams (RFC 1950), and the inflater that gzip uses too.

use std::io::{self, ErrorKind, Read};

use airlock_proto::Gap;
use flate2::{Decompress, FlushDecompress, Status};

use super::streams::{self, Codec, Stream};
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::size;
use crate::sink::Sink;

/// Decoded bytes that must come out before the weak signature is believed.
const PROOF: usize = 64;

/// The format `zlib`.
pub struct Zlib;

impl Format for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "zlib stream",
            spec: "RFC 1950",
            yields: "the decoded data; what lies behind it",
            limitations: "streams with a preset dictionary are not recognised",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let proven = Zlib.open(input.bytes).is_some_and(|mut stream| proves(stream.as_mut()));
        if proven { Match::Maybe } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        streams::unpack(self, input, sink, 0)
    }
}

impl Codec for Zlib {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[("zlib", ""), ("zz", ""), ("z", "")];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        // CMF 0x78 (deflate, 32 KiB window) and one of the four FLG bytes without a dictionary that make a multiple of 31.
        let fits = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, _, _, _, _, ..]);
        if !fits {
            return None;
        }
        Some(Box::new(Inflate::new(bytes, 0, true)))
    }
}

/// Whether a stream yields its first bytes, or ends well before.
pub(super) fn proves(stream: &mut dyn Stream) -> bool {
    yields(stream, PROOF)
}

/// Whether a stream yields its first `needed` bytes, or ends well before.
pub(super) fn yields(stream: &mut dyn Stream, needed: usize) -> bool {
    let mut out = [0_u8; PROOF];
    let mut have = 0;
    while have < needed {
        match stream.read(&mut out) {
            Ok(0) => return have > 0,
            Ok(n) => have = n.saturating_add(have),
            Err(_) => return false,
        }
    }
    true
}

/// Inflates from a slice; bytes that came out before an error are handed over before it.
pub(super) struct Inflate<'a> {
    bytes: &'a [u8],
    at: usize,
    raw: Decompress,
    done: bool,
    failed: bool,
}

impl<'a> Inflate<'a> {
    /// Deflate data from `at` on, with or without zlib's frame.
    pub(super) fn new(bytes: &'a [u8], at: usize, zlib: bool) -> Self {
        Inflate {
            bytes,
            at,
            raw: Decompress::new(zlib),
            done: false,
            failed: false,
        }
    }

    /// The slice that it reads from.
    pub(super) fn input(&self) -> &'a [u8] {
        self.bytes
    }

    /// Offset of the first byte that was not consumed.
    pub(super) fn at(&self) -> usize {
        self.at
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::new(ErrorKind::InvalidData, "the deflate data is damaged"));
        }
        loop {
            if self.done || buf.is_empty() {
                return Ok(0);
            }
            let (read, written) = (self.raw.total_in(), self.raw.total_out());
            let left = self.bytes.get(self.at..).unwrap_or_default();
            let status = self.raw.decompress(left, buf, FlushDecompress::None);
            let consumed = size(self.raw.total_in().saturating_sub(read));
            let produced = size(self.raw.total_out().saturating_sub(written)).min(buf.len());
            self.at = self.at.saturating_add(consumed);
            match status {
                Ok(Status::StreamEnd) => self.done = true,
                Ok(_) if consumed > 0 || produced > 0 => {}
                Ok(_) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the deflate data ends early")),
                Err(_) => {
                    self.failed = true;
                    if produced == 0 {
                        return self.read(buf);
                    }
                }
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
    }
}

impl Stream for Inflate<'_> {
    fn used(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn text_that_begins_like_zlib_is_not_zlib() {
        assert_eq!(Zlib.sniff(&Input::bare(b"x\x5e is a caret in a text, not a stream")), Match::No);
        let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        z.write_all(b"hello hello hello").unwrap();
        assert_eq!(Zlib.sniff(&Input::bare(&z.finish().unwrap())), Match::Maybe);
    }
}
