//! Compressed data behind something else: 7-Zip finds a gzip, bzip2 or xz stream in any file, a picture or a program for one.

use std::io::ErrorKind;

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use super::streams::Codec;
use super::zip::carved;
use super::{Doc, Format, Match, bzip2, gzip, pdf, stored, xz};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::Sink;

/// Most streams of one file that are opened.
const MOST: usize = 64;
/// Most signatures of one kind that are looked at.
const TRIES: usize = 65_536;
/// Bytes that must come out before bytes within a file are taken for a stream.
const PROOF: usize = 512;
/// Largest dictionary of an xz stream that is decoded to find its end, in bytes.
const DICTIONARY: u64 = 64 << 20;
/// Most bytes that are decoded to find where a stream ends.
const MOST_DECODED: u64 = 64 << 20;

/// The format.
pub struct Behind;

impl Format for Behind {
    fn name(&self) -> &'static str {
        "behind"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "compressed data or a ZIP archive within another file",
            spec: "RFC 1952; bzip2 1.0.8; xz file format 1.2.1; PKWARE APPNOTE 6.3.10",
            yields: "each gzip, bzip2 or xz stream and each ZIP archive (layer carved)",
            limitations: "lzma streams, which have no signature",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let own = stored::holds_files(input) || input.layer == "carved" || input.layer == "zip-carved" || compressed(input.bytes);
        if !own && (next(input.bytes, 1).is_some() || carved::buried(input).next().is_some()) {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        for range in carved::buried(input).filter(|range| !pdf::attaches(input.bytes, *range)) {
            sink.layer_slice("carved", "zip", input.bytes.get(range.0..range.1).unwrap_or_default());
        }
        let mut from = 1;
        for _ in 0..MOST {
            if sink.expired() {
                return Err(Gap::new(
                    GapKind::Time,
                    "the time for this scan is over: further streams within it were not opened",
                ));
            }
            let Some((start, name, end)) = next(input.bytes, from) else {
                return Ok(());
            };
            sink.layer_slice("carved", name, input.bytes.get(start..end).unwrap_or_default());
            from = end;
        }
        match next(input.bytes, from) {
            None => Ok(()),
            Some((start, ..)) => Err(Gap::new(
                GapKind::TooMany,
                format!("more than {MOST} compressed streams within it: the rest was not opened"),
            )
            .bytes(len64(input.from(start).len()))),
        }
    }
}

/// Whether the file is compressed data itself: what lies behind its streams is looked at by their own reader.
fn compressed(bytes: &[u8]) -> bool {
    [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ\0", b"LZIP"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
}

/// The next stream at or behind `from`: where it begins, what it is, and where it ends.
fn next(bytes: &[u8], from: usize) -> Option<(usize, &'static str, usize)> {
    let kinds = [
        first(&gzip::Gzip, b"\x1f\x8b\x08", bytes, from).map(|(start, end)| (start, "gzip", end)),
        first(&bzip2::Bzip2, b"BZh", bytes, from).map(|(start, end)| (start, "bzip2", end)),
        first(&xz::codec(DICTIONARY), b"\xfd7zXZ\0", bytes, from).map(|(start, end)| (start, "xz", end)),
    ];
    kinds.into_iter().flatten().min_by_key(|(start, ..)| *start)
}

fn first<C: Codec>(codec: &C, magic: &[u8], bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(from..)?;
    memmem::find_iter(rest, magic)
        .take(TRIES)
        .map(|at| at.saturating_add(from))
        .find_map(|start| extent(codec, bytes.get(start..)?).map(|length| (start, start.saturating_add(length))))
}

/// How long the stream is; `None` when nothing comes out of it. What is damaged later goes on to the end of the file.
fn extent<C: Codec>(codec: &C, bytes: &[u8]) -> Option<usize> {
    let mut stream = codec.open(bytes)?;
    let mut out = [0_u8; 8192];
    let mut made = 0_u64;
    while made < MOST_DECODED {
        match stream.read(&mut out) {
            Ok(0) => return (made > 0).then(|| stream.used()),
            Ok(n) => made = made.saturating_add(len64(n)),
            Err(error) if made < len64(PROOF) && error.kind() != ErrorKind::OutOfMemory => return None,
            Err(_) => return Some(bytes.len()),
        }
    }
    Some(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ole2::tests::look;
    use airlock_forge::noise;
    use airlock_forge::streams::{bzip2, gzip, xz};
    use airlock_forge::zip::simple;

    #[test]
    fn each_stream_of_a_picture_is_opened_once() {
        let head = [&b"\x89PNG\r\n\x1a\n"[..], &noise(1, 3000)].concat();
        for packed in [gzip("a", b"MARKER"), bzip2(b"MARKER"), xz(b"MARKER"), simple(&[("a", b"MARKER")])] {
            let file = [&head[..], &packed, &noise(2, 100_000), &packed, &noise(3, 100_000)].concat();
            let seen = look(&file);
            assert_eq!(seen.nodes.iter().filter(|n| n.layer == "carved").count(), 2, "{:?}", seen.nodes);
            assert!(
                seen.findings.iter().any(|(id, _)| id.starts_with("MARKER")) && seen.gaps.is_empty(),
                "{:?}",
                seen.gaps
            );
        }
    }

    #[test]
    fn words_that_happen_to_be_a_signature_are_none() {
        let words = [
            &noise(4, 3000)[..],
            b"\x1f\x8b\x08\0",
            b"BZh9",
            b"\xfd7zXZ\0",
            b"PK\x03\x04",
            &[1; 40],
            b"PK\x05\x06",
            &[2; 18],
            &noise(5, 3000),
        ]
        .concat();
        assert_eq!(Behind.sniff(&Input::bare(&words)), Match::No);
        assert_eq!(Behind.sniff(&Input::bare(&[gzip("a", b"x"), gzip("b", b"y")].concat())), Match::No);
    }
}
