//! lzip files: members of version 0 and 1, wrong trailers and what lies behind.

use std::io::{self, Read};

use airlock_proto::{Gap, GapKind};

use super::lzma::LzmaStream;
use super::streams::{self, Codec, Stream};
use super::xz::grant;
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64};
use crate::sink::Sink;

const HEADER: usize = 6;
/// lc 3, lp 0, pb 2: the only ones that lzip knows.
const PROPERTIES: u8 = 93;

/// The format `lzip`.
pub struct Lzip;

impl Format for Lzip {
    fn name(&self) -> &'static str {
        "lzip"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "lzip file",
            spec: "draft-diaz-lzip-09; XZ Utils for version 0",
            yields: "all members joined; each of several alone; what lies behind the last",
            limitations: "versions above 1; dictionaries above 128 MiB",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(b"LZIP") { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let unseen = len64(input.bytes.len());
        if input.bytes.get(4).is_some_and(|version| *version > 1) {
            return Err(Gap::new(GapKind::Unsupported, "its version of lzip is not known").bytes(unseen));
        }
        let Some(dictionary) = dictionary(input.bytes) else {
            return Err(Gap::new(GapKind::Malformed, "its header contradicts the specification").bytes(unseen));
        };
        grant(u64::from(dictionary), sink)?;
        let codec = LzipCodec {
            limit: dictionary.max(8 << 20),
        };
        streams::unpack(&codec, input, sink, u64::from(dictionary))
    }
}

/// The dictionary size in bytes: a power of two less some sixteenths of it.
fn dictionary(bytes: &[u8]) -> Option<u32> {
    let [b'L', b'Z', b'I', b'P', 0 | 1, code, ..] = bytes else {
        return None;
    };
    let base = 1_u32
        .checked_shl(u32::from(code & 0x1f))
        .filter(|base| (4096..=1 << 29).contains(base))?;
    let less = (base >> 4).checked_mul(u32::from(code >> 5))?;
    base.checked_sub(less)
}

struct LzipCodec {
    limit: u32,
}

impl Codec for LzipCodec {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[("lz", ""), ("tlz", "tar")];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        // A member with a larger dictionary than was granted stays data behind the last: it is opened from there by itself.
        let dictionary = dictionary(bytes).filter(|size| *size <= self.limit)?;
        let trailer = if bytes.get(4) == Some(&0) { 12 } else { 20 };
        Some(Box::new(LzipStream {
            lzma: LzmaStream::new(bytes, HEADER, u64::MAX, PROPERTIES, dictionary)?,
            bytes,
            trailer,
            crc: crc32fast::Hasher::new(),
            length: 0,
            ended: false,
            complaint: None,
        }))
    }
}

struct LzipStream<'a> {
    lzma: LzmaStream<'a>,
    bytes: &'a [u8],
    trailer: usize,
    crc: crc32fast::Hasher,
    length: u64,
    ended: bool,
    complaint: Option<&'static str>,
}

impl LzipStream<'_> {
    fn end(&mut self) {
        self.ended = true;
        let mut r = Reader::at(self.bytes, self.lzma.used());
        let fits = r.u32() == Some(self.crc.clone().finalize()) && r.u64() == Some(self.length);
        let whole = self.trailer == 12 || r.u64() == Some(len64(self.used()));
        if !fits || !whole {
            self.complaint = Some("an lzip trailer contradicts its data");
        }
    }
}

impl Read for LzipStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.lzma.read(buf)?;
        self.length = self.length.saturating_add(len64(n));
        if n > 0 {
            self.crc.update(buf.get(..n).unwrap_or_default());
        } else if !buf.is_empty() && !self.ended {
            self.end();
        }
        Ok(n)
    }
}

impl Stream for LzipStream<'_> {
    fn used(&self) -> usize {
        self.lzma.used().saturating_add(self.trailer).min(self.bytes.len())
    }

    fn complaint(&self) -> Option<&'static str> {
        self.complaint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_member_ends_behind_its_trailer() {
        let mut z = lzma_rust2::LzipWriter::new(Vec::new(), lzma_rust2::LzipOptions::with_preset(1));
        z.write_all(b"hello").unwrap();
        let mut file = z.finish().unwrap();
        let length = file.len();
        file.extend(b"tail");
        let codec = LzipCodec { limit: u32::MAX };
        let mut stream = codec.open(&file).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        assert_eq!((out.as_slice(), stream.used(), stream.complaint()), (&b"hello"[..], length, None));
    }
}
