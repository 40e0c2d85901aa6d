//! Text in escapes: `\x41`, `\u0041`, `%41`, `&#65;`-free number lists of `fromCharCode`, and hexadecimal strings. What they say is a layer.

use crate::sink::Sink;

/// Fewest escapes in a row that are worth decoding.
const MIN_ROW: usize = 8;
/// Shortest hexadecimal string that is looked at, in digits.
const MIN_HEX: usize = 128;

/// Hands on the text with its escapes decoded, when there are enough of them, and long hexadecimal strings as bytes.
pub fn unpack(text: &str, sink: &mut Sink<'_, '_>) {
    if let Some(plain) = unescape(text) {
        sink.layer_slice("unescaped", "unescaped", plain.as_bytes());
    }
    for codes in char_codes(text).into_iter().take(64) {
        sink.layer_slice("unescaped", "character codes", codes.as_bytes());
    }
    for bytes in hex_strings(text.as_bytes()).into_iter().take(64) {
        sink.layer_slice("hex", "hex", &bytes);
    }
}

/// The text with every escape decoded; `None` when no row of them is long enough to hide something.
fn unescape(text: &str) -> Option<String> {
    if memchr::memchr2_iter(b'\\', b'%', text.as_bytes())
        .nth(MIN_ROW.saturating_sub(1))
        .is_none()
    {
        return None;
    }
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
                let next = skip.find(['\\', '%']).unwrap_or(skip.len());
                let (plain, tail) = skip.split_at(next);
                out.push_str(plain);
                rest = tail;
            }
        }
    }
    (longest >= MIN_ROW).then_some(out)
}

/// The character that an escape at the start of the text stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
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
        (b'\\', b'u') => Some((digits(2, 6)?, 6)),
        (b'%', b'u') => Some((digits(2, 6)?, 6)),
        (b'%', _) => Some((digits(1, 3)?, 3)),
        _ => None,
    }
}

/// What the number lists of `fromCharCode(…)`, `Chr(…) & …` and arrays of at least 16 character codes spell.
fn char_codes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"fromCharCode") {
        rest = rest.get(at.saturating_add(12)..).unwrap_or_default();
        let Some(list) = rest.strip_prefix('(').and_then(|r| r.split_once(')')).map(|(list, _)| list) else {
            continue;
        };
        if let Some(word) = spell(list) {
            found.push(word);
        }
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('[') {
        let (list, tail) = after.split_once(']').unwrap_or((after, ""));
        // A bracket within the list begins the list anew.
        let list = list.rsplit('[').next().unwrap_or(list);
        if let Some(word) = spell(list) {
            found.push(word);
        }
        rest = tail;
    }
    found
}

fn spell(list: &str) -> Option<String> {
    if list.len() < 40 {
        return None;
    }
    let mut out = String::new();
    for part in list.split(',') {
        let part = part.trim();
        let code = match part.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => part.parse().ok()?,
        };
        // Bytes of binary payloads are characters below 256; anything larger is no list of codes.
        out.push(char::from_u32(code).filter(|c| u32::from(*c) < 0x1_0000)?);
    }
    let readable = out.chars().filter(|c| c.is_ascii_graphic() || c.is_ascii_whitespace()).count();
    (out.chars().count() >= 16 && readable.saturating_mul(10) >= out.chars().count().saturating_mul(9)).then_some(out)
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
        if readable || crate::labels::find(&decoded).is_some_and(|label| label.name != "mp3") || decoded.starts_with(b"PK\x03\x04") {
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
    }

    #[test]
    fn number_lists_are_spelt() {
        let codes: Vec<String> = "document.location='x'".bytes().map(|b| b.to_string()).collect();
        assert_eq!(
            char_codes(&format!("eval(String.fromCharCode({}))", codes.join(","))),
            ["document.location='x'"]
        );
        assert_eq!(char_codes(&format!("var a=[{}]", codes.join(", "))), ["document.location='x'"]);
        assert!(char_codes("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]").is_empty());
    }
}
