//! .xz files: all streams, all checks, delta and branch filters, damaged blocks and what lies behind.

use std::io::{self, ErrorKind, Read};

use airlock_proto::{Gap, GapKind};
use lzma_rust2::XzReader;

use super::streams::{self, Codec, Stream};
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64, size};
use crate::sink::Sink;

const MAGIC: &[u8] = b"\xfd7zXZ\0";
/// Largest dictionary that is allocated, in bytes: twice what `xz -9` uses.
pub(super) const MAX_DICTIONARY: u64 = 128 * 1024 * 1024;
/// Dictionary that is always granted, in bytes: that of `xz -6` and less.
const COMMON_DICTIONARY: u64 = 8 * 1024 * 1024;
/// What the decoder needs beside the dictionary, in bytes.
const OVERHEAD: u64 = 1024 * 1024;
/// Decoded bytes up to which a failed stream is decoded once more for the bytes just before the error.
const MAX_AGAIN: u64 = 64 * 1024 * 1024;

/// The format `xz`.
pub struct Xz;

/// Whether the bytes begin with a header of a stream whose checksum fits (xz file format 1.2.1, section 2.1.1).
pub(super) fn begins(bytes: &[u8]) -> bool {
    let fits = |header: &[u8]| {
        header.starts_with(MAGIC)
            && header
                .get(6..8)
                .map(crc32fast::hash)
                .map(u32::to_le_bytes)
                .as_ref()
                .map(<[u8; 4]>::as_slice)
                == header.get(8..12)
    };
    bytes.get(..12).is_some_and(fits)
}

impl Format for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "xz file",
            spec: "The .xz File Format 1.2.1",
            yields: "all streams joined; each of several alone; what lies behind the last",
            limitations: "dictionaries above 128 MiB; what follows a damaged block",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(MAGIC) { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let dictionary = dictionary(input.bytes).unwrap_or(0);
        grant(dictionary, sink)?;
        streams::unpack(
            &XzCodec {
                limit: dictionary.max(COMMON_DICTIONARY),
            },
            input,
            sink,
            dictionary.saturating_add(OVERHEAD),
        )
    }
}

/// Whether a dictionary of this many bytes may be allocated.
///
/// # Errors
/// A memory gap when it may not.
pub(super) fn grant(dictionary: u64, sink: &Sink<'_, '_>) -> Result<(), Gap> {
    if dictionary > MAX_DICTIONARY || dictionary > sink.walk.budget.alive_left().max(COMMON_DICTIONARY) {
        return Err(Gap::new(
            GapKind::Memory,
            format!("its dictionary of {dictionary} bytes is larger than what may be allocated"),
        ));
    }
    Ok(())
}

/// The dictionary size of the first block in bytes (section 5.3.1); `None` when there is no block or it cannot be read.
fn dictionary(bytes: &[u8]) -> Option<u64> {
    let mut r = Reader::at(bytes, 12);
    let header = usize::from(r.u8().filter(|n| *n != 0)?).checked_mul(4)?;
    let mut r = Reader::new(r.take(header)?);
    let flags = r.u8()?;
    for bit in [0x40, 0x80] {
        if flags & bit != 0 {
            number(&mut r)?;
        }
    }
    for _ in 0..=(flags & 3) {
        let (id, length) = (number(&mut r)?, number(&mut r)?);
        let properties = r.take(size(length))?;
        if id == 0x21 {
            let code = u32::from(*properties.first()?);
            return match code {
                0..=39 => Some(u64::from(2 | (code & 1)).checked_shl((code >> 1).checked_add(11)?)?),
                _ => Some(u64::from(u32::MAX)),
            };
        }
    }
    None
}

/// A variable-length integer (section 1.2).
fn number(r: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..9_u32 {
        let byte = r.u8()?;
        value |= u64::from(byte & 0x7f).checked_shl(index.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

struct XzCodec {
    limit: u64,
}

/// Streams whose decoder may allocate `limit` bytes.
pub(super) fn codec(limit: u64) -> impl Codec {
    XzCodec { limit }
}

impl XzCodec {
    fn reader<'a>(&self, bytes: &'a [u8]) -> XzReader<&'a [u8]> {
        let limit = self.limit.saturating_add(OVERHEAD).wrapping_shr(10);
        XzReader::new_mem_limit(bytes, false, u32::try_from(limit).unwrap_or(u32::MAX))
    }
}

impl Codec for XzCodec {
    const EXTENSIONS: &'static [(&'static str, &'static str)] = &[("xz", ""), ("txz", "tar")];

    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        Some(Box::new(XzStream {
            codec: XzCodec { limit: self.limit },
            bytes,
            raw: self.reader(bytes),
            given: 0,
            careful: false,
        }))
    }
}

/// Decodes in large steps. The library drops what a step decoded before an error, so the last step is then done again byte by byte.
struct XzStream<'a> {
    codec: XzCodec,
    bytes: &'a [u8],
    raw: XzReader<&'a [u8]>,
    given: u64,
    careful: bool,
}

impl XzStream<'_> {
    fn again(&mut self) -> io::Result<()> {
        self.careful = true;
        // The old decoder's dictionary is freed before the new one is made.
        self.raw = self.codec.reader(&[]);
        self.raw = self.codec.reader(self.bytes);
        let skipped = io::copy(&mut (&mut self.raw).take(self.given), &mut io::sink())?;
        if skipped == self.given {
            return Ok(());
        }
        Err(ErrorKind::InvalidData.into())
    }
}

impl Read for XzStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let step = if self.careful { 1 } else { 256 * 1024 };
        let room = buf.len().min(step);
        let room = buf.get_mut(..room).unwrap_or_default();
        let n = match self.raw.read(room) {
            Err(e)
                if !self.careful && self.given <= MAX_AGAIN && e.kind() != ErrorKind::OutOfMemory && e.kind() != ErrorKind::Unsupported =>
            {
                self.again().map_err(|_| e)?;
                return self.read(buf);
            }
            other => other?,
        };
        self.given = self.given.saturating_add(len64(n));
        Ok(n)
    }
}

impl Stream for XzStream<'_> {
    fn used(&self) -> usize {
        self.bytes.len().saturating_sub(self.raw.inner().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn xz(data: &[u8]) -> Vec<u8> {
        let mut z = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(6)).unwrap();
        z.write_all(data).unwrap();
        z.finish().unwrap()
    }

    #[test]
    fn the_dictionary_is_read_from_the_first_block() {
        assert_eq!(dictionary(&xz(b"hello")), Some(8 * 1024 * 1024));
    }

    #[test]
    fn bytes_before_the_cut_come_out() {
        let data: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let file = xz(&data);
        let codec = XzCodec { limit: COMMON_DICTIONARY };
        let mut out = Vec::new();
        let cut = file.len() / 2;
        assert!(codec.open(&file[..cut]).unwrap().read_to_end(&mut out).is_err());
        assert!(data.starts_with(&out));
        assert!(out.len() + 200_000 > cut, "{} of about {cut}", out.len());
    }
}
