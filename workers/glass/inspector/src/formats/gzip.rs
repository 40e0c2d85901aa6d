//! gzip files (RFC 1952): own header walk, all members, wrong checksums and what lies behind.

use std::io::{self, Read};

use airlock_proto::{Gap, GapKind};

use super::streams::{self, Codec, Stream};
use super::zlib::Inflate;
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64};
use crate::sink::Sink;

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;

/// Longest header within another file: 7-Zip looks for none whose name or comment is longer than 64 KiB, and no extra field is.
const MOST_HEADER: usize = 192 << 10;

/// The format `gzip`.
pub struct Gzip;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "gzip file",
            spec: "RFC 1952",
            yields: "all members joined; each of several alone; what lies behind the last",
            limitations: "compression methods other than deflate",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(b"\x1f\x8b\x08") {
            return Match::Yes;
        }
        Match::No
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        if header(input.bytes).is_none() {
            return Err(Gap::new(GapKind::Truncated, "the file ends inside its header").bytes(len64(input.bytes.len())));
        }
        streams::unpack(self, input, sink, 0)
    }
}

impl Codec for Gzip {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[
        ("gz", ""),
        ("tgz", "tar"),
        ("taz", "tar"),
        ("gzip", ""),
        ("svgz", "svg"),
        ("emz", "emf"),
        ("wmz", "wmf"),
        ("z", ""),
    ];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        let header = header(bytes)?;
        Some(Box::new(GzipStream {
            inflate: Inflate::new(bytes, header.data, false),
            crc: crc32fast::Hasher::new(),
            complaint: None,
            used: bytes.len(),
            ended: false,
        }))
    }

    fn told_name(&self, bytes: &[u8]) -> Option<String> {
        header(bytes)?.name
    }
}

/// Offset of the data behind a header of a length that is looked for within another file; else how many bytes were looked at in vain.
pub(super) fn data_within(bytes: &[u8]) -> Result<usize, usize> {
    let head = bytes.get(..MOST_HEADER).unwrap_or(bytes);
    let named = head.get(3).is_some_and(|flags| flags & (FNAME | FCOMMENT) != 0);
    header(head).map(|header| header.data).ok_or(if named { head.len() } else { 0 })
}

struct Header {
    data: usize,
    name: Option<String>,
}

/// RFC 1952 section 2.3. Reserved flags are taken as unset, as lenient readers take them.
fn header(bytes: &[u8]) -> Option<Header> {
    let mut r = Reader::new(bytes);
    if r.take(3)? != b"\x1f\x8b\x08" {
        return None;
    }
    let flags = r.u8()?;
    r.skip(6)?;
    if flags & FEXTRA != 0 {
        let length = r.u16()?;
        r.skip(usize::from(length))?;
    }
    let mut name = None;
    if flags & FNAME != 0 {
        name = Some(latin(r.until(0)?));
    }
    if flags & FCOMMENT != 0 {
        r.until(0)?;
    }
    if flags & FHCRC != 0 {
        r.skip(2)?;
    }
    Some(Header { data: r.offset(), name })
}

/// The specification says ISO 8859-1; what is valid UTF-8 was meant as such.
fn latin(bytes: &[u8]) -> String {
    let short = bytes.get(..4096).unwrap_or(bytes);
    match std::str::from_utf8(short) {
        Ok(text) => text.to_owned(),
        Err(_) => short.iter().map(|byte| char::from(*byte)).collect(),
    }
}

struct GzipStream<'a> {
    inflate: Inflate<'a>,
    crc: crc32fast::Hasher,
    complaint: Option<&'static str>,
    used: usize,
    ended: bool,
}

impl GzipStream<'_> {
    /// The trailer: CRC-32, and the length, which says nothing that the data does not say better.
    fn end(&mut self) {
        self.ended = true;
        let at = self.inflate.at();
        let mut r = Reader::at(self.inflate.input(), at);
        let (crc, length) = (r.u32(), r.u32());
        self.used = r.offset();
        self.complaint = match (crc, length) {
            (Some(crc), Some(_)) if crc == self.crc.clone().finalize() => None,
            (Some(_), Some(_)) => Some("a gzip checksum is wrong"),
            _ => Some("a gzip member ends inside its checksum"),
        };
    }
}

impl Read for GzipStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inflate.read(buf)?;
        if n > 0 {
            self.crc.update(buf.get(..n).unwrap_or_default());
        } else if !buf.is_empty() && !self.ended {
            self.end();
        }
        Ok(n)
    }
}

impl Stream for GzipStream<'_> {
    fn used(&self) -> usize {
        self.used
    }

    fn complaint(&self) -> Option<&'static str> {
        self.complaint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gz(data: &[u8]) -> Vec<u8> {
        let mut z = flate2::GzBuilder::new()
            .filename("n.txt")
            .write(Vec::new(), flate2::Compression::default());
        z.write_all(data).unwrap();
        z.finish().unwrap()
    }

    #[test]
    fn a_member_ends_where_its_trailer_ends() {
        let mut file = gz(b"one");
        let first = file.len();
        file.extend(gz(b"two"));
        let mut stream = Gzip.open(&file).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        assert_eq!((out.as_slice(), stream.used(), stream.complaint()), (&b"one"[..], first, None));
        assert_eq!(Gzip.told_name(&file).as_deref(), Some("n.txt"));
    }

    #[test]
    fn a_wrong_checksum_is_told_and_the_data_kept() {
        let mut file = gz(b"one");
        let crc = file.len() - 8;
        file[crc] ^= 1;
        let mut stream = Gzip.open(&file).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        assert_eq!(out, b"one");
        assert!(stream.complaint().is_some());
    }
}
