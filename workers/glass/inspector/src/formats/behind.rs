//! Compressed data behind something else: 7-Zip finds a gzip, bzip2 or xz stream in any file, a picture or a program for one.

use std::io::{self, ErrorKind, Read as _};

use airlock_proto::{Gap, GapKind};

use super::streams::{Codec, Stream};
use super::zip::carved;
use super::{Doc, Format, Match, bzip2, gzip, lzip, pdf, stored, xz};
use crate::input::Input;
use crate::reader::len64;
use crate::signatures::{self, Signature};
use crate::sink::Sink;

/// Most streams of one file that are opened.
const MOST: usize = 64;
/// Most archives of one file that are opened.
const MOST_ARCHIVES: usize = 256;
/// Most signatures that are looked at.
const TRIES: usize = 65_536;
/// Bytes that must come out before bytes within a file are taken for a stream.
const PROOF: usize = 512;
/// Largest dictionary of an xz stream that is decoded to find its end, in bytes.
const DICTIONARY: u64 = 64 << 20;
/// Most bytes that are decoded to find where a stream ends.
const MOST_DECODED: u64 = 64 << 20;

/// The streams that are looked for.
const KINDS: [Signature; 3] = [Signature::Gzip, Signature::Bzip2, Signature::Xz];

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
        let own = stored::holds_files(input) || matches!(input.layer, "carved" | "zip-carved") || is_compressed(input);
        let begins = |(at, kind): (usize, Signature)| input.bytes.get(at..).is_some_and(|rest| proves(kind, rest));
        let streams = || candidates(input).take(TRIES).any(begins) || candidates(input).nth(TRIES).is_some();
        if !own && (streams() || carved::buried(input).next().is_some()) {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut buried = carved::buried(input).peekable();
        let attached = if buried.peek().is_some() {
            pdf::attached(input.bytes)
        } else {
            Vec::new()
        };
        for (number, (start, end)) in buried.filter(|range| !pdf::holds(&attached, *range)).enumerate() {
            if number == MOST_ARCHIVES {
                let why = format!("more than {MOST_ARCHIVES} archives within it: the rest was not opened");
                sink.gap(Gap::new(GapKind::TooMany, why).bytes(len64(input.from(start).len())));
                break;
            }
            sink.layer_slice("carved", "zip", input.bytes.get(start..end).unwrap_or_default());
        }
        let (mut from, mut count) = (0, 0_usize);
        for (number, (start, kind)) in candidates(input).enumerate() {
            let rest = input.from(start);
            if number == TRIES {
                let why = format!("more than {TRIES} signatures of compressed streams within it: the rest was not looked at");
                return Err(Gap::new(GapKind::TooMany, why).bytes(len64(rest.len())));
            }
            if start < from || !proves(kind, rest) {
                continue;
            }
            if sink.expired() {
                let why = "the time for this scan is over: further streams within it were not opened";
                return Err(Gap::new(GapKind::Time, why).bytes(len64(rest.len())));
            }
            if count == MOST {
                let why = format!("more than {MOST} compressed streams within it: the rest was not opened");
                return Err(Gap::new(GapKind::TooMany, why).bytes(len64(rest.len())));
            }
            let length = extent(kind, rest);
            sink.layer_slice("carved", "stream", rest.get(..length).unwrap_or(rest));
            from = start.saturating_add(length);
            count = count.saturating_add(1);
        }
        Ok(())
    }
}

/// Whether the file is compressed data itself: what lies behind its streams is looked at by their own reader.
fn is_compressed(input: &Input<'_>) -> bool {
    let formats: [&dyn Format; 4] = [&gzip::Gzip, &bzip2::Bzip2, &xz::Xz, &lzip::Lzip];
    formats.iter().any(|format| format.sniff(input) != Match::No)
}

/// Places behind the start that begin as a stream does, and what kind.
fn candidates<'a>(input: &Input<'a>) -> impl Iterator<Item = (usize, Signature)> + 'a {
    let first = KINDS.iter().filter_map(|kind| input.first(*kind)).min();
    let found = first.into_iter().flat_map({
        let bytes = input.bytes;
        move |first| signatures::from(bytes, first)
    });
    found.filter(|(at, kind)| *at > 0 && KINDS.contains(kind))
}

/// The stream of a kind that begins here.
fn open(kind: Signature, bytes: &[u8]) -> Option<Box<dyn Stream + '_>> {
    match kind {
        Signature::Gzip => gzip::Gzip.open(bytes),
        Signature::Bzip2 => bzip2::Bzip2.open(bytes),
        _ => xz::codec(DICTIONARY).open(bytes),
    }
}

/// Whether so much comes out that it is no accident, or what stands there is a header beyond doubt; a stream that is cut off by the end of
/// the file is one, and one that cannot be had for its memory says so when it is opened.
fn proves(kind: Signature, bytes: &[u8]) -> bool {
    let Some(mut stream) = open(kind, bytes) else { return false };
    let sound = match kind {
        Signature::Bzip2 => bzip2::Bzip2.sniff(&Input::bare(bytes)) == Match::Yes,
        Signature::Xz => xz::begins(bytes),
        _ => false,
    };
    if sound {
        return true;
    }
    let mut out = [0_u8; PROOF];
    let mut made = 0;
    while made < PROOF {
        match stream.read(&mut out) {
            Ok(0) => return made > 0,
            Ok(n) => made = made.saturating_add(n),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return made > 0,
            Err(error) => return error.kind() == ErrorKind::OutOfMemory,
        }
    }
    true
}

/// How long the stream is. What is damaged or very long goes on to the end of the file.
fn extent(kind: Signature, bytes: &[u8]) -> usize {
    let Some(mut stream) = open(kind, bytes) else { return bytes.len() };
    match io::copy(&mut (&mut stream).take(MOST_DECODED), &mut io::sink()) {
        Ok(made) if made < MOST_DECODED => stream.used(),
        _ => bytes.len(),
    }
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
    fn a_letter_that_begins_like_a_stream_is_none() {
        for letter in [&b"BZh is how this letter begins.\n"[..], b"\x1f\x8b\0 this one, too"] {
            for packed in [gzip("a", b"MARKER"), bzip2(b"MARKER"), xz(b"MARKER")] {
                let seen = look(&[letter, &packed].concat());
                assert!(seen.findings.iter().any(|(id, _)| id.starts_with("MARKER")), "{:?}", seen.nodes);
            }
        }
    }

    #[test]
    fn what_many_signatures_hide_is_a_gap() {
        let file = [&b"\x89PNG\r\n\x1a\n"[..], &b"\x1f\x8b\x08-".repeat(TRIES), &gzip("a", b"MARKER")].concat();
        assert!(!look(&file).gaps.is_empty());
        let few = [&b"\x89PNG\r\n\x1a\n"[..], &b"\x1f\x8b\x08-".repeat(900), &gzip("a", b"MARKER")].concat();
        assert!(look(&few).gaps.is_empty());
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
