//! String literals whose characters are the bytes of a file, most of them as escapes: `'\x50K\x03\x04…'`, `unescape('%50%4b%03…')`.

use super::escapes::escape;
use super::known;

/// Fewest escapes, and fewest bytes, of a literal that is looked at.
const FEWEST: usize = 4;
const SHORTEST: usize = 32;

/// Most literals that are joined, and at how many of the first of them the file may begin: one in a comment may stand before.
const MOST_PARTS: usize = 1 << 20;
const BEGINNINGS: usize = 8;

/// The bytes of every literal that are those of a file. A literal begins at every quote, for one in prose closes none; each kind of
/// quote costs one pass.
pub fn files(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    if memchr::memchr2_iter(b'\\', b'%', bytes).nth(FEWEST.saturating_sub(1)).is_none() {
        return found;
    }
    let mut joined = Places::default();
    for quote in memchr::memchr3_iter(b'"', b'\'', b'`', bytes) {
        // What was joined is not joined again from its second part on.
        if joined.has(quote) || is_escaped(bytes, quote) {
            continue;
        }
        let mut parts = Vec::new();
        let mut at = quote;
        while let Some((literal, end)) = literal(text, at) {
            parts.push(literal);
            match next(bytes, end) {
                Some(next) if parts.len() < MOST_PARTS => {
                    joined.add(next, bytes.len());
                    at = next;
                }
                _ => break,
            }
        }
        let beginnings = 0..parts.len().min(BEGINNINGS);
        found.extend(beginnings.filter_map(|n| parts.get(n..)).find_map(file));
    }
    found
}

/// Places in a text, a bit each: there may be millions.
#[derive(Default)]
struct Places(Vec<u8>);

impl Places {
    fn add(&mut self, at: usize, length: usize) {
        if self.0.is_empty() {
            self.0.resize((length / 8).saturating_add(1), 0);
        }
        if let Some(byte) = self.0.get_mut(at / 8) {
            *byte |= 1 << (at % 8);
        }
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    }
}

/// True behind an odd number of backslashes.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    bytes.iter().take(at).rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// What stands between a quote and the next of its kind, and where that is passed.
fn literal(text: &str, quote: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    let kind = *bytes.get(quote)?;
    let start = quote.checked_add(1)?;
    let mut at = start;
    loop {
        at = memchr::memchr3(kind, b'\\', b'\n', bytes.get(at..)?)?.checked_add(at)?;
        match bytes.get(at)? {
            b'\\' if bytes.get(at.saturating_add(1)..).is_some_and(|rest| rest.starts_with(b"\r\n")) => at = at.saturating_add(3),
            b'\\' => at = at.saturating_add(2),
            b'\n' if kind == b'`' => at = at.saturating_add(1),
            b'\n' => return None,
            _ => return Some((text.get(start..at)?, at.saturating_add(1))),
        }
    }
}

/// The quote of the literal that a script joins to the one before: behind `+`, or behind `&` in Basic, whose lines ` _` continues.
fn next(bytes: &[u8], end: usize) -> Option<usize> {
    const WIDEST: usize = 64;
    let gap = bytes.get(end..)?;
    let length = gap
        .iter()
        .take(WIDEST)
        .position(|b| !b.is_ascii_whitespace() && !matches!(b, b'+' | b'&' | b'_'))?;
    let (gap, rest) = gap.split_at_checked(length)?;
    let joins = gap.iter().filter(|b| matches!(b, b'+' | b'&')).count() == 1;
    (joins && matches!(rest.first(), Some(b'"' | b'\'' | b'`'))).then(|| end.saturating_add(length))
}

fn file(parts: &[&str]) -> Option<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let escapes = || parts.iter().flat_map(|part| memchr::memchr2_iter(b'\\', b'%', part.as_bytes()));
    if length < SHORTEST || escapes().nth(FEWEST.saturating_sub(1)).is_none() {
        return None;
    }
    let is_file = |bytes: &[u8]| bytes.len() >= SHORTEST && known::is_surely_file(bytes, "bytes");
    // Ordinary text is full of such characters: what they say must begin as a file does.
    if let Some(wide) = wide(parts).filter(|bytes| known::first_key(bytes) == Some(0) && is_file(bytes)) {
        return Some(wide);
    }
    let mut script = Vec::with_capacity(length);
    let mut count = 0_usize;
    for part in parts {
        count = count.saturating_add(characters(part, &mut script)?);
    }
    if count >= FEWEST && is_file(&script) {
        return Some(script);
    }
    percent(&script).filter(|bytes| is_file(bytes))
}

/// Characters of two bytes each, as they lie in memory, where all escapes are such: `%u4b50%u0403`.
fn wide(parts: &[&str]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut count = 0_usize;
    for part in parts {
        let mut rest = part.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            if !matches!(first, b'\\' | b'%') {
                out.extend_from_slice(&[*first, 0]);
                rest = tail;
                continue;
            }
            let (digits, tail) = tail.strip_prefix(b"u")?.split_at_checked(4)?;
            let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            out.extend_from_slice(&unit.to_le_bytes());
            count = count.saturating_add(1);
            rest = tail;
        }
    }
    (count >= FEWEST).then_some(out)
}

/// What `%41` and `%u0041` say, behind the comma of a `data:` URL.
fn percent(bytes: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr_iter(b'%', bytes).nth(FEWEST.saturating_sub(1))?;
    let body = match bytes.split_at_checked(5) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"data:") => rest.get(memchr::memchr(b',', rest)?.checked_add(1)?..)?,
        _ => bytes,
    };
    // One character for each byte, so that what stands in no escape stays as it is.
    let text: String = body.iter().map(|b| char::from(*b)).collect();
    let mut out = Vec::with_capacity(body.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let (c, length) = Some(rest)
            .filter(|_| c == '%')
            .and_then(escape)
            .unwrap_or_else(|| (c, c.len_utf8()));
        out.push(u8::try_from(c).ok()?);
        rest = rest.get(length..)?;
    }
    Some(out)
}

/// The characters of a literal as bytes, and how many escapes with a number stand in it; `None` where a character is none of Latin-1.
fn characters(literal: &str, out: &mut Vec<u8>) -> Option<usize> {
    let mut count = 0_usize;
    let mut rest = literal;
    while let Some(c) = rest.chars().next() {
        let (c, length) = if c != '\\' {
            (c, c.len_utf8())
        } else if let Some(escape) = escape(rest) {
            count = count.saturating_add(1);
            escape
        } else {
            single(rest)
        };
        if c != LINE {
            out.push(u8::try_from(c).ok()?);
        }
        rest = rest.get(length..)?;
    }
    Some(count)
}

/// Stands for a line that goes on: no character at all.
const LINE: char = '\u{fffe}';

/// A backslash and one character (ECMA-262, section 12.9.4).
fn single(text: &str) -> (char, usize) {
    let Some(c) = text.chars().nth(1) else { return ('\\', 1) };
    let said = match c {
        'b' => '\x08',
        't' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        '\n' => LINE,
        '\r' if text.get(2..3) == Some("\n") => return (LINE, 3),
        other => other,
    };
    (said, c.len_utf8().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &(0..=255).collect::<Vec<u8>>(), b"'\\\"%41\n"].concat()
    }

    /// As a minifier writes it: what is printable stands as it is.
    fn written(bytes: &[u8]) -> String {
        let byte = |b: &u8| match b {
            b'\n' => "\\n".to_owned(),
            b'\'' | b'"' | b'\\' => format!("\\{}", char::from(*b)),
            b if b.is_ascii_graphic() => char::from(*b).to_string(),
            b => format!("\\x{b:02x}"),
        };
        bytes.iter().map(byte).collect()
    }

    #[test]
    fn literals_are_bytes() {
        let all = |form: fn(&u8) -> String| archive().iter().map(form).collect::<String>();
        let hex = all(|b| format!("\\x{b:02X}"));
        let percent = all(|b| format!("%{b:02x}"));
        let (mine, other) = hex.split_at(40);
        for text in [
            format!("don't; btoa('{hex}')"),
            format!("x=\"{}\"", all(|b| format!("\\u{b:04x}"))),
            format!("x=\"{}\"", all(|b| format!("\\{b:03o}"))),
            format!("x='{}'", written(&archive())),
            format!("x='a'; y='{mine}' +\n \"{other}\"; z='b'"),
            format!("x=`{mine}\\\n{other}`"),
            format!("unescape('{percent}')"),
            format!("l.href='Data:application/zip,{percent}';"),
            format!("//` \nx='{hex}'\n//`+''"),
            format!("/* ''+' */ x='{mine}'+'{other}'"),
        ] {
            assert_eq!(files(&text), [archive()], "{text}");
        }
    }

    #[test]
    fn characters_of_two_bytes_are_bytes() {
        for sign in ["%u", "\\u"] {
            let units = archive()
                .chunks(2)
                .map(|b| format!("{sign}{:02x}{:02x}", b.get(1).unwrap_or(&0), b[0]))
                .collect::<String>();
            assert_eq!(
                files(&format!("unescape('{units}')"))
                    .first()
                    .and_then(|f| f.get(..archive().len())),
                Some(&archive()[..])
            );
        }
    }

    #[test]
    fn ordinary_literals_are_none() {
        for text in [
            "x='\\u0041\\u0042\\u0043\\u0044 and \\x41\\x42\\x43 an ordinary text of some length'",
            "/[\\x00-\\x1f\\x7f-\\x9f]/ 'a' + \"\\0\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0a\\x0b\\x0c\\x0d\\x0e\\x0f\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17\\x18\\x19\\x1a\\x1b\\x1c\\x1d\\x1e\\x1f\"",
            "'PK\\x03\\x04'",
            "'100% of %d, %s and %x: it\\'s \\'so\\' \\n \\n \\n \\n'",
        ] {
            assert!(files(text).is_empty(), "{text}");
        }
        for hostile in ["'\\x50", "\\'", "'\\x50' + ", "\"'`"] {
            assert!(files(&hostile.repeat(100_000)).is_empty());
        }
    }
}
