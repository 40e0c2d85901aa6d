//! Text in escapes: `\x41`, `\u0041`, `\u{41}`, `\101`, `%41`, `&#65;`-free number lists of `fromCharCode`, and hexadecimal strings. What they say is a layer.

use airlock_proto::{Gap, GapKind};

use crate::sink::Sink;

/// Fewest escapes in a row that are worth decoding.
const MIN_ROW: usize = 8;
/// Most number lists and hexadecimal strings of one text that are layers.
const MOST: usize = 512;
/// Shortest hexadecimal string that is looked at, in digits.
const MIN_HEX: usize = 128;
/// Length of the digests that have so many digits (SHA-512), in bytes.
const DIGEST: usize = 64;

/// Hands on the text with its escapes decoded, when there are enough of them, and long hexadecimal strings as bytes.
pub fn unpack(text: &str, bytes: &[u8], sink: &mut Sink<'_, '_>) {
    if let Some(plain) = unescape(text) {
        sink.layer_slice("unescaped", "unescaped", plain.as_bytes());
    }
    let lists = number_lists(text).into_iter().map(|(layer, bytes)| (layer, "number list", bytes));
    let strings = hex_strings(bytes).into_iter().map(|bytes| ("hex", "hex", bytes));
    // Texts that have no room for a layer of their own are one together; tables of numbers look like very many.
    let mut further: Vec<u8> = Vec::new();
    let mut opened = 0_usize;
    for (layer, name, bytes) in lists.chain(strings) {
        if opened < MOST {
            opened = opened.saturating_add(1);
            sink.layer_slice(layer, name, &bytes);
        } else if layer == "unescaped" {
            further.extend_from_slice(&bytes);
            further.push(b'\n');
        } else {
            let why = format!("more than {MOST} hidden strings in one text: the rest was not opened");
            sink.gap(Gap::new(GapKind::TooMany, why));
            break;
        }
    }
    if !further.is_empty() {
        sink.layer_slice("unescaped", "further number lists", &further);
    }
}

/// The text with every escape decoded; `None` when no row of them is long enough to hide something.
fn unescape(text: &str) -> Option<String> {
    memchr::memchr2_iter(b'\\', b'%', text.as_bytes()).nth(MIN_ROW.saturating_sub(1))?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let (mut row, mut longest) = (0_usize, 0_usize);
    while let Some(c) = rest.chars().next() {
        match escape(rest) {
            Some((decoded, len)) => {
                out.push(decoded);
                row = row.saturating_add(1);
                longest = longest.max(row);
                rest = rest.get(len..).unwrap_or_default();
            }
            None => {
                out.push(c);
                row = 0;
                // What cannot begin an escape is copied in one piece.
                let skip = rest.get(c.len_utf8()..).unwrap_or_default();
                let next = memchr::memchr2(b'\\', b'%', skip.as_bytes()).unwrap_or(skip.len());
                let (plain, tail) = skip.split_at(next);
                out.push_str(plain);
                rest = tail;
            }
        }
    }
    (longest >= MIN_ROW).then_some(out)
}

/// The character that an escape at the start of the text stands for, and the escape's length.
pub fn escape(text: &str) -> Option<(char, usize)> {
    let digits = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        if !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(part, 16).ok().and_then(char::from_u32)
    };
    let bytes = text.as_bytes();
    match (bytes.first()?, bytes.get(1)?) {
        (b'\\', b'x') => Some((digits(2, 4)?, 4)),
        (b'\\', b'u') if bytes.get(2) == Some(&b'{') => {
            let end = bytes.iter().take(12).position(|b| *b == b'}')?;
            Some((digits(3, end)?, end.saturating_add(1)))
        }
        (b'\\', b'u') => Some((digits(2, 6)?, 6)),
        (b'\\', b'0'..=b'7') => octal(bytes),
        (b'%', b'u') => Some((digits(2, 6)?, 6)),
        (b'%', _) => Some((digits(1, 3)?, 3)),
        _ => None,
    }
}

/// A backslash and up to three octal digits, at most `\377` (ECMA-262 annex B.1.2).
fn octal(bytes: &[u8]) -> Option<(char, usize)> {
    let mut value = 0_u32;
    let mut length = 1_usize;
    for digit in bytes.iter().skip(1).take(3).take_while(|b| (b'0'..=b'7').contains(b)) {
        let longer = value.saturating_mul(8).saturating_add(u32::from(digit.saturating_sub(b'0')));
        if longer > 255 {
            break;
        }
        value = longer;
        length = length.saturating_add(1);
    }
    Some((char::from_u32(value)?, length))
}

/// What the number lists of `fromCharCode(…)` and arrays say: text, or the bytes of a file, plain or under one XOR byte.
fn number_lists(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    for call in ["fromCharCode", "fromCodePoint"] {
        for at in memchr::memmem::find_iter(text.as_bytes(), call) {
            let behind = text.get(at.saturating_add(call.len())..).unwrap_or_default();
            let list = behind.trim_ascii_start().strip_prefix('(').and_then(|rest| numbers(rest, ')'));
            found.extend(list.and_then(|n| spell(&n)));
        }
    }
    for at in memchr::memchr_iter(b'[', text.as_bytes()) {
        let list = text.get(at.saturating_add(1)..).and_then(|rest| numbers(rest, ']'));
        found.extend(list.and_then(|n| spell(&n).or_else(|| file(&n))));
    }
    found
}

/// The numbers up to `end`. What is no list of numbers ends at its first other character, so that all lists together cost one pass.
fn numbers(text: &str, end: char) -> Option<Vec<i64>> {
    if !text.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let part = |c: char| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | ',' | '-' | '.') || c.is_ascii_whitespace();
    let (list, rest) = text.split_at(text.find(|c| !part(c))?);
    if list.len() < 40 || !rest.starts_with(end) {
        return None;
    }
    // A comma at the end of a list counts for nothing.
    let list = list.trim_ascii_end();
    list.strip_suffix(',').unwrap_or(list).split(',').map(number).collect()
}

/// A whole number as scripts write it (ECMA-262, section 12.9.3).
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok().map(i64::from);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    (fraction.bytes().all(|b| b == b'0') && number.unsigned_abs() <= u64::from(u32::MAX)).then_some(number)
}

/// Readable text of at least 16 characters.
fn spell(numbers: &[i64]) -> Option<(&'static str, Vec<u8>)> {
    let text: String = numbers
        .iter()
        .map(|n| u32::try_from(*n).ok().filter(|n| *n < 0x1_0000).and_then(char::from_u32))
        .collect::<Option<String>>()?;
    let readable = text.chars().filter(|c| c.is_ascii_graphic() || c.is_ascii_whitespace()).count();
    let mostly = readable.saturating_mul(10) >= text.chars().count().saturating_mul(9);
    (numbers.len() >= 16 && mostly).then(|| ("unescaped", text.into_bytes()))
}

/// The bytes of an array, whose elements may be signed or of two or four bytes (ECMA-262, section 23.2).
fn elements(numbers: &[i64]) -> Option<Vec<u8>> {
    if numbers.iter().all(|n| (-128..256).contains(n)) {
        return numbers.iter().map(|n| u8::try_from(n.rem_euclid(256)).ok()).collect();
    }
    let width = if numbers.iter().all(|n| (-32_768..65_536).contains(n)) {
        2
    } else {
        4
    };
    Some(numbers.iter().flat_map(|n| n.to_le_bytes().into_iter().take(width)).collect())
}

/// Bytes that begin like a file, as they are or after XOR with one byte.
fn file(numbers: &[i64]) -> Option<(&'static str, Vec<u8>)> {
    const STARTS: &[&[u8]] = &[
        b"PK\x03\x04",
        b"MZ\x90\0",
        b"%PDF",
        b"Rar!\x1a",
        b"7z\xbc\xaf",
        b"\xd0\xcf\x11\xe0",
        b"L\0\0\0\x01\x14\x02",
        b"<html",
        b"<script",
        b"\x7fELF",
        b"{\\rtf",
        b"\x1f\x8b\x08",
    ];
    let bytes = elements(numbers).filter(|bytes| bytes.len() >= 32)?;
    STARTS.iter().find_map(|start| {
        let key = bytes.first()? ^ start.first()?;
        let fits = bytes.iter().zip(*start).all(|(b, s)| b ^ key == *s);
        fits.then(|| (if key == 0 { "bytes" } else { "xor" }, bytes.iter().map(|b| b ^ key).collect()))
    })
}

/// Hexadecimal strings of at least [`MIN_HEX`] digits whose bytes are a file that somebody recognises, or text.
fn hex_strings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while let Some(window) = bytes.get(at..at.saturating_add(MIN_HEX)) {
        if let Some(gap) = window.iter().rposition(|b| !b.is_ascii_hexdigit()) {
            at = at.saturating_add(gap).saturating_add(1);
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(rest.len());
        let even = rest.get(..length & !1).unwrap_or_default();
        at = at.saturating_add(length).saturating_add(1);
        let Ok(decoded) = data_encoding::HEXLOWER_PERMISSIVE.decode(even) else {
            continue;
        };
        let readable = decoded.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
        // A digest may begin as a file does.
        let known = || decoded.len() != DIGEST && crate::labels::find(&decoded).is_some_and(|label| label.name != "mp3");
        if readable || known() || decoded.starts_with(b"PK\x03\x04") {
            found.push(decoded);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_escapes_are_read() {
        assert_eq!(
            unescape("x='\\x70\\x6f\\x77\\x65\\x72\\x73\\x68\\x65\\x6c\\x6c'").as_deref(),
            Some("x='powershell'")
        );
        assert_eq!(
            unescape("unescape('%3c%73%63%72%69%70%74%3e')").as_deref(),
            Some("unescape('<script>')")
        );
        assert_eq!(unescape("100% of \\n it"), None);
        for text in [
            "'\\u{3c}\\u{73}\\u{63}\\u{72}\\u{69}\\u{70}\\u{74}\\u{03e}'",
            "'\\74\\163\\143\\162\\151\\160\\164\\76'",
        ] {
            assert_eq!(unescape(text).as_deref(), Some("'<script>'"));
        }
    }

    #[test]
    fn a_digest_is_no_file() {
        assert!(hex_strings(format!("1f9d{}  file\n", "a7".repeat(62)).as_bytes()).is_empty());
        assert_eq!(hex_strings(format!("1f9d{}\n", "a700".repeat(40)).as_bytes()).len(), 1);
    }

    #[test]
    fn number_lists_are_spelt() {
        let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let spelt = vec![("unescaped", b"document.location='x'".to_vec())];
        assert_eq!(
            number_lists(&format!("eval(String.fromCharCode({}))", list(b"document.location='x'"))),
            spelt
        );
        assert_eq!(number_lists(&format!("var a=[{}]", list(b"document.location='x'"))), spelt);
        assert!(number_lists("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]").is_empty());
        let mut archive = b"PK\x03\x04".to_vec();
        archive.extend([0x80; 40]);
        let hidden: Vec<u8> = archive.iter().map(|b| b ^ 90).collect();
        assert_eq!(number_lists(&format!("var a=[{}]", list(&archive))), [("bytes", archive.clone())]);
        assert_eq!(number_lists(&format!("var a=[{}]", list(&hidden))), [("xor", archive.clone())]);
        let joined = |width: usize, number: fn(&[u8]) -> String| archive.chunks(width).map(number).collect::<Vec<_>>().join(",");
        let signed = joined(1, |b| b[0].cast_signed().to_string());
        let wide = joined(2, |b| format!("0X{:x}", u16::from_le_bytes([b[0], b[1]])));
        let long = joined(4, |b| format!("{}.0", u32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        for list in [signed, wide, long] {
            assert_eq!(number_lists(&format!("new X([{list}])")), [("bytes", archive.clone())], "{list}");
        }
    }
}
