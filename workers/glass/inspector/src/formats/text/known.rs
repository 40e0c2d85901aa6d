//! Whether bytes that stand in a text in other letters are a file that somebody opens: only then are they a layer.

use std::cell::OnceCell;

use super::charset;
use crate::formats::{FORMATS, Match};
use crate::input::Input;
use crate::labels;

/// Types that two or three bytes tell, or a zero and a one: tables of numbers begin so.
const WEAK: &[&str] = &[
    "aac",
    "arc-freeze",
    "bmp",
    "bzip1",
    "compress",
    "ext",
    "ico",
    "jxl",
    "mp3",
    "pack",
    "ttf",
    "zpaq",
];
/// Formats without a signature of their own that prove what they are by decoding it.
const PROVEN: &[&str] = &["bzip2", "lzma", "zlib"];

/// A file by its signature, however short: for bytes that hardly anybody writes down by chance.
pub fn is_file(bytes: &[u8], layer: &str) -> bool {
    labels::find(bytes).is_some_and(|label| label.name != "mp3") || is_opened(bytes, layer, &[])
}

/// The same by more than two bytes: for bytes that may be anything, as those of a table of numbers.
pub fn is_surely_file(bytes: &[u8], layer: &str) -> bool {
    labels::find(bytes).is_some_and(|label| !WEAK.contains(&label.name)) || is_opened(bytes, layer, PROVEN)
}

/// The byte that undoes XOR where the bytes then begin like a file, 0 where they do so as they are: by signatures that chance does not
/// write.
pub fn first_key(bytes: &[u8]) -> Option<u8> {
    const STARTS: &[&[u8]] = &[
        b"PK\x03\x04",
        b"MZ\x90\0",
        b"%PDF",
        b"Rar!\x1a",
        b"7z\xbc\xaf",
        b"\xd0\xcf\x11\xe0",
        b"L\0\0\0\x01\x14\x02",
        b"<html",
        b"<!doctype",
        b"<!DOCTYPE",
        b"<script",
        b"\x7fELF",
        b"{\\rtf",
        b"\x1f\x8b\x08\0",
        b"\x1f\x8b\x08\x08",
        b"BZh91AY",
        b"\xfd7zXZ",
        b"MSCF\0\0\0\0",
    ];
    STARTS.iter().find_map(|start| {
        let key = bytes.first()? ^ start.first()?;
        let fits = bytes.iter().zip(*start).all(|(b, s)| b ^ key == *s);
        fits.then_some(key)
    })
}

/// Text of ASCII in two bytes each, with or without a byte order mark, in UTF-8.
pub fn wide_text(bytes: &[u8]) -> Option<String> {
    const FEWEST: usize = 16;
    let (marked, body) = match bytes {
        [0xff, 0xfe, body @ ..] | [0xfe, 0xff, body @ ..] => (true, body),
        body => (false, body),
    };
    let (pairs, _) = body.get(..512).unwrap_or(body).as_chunks::<2>();
    let is_ascii = |b: u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    let little = pairs.iter().filter(|[a, b]| is_ascii(*a) && *b == 0).count();
    let big = pairs.iter().filter(|[a, b]| *a == 0 && is_ascii(*b)).count();
    // Without the mark one zero may end the text, and nothing else may stand in it.
    let needed = if marked {
        pairs.len().saturating_mul(9).div_ceil(10)
    } else {
        pairs.len().saturating_sub(1)
    };
    if pairs.len() < FEWEST || little.max(big) < needed {
        return None;
    }
    charset::from_wide(bytes)
}

fn is_opened(bytes: &[u8], layer: &str, proven: &[&str]) -> bool {
    let firsts = OnceCell::new();
    let input = Input {
        layer,
        firsts: Some(&firsts),
        ..Input::bare(bytes)
    };
    // Of text nothing but text is proven, and that it is none is dear to say.
    FORMATS
        .iter()
        .filter(|format| format.name() != "txt")
        .any(|format| match format.sniff(&input) {
            Match::Yes => true,
            Match::Maybe => proven.contains(&format.name()),
            Match::Also | Match::No => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_signatures_are_not_enough_for_tables() {
        for table in [
            &b"\x1f\x9d\x01\x02\x03"[..],
            b"\0\0\x01\0\x02\0",
            b"\0\x01\0\0\0\x02",
            b"BM\x01\x02\x03\x04\x05\x06\x07\x08",
        ] {
            let table = [table, &[7; 60]].concat();
            assert!(!is_surely_file(&table, "bytes"), "{table:?}");
        }
        for file in [&b"\x1f\x8b\x08\0"[..], b"\xfd7zXZ\0", b"PK\x03\x04", b"BZh91AY&SY", b"%PDF-1.4\n"] {
            assert!(is_surely_file(&[file, &[7; 60]].concat(), "bytes"), "{file:?}");
        }
    }

    #[test]
    fn text_of_two_bytes_is_read() {
        let wide: Vec<u8> = "powershell -w hidden".bytes().flat_map(|b| [b, 0]).collect();
        assert_eq!(wide_text(&wide).as_deref(), Some("powershell -w hidden"));
        assert!(wide_text(&[&b"\xff\xfe"[..], &wide].concat()).is_some());
        let table: Vec<u8> = (0..40).flat_map(|b| [b, 0]).collect();
        assert_eq!(wide_text(&table), None);
    }
}
