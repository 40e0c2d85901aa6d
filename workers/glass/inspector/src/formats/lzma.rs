//! .lzma files (LZMA_Alone): no signature, so the header's plausibility and a decoded prefix decide.

use std::io::{self, Read};

use airlock_proto::Gap;
use lzma_rust2::LzmaReader;

use super::streams::{self, Codec, Stream};
use super::xz::grant;
use super::zlib::yields;
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::Reader;
use crate::sink::Sink;

const HEADER: usize = 13;
/// Longest plausible declared length in bytes (256 GiB, as XZ Utils has it).
const MAX_LENGTH: u64 = 1 << 38;

/// Properties 3, 0, 2, which nearly all encoders write.
const USUAL: u8 = 0x5d;
/// Bytes that must come out before something is taken for LZMA: with the usual properties, and with others.
const PROOF: usize = 64;
const LONG_PROOF: usize = 4096;

/// The format `lzma`.
pub struct Lzma;

impl Format for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "lzma file",
            spec: "LZMA SDK, lzma-specification.txt; XZ Utils, lzma-file-format.txt",
            yields: "the decoded data; what lies behind it",
            limitations: "dictionaries above 128 MiB",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let Some(header) = header(input.bytes) else { return Match::No };
        // The first byte of the range coder is always zero.
        if input.bytes.get(HEADER) != Some(&0) {
            return Match::No;
        }
        // A small dictionary is enough for a prefix.
        let stream = LzmaStream::new(input.bytes, HEADER, header.length, header.properties, 64 * 1024);
        // Nearly all encoders write these properties; other ones are often the start of something else, and prove more.
        let needed = if header.properties == USUAL { PROOF } else { LONG_PROOF };
        if stream.is_some_and(|mut stream| yields(&mut stream, needed)) {
            Match::Maybe
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let dictionary = header(input.bytes).map_or(0, |header| u64::from(header.dictionary));
        grant(dictionary, sink)?;
        streams::unpack(&LzmaCodec, input, sink, dictionary)
    }
}

struct Header {
    properties: u8,
    dictionary: u32,
    length: u64,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let mut r = Reader::new(bytes);
    let (properties, dictionary, length) = (r.u8()?, r.u32()?, r.u64()?);
    let usual = dictionary.count_ones() == 1
        || dictionary == u32::MAX
        || (dictionary.count_ones() == 2 && dictionary & dictionary.wrapping_shl(1) != 0);
    let fits = properties < 225 && usual && (length == u64::MAX || length < MAX_LENGTH);
    fits.then(|| Header {
        properties,
        // A longer dictionary than the data is never looked back into, and decoders take no shorter one than 4 KiB.
        dictionary: if length == u64::MAX {
            dictionary
        } else {
            dictionary.min(u32::try_from(length).unwrap_or(u32::MAX))
        }
        .max(4096),
        length,
    })
}

struct LzmaCodec;

impl Codec for LzmaCodec {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[("lzma", ""), ("tlz", "tar")];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        let header = header(bytes).filter(|_| bytes.get(HEADER) == Some(&0))?;
        // Only the first stream's dictionary was granted; others of this signatureless format are data behind it.
        let stream = LzmaStream::new(bytes, HEADER, header.length, header.properties, header.dictionary)?;
        Some(Box::new(stream))
    }
}

/// Raw LZMA from a slice, with the place where it ended.
pub(super) struct LzmaStream<'a> {
    bytes: &'a [u8],
    raw: Option<LzmaReader<&'a [u8]>>,
    used: usize,
}

impl<'a> LzmaStream<'a> {
    /// LZMA data from `at` on; `length` is `u64::MAX` when an end marker ends it. `None` when it cannot even begin.
    pub(super) fn new(bytes: &'a [u8], at: usize, length: u64, properties: u8, dictionary: u32) -> Option<Self> {
        let mut raw = LzmaReader::new_with_props(bytes.get(at..)?, length, properties, dictionary, None).ok()?;
        raw.set_defer_errors(true);
        raw.set_relaxed_end_condition(false);
        Some(LzmaStream {
            bytes,
            raw: Some(raw),
            used: bytes.len(),
        })
    }
}

impl Read for LzmaStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(raw) = &mut self.raw else { return Ok(0) };
        let n = raw.read(buf)?;
        if n == 0 && !buf.is_empty() {
            let (rest, unused) = self.raw.take().map(LzmaReader::into_parts).unwrap_or_default();
            self.used = self.bytes.len().saturating_sub(rest.len()).saturating_sub(unused.len());
        }
        Ok(n)
    }
}

impl Stream for LzmaStream<'_> {
    fn used(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = &[
        93, 0, 0, 128, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 36, 25, 73, 152, 111, 22, 2, 140, 232, 230, 91, 177, 71, 198, 206,
        183, 99, 255, 255, 60, 172, 0, 0,
    ];

    #[test]
    fn the_end_marker_ends_the_stream() {
        let mut file = HELLO.to_vec();
        file.extend(b"tail");
        assert_eq!(Lzma.sniff(&Input::bare(&file)), Match::Maybe);
        let mut stream = LzmaCodec.open(&file).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        assert_eq!((out.as_slice(), stream.used()), (&b"Hello, world!"[..], HELLO.len()));
    }

    #[test]
    fn other_data_is_not_lzma() {
        assert_eq!(Lzma.sniff(&Input::bare(&[0; 64])), Match::No);
        // The start of the metadata of a Kotlin class.
        let metadata =
            b"\0\0\0\x03\0\0\0\x01\0\0\0\0\0\0\0\x06\x0a\xdb\x01\x0a\x06kotlin\x0a\x0dKotlinVersion\x0a\x09Companion\x0a\x03Any\x0a";
        assert_eq!(Lzma.sniff(&Input::bare(metadata)), Match::No);
        assert_eq!(
            Lzma.sniff(&Input::bare(b"]\0\0\x80\0 is how some texts begin, but no stream")),
            Match::No
        );
    }
}
