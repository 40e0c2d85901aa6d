//! Text in escapes: `\x41`, `\u0041`, `\u{41}`, `\101`, `%41`. What they say is a layer, and so is what number lists, literals and
//! hexadecimal digits say.

use airlock_proto::{Gap, GapKind};

use super::{hex, literals, numbers};
use crate::sink::Sink;

/// Fewest escapes in a row that are worth decoding.
const MIN_ROW: usize = 8;
/// Most number lists, literals and hexadecimal strings of one text that are layers.
const MOST: usize = 512;

/// Hands on the text with its escapes decoded, when there are enough of them, and long hexadecimal strings as bytes.
pub fn unpack(text: &str, bytes: &[u8], sink: &mut Sink<'_, '_>) {
    if let Some(plain) = unescape(text) {
        sink.layer_slice("unescaped", "unescaped", plain.as_bytes());
    }
    let lists = numbers::lists(text)
        .into_iter()
        .chain(numbers::apart(text))
        .map(|(layer, bytes)| (layer, "number list", bytes));
    let literals = literals::files(text).into_iter().map(|bytes| ("bytes", "string", bytes));
    let strings = hex::strings(bytes).into_iter().map(|bytes| ("hex", "hex", bytes));
    // Texts that have no room for a layer of their own are one together; tables of numbers look like very many.
    let mut further: Vec<u8> = Vec::new();
    let mut opened = 0_usize;
    for (layer, name, bytes) in lists.chain(literals).chain(strings) {
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
}
