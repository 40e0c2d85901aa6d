//! Compressed data behind something else: 7-Zip finds a gzip, bzip2 or xz stream in any file, a picture or a program for one.

use std::io::{self, ErrorKind, Read as _};

use airlock_proto::{Gap, GapKind};

use super::streams::{Codec, Stream};
use super::zip::carved;
use super::zlib::Inflate;
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
/// Bytes that come out of so little by chance, when no checksum says that they are right.
const CHANCE: usize = 64;
/// Packed bytes of one stream within which something must come out.
const WINDOW: usize = 256 << 10;
/// Bytes that are looked at to tell gzip streams from their signature, those of all candidates together.
const WORK: usize = 64 << 20;
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
        let streams = || {
            let mut left = WORK;
            let mut numbered = candidates(input).enumerate();
            numbered.any(|(number, (at, kind))| number == TRIES || left == 0 || proves(kind, input.from(at), &mut left))
        };
        let archives = || {
            let mut buried = carved::buried(input);
            buried.next().is_some() || buried.given_up().is_some()
        };
        if !own && (streams() || archives()) {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut buried = carved::buried(input);
        let mut attached = None;
        let mut number = 0_usize;
        for (start, end) in buried.by_ref() {
            let attached = attached.get_or_insert_with(|| pdf::attached(input.bytes));
            if pdf::holds(attached, (start, end)) {
                continue;
            }
            if number == MOST_ARCHIVES {
                let why = format!("more than {MOST_ARCHIVES} archives within it: the rest was not opened");
                sink.gap(Gap::new(GapKind::TooMany, why).bytes(len64(input.from(start).len())));
                break;
            }
            sink.layer_slice("carved", "zip", input.bytes.get(start..end).unwrap_or_default());
            number = number.saturating_add(1);
        }
        if let Some(at) = buried.given_up() {
            let why = "more end records of archives within it than are tried: the rest was not looked at";
            sink.gap(Gap::new(GapKind::TooMany, why).bytes(len64(input.from(at).len())));
        }
        let (mut from, mut count, mut left) = (0, 0_usize, WORK);
        for (number, (start, kind)) in candidates(input).enumerate() {
            let rest = input.from(start);
            if number == TRIES {
                let why = format!("more than {TRIES} signatures of compressed streams within it: the rest was not looked at");
                return Err(Gap::new(GapKind::TooMany, why).bytes(len64(rest.len())));
            }
            if left == 0 {
                let why = "so much within it begins like a compressed stream that the rest was not looked at";
                return Err(Gap::new(GapKind::TooMany, why).bytes(len64(rest.len())));
            }
            if sink.expired() {
                let why = "the time for this scan is over: further streams within it were not opened";
                return Err(Gap::new(GapKind::Time, why).bytes(len64(rest.len())));
            }
            if start < from || !proves(kind, rest, &mut left) {
                continue;
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
fn proves(kind: Signature, bytes: &[u8], left: &mut usize) -> bool {
    if kind == Signature::Gzip {
        return proves_gzip(bytes, left);
    }
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

/// The same for gzip, whose header is three bytes; what is looked at is taken from `left`.
fn proves_gzip(bytes: &[u8], left: &mut usize) -> bool {
    let data = match gzip::data_within(bytes) {
        Ok(data) => data,
        Err(looked) => {
            *left = left.saturating_sub(looked);
            return false;
        }
    };
    let window = bytes.get(..data.saturating_add(WINDOW)).unwrap_or(bytes);
    let mut inflate = Inflate::new(window, data, false);
    let mut out = [0_u8; PROOF];
    let mut crc = crc32fast::Hasher::new();
    let mut made = 0_usize;
    let proven = loop {
        if made >= PROOF {
            break true;
        }
        match inflate.read(&mut out) {
            Ok(0) => {
                let told = bytes.get(inflate.at()..).and_then(<[u8]>::first_chunk);
                let right = told.copied().map(u32::from_le_bytes) == Some(crc.finalize());
                break made > 0 && (right || made > CHANCE);
            }
            Ok(n) => {
                crc.update(out.get(..n).unwrap_or_default());
                made = made.saturating_add(n);
            }
            // So many blocks of nothing are no accident, either.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break made > 0 || window.len() < bytes.len(),
            Err(_) => break false,
        }
    };
    *left = left.saturating_sub(inflate.at());
    proven
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
    fn a_few_bytes_without_their_checksum_are_chance() {
        let mut chance = gzip("a", b"MARKER");
        let front = [&b"\x89PNG\r\n\x1a\n"[..], &noise(6, 300)].concat();
        assert_eq!(Behind.sniff(&Input::bare(&[&front, &chance[..], &front].concat())), Match::Also);
        let crc = chance.len() - 8;
        chance[crc] ^= 1;
        assert_eq!(Behind.sniff(&Input::bare(&[&front, &chance[..], &front].concat())), Match::No);
        let mut long = gzip("a", &b"MARKER ".repeat(20));
        let crc = long.len() - 8;
        long[crc] ^= 1;
        assert_eq!(Behind.sniff(&Input::bare(&[&front, &long[..], &front].concat())), Match::Also);
    }

    #[test]
    fn names_without_an_end_and_blocks_of_nothing_are_told_soon() {
        let named = b"\x1f\x8b\x08\x08------".repeat(60_000);
        assert!(!look(&[&b"\x89PNG\r\n\x1a\n"[..], &named].concat()).gaps.is_empty());
        let leads = b"\x1f\x8b\x08\x08------".repeat(400);
        let nothing = b"\0\0\0\xff\xff".repeat(40_000);
        let file = [&b"\x89PNG\r\n\x1a\n"[..], &leads, b"\0", &nothing, b"\x07"].concat();
        let mut left = WORK;
        assert!(!proves(Signature::Gzip, &file[8..], &mut left) && left < WORK - nothing.len());
        assert!(!look(&file).gaps.is_empty());
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
