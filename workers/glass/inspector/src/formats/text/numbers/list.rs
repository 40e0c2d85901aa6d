//! A list of numbers, as scripts, registry files and batch files write it.

use super::{LONGEST, MIN_FILE, MIN_TEXT};
use crate::formats::text::known;

/// Numbers, of which the lower 32 bits are kept, the same digits as pairs of hexadecimal ones where they all are such, and as octal
/// bytes where some begin with a zero.
pub(super) struct List {
    pub(super) low: Vec<u32>,
    least: i64,
    most: i64,
    pairs: Vec<u8>,
    octal: Vec<u8>,
}

impl List {
    /// The list at a place, and where it ends: behind its last number and the comma that may follow.
    pub(super) fn read(bytes: &[u8], start: usize) -> (Self, usize) {
        let mut list = Self {
            low: Vec::new(),
            least: 0,
            most: 0,
            pairs: Vec::new(),
            octal: Vec::new(),
        };
        let (mut at, mut last) = (start, start);
        let mut count = 0_usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().take(LONGEST).take_while(|b| is_part(b)).count();
            let number = rest.get(..length).unwrap_or_default();
            let (whole, pair) = (whole(number), pair(number));
            let whole = whole.filter(|_| list.low.len() == count);
            let pair = pair.filter(|_| list.pairs.len() == count);
            if whole.is_none() && pair.is_none() {
                // A quote and a comma end the string in which the numbers stand, and what follows is another.
                let quoted = bytes.get(last..at).unwrap_or_default().iter().any(|b| matches!(b, b'"' | b'\''));
                return (list.of(count), if quoted { last } else { at });
            }
            if let Some(value) = whole {
                list.least = list.least.min(value);
                list.most = list.most.max(value);
                let [a, b, c, d, ..] = value.to_le_bytes();
                let low = u32::from_le_bytes([a, b, c, d]);
                list.octal(number, low);
                list.low.push(low);
            }
            list.pairs.extend(pair);
            count = count.saturating_add(1);
            at = at.saturating_add(length);
            last = at;
            let gap = blanks(bytes.get(at..).unwrap_or_default());
            let comma = at.saturating_add(gap);
            if bytes.get(comma) != Some(&b',') {
                return (list.of(count), at);
            }
            at = comma.saturating_add(1);
            at = at.saturating_add(blanks(bytes.get(at..).unwrap_or_default()));
        }
    }

    /// Goes on with the octal reading once a number has one.
    fn octal(&mut self, number: &[u8], low: u32) {
        let byte = |n: u32| u8::try_from(n).ok();
        let octal = octal(number);
        if octal.is_some_and(|n| n != low) && self.octal.is_empty() {
            self.octal = self.low.iter().copied().map_while(byte).collect();
        } else if self.octal.is_empty() {
            return;
        }
        if self.octal.len() == self.low.len() {
            self.octal.extend(byte(octal.unwrap_or(low)));
        }
    }

    /// What does not hold all numbers of the list is none of its readings.
    fn of(mut self, count: usize) -> Self {
        if self.low.len() < count {
            self.low.clear();
        }
        if self.pairs.len() < count {
            self.pairs.clear();
        }
        if self.octal.len() < count {
            self.octal.clear();
        }
        self
    }

    /// Readable text of at least 16 characters.
    pub(super) fn spell(&self) -> Option<(&'static str, Vec<u8>)> {
        if self.low.len() < MIN_TEXT || self.least < 0 || self.most >= 0x1_0000 {
            return None;
        }
        let text: String = self.low.iter().map(|n| char::from_u32(*n)).collect::<Option<String>>()?;
        let readable = text.chars().filter(|c| c.is_ascii_graphic() || c.is_ascii_whitespace()).count();
        let mostly = readable.saturating_mul(10) >= self.low.len().saturating_mul(9);
        mostly.then(|| ("unescaped", text.into_bytes()))
    }

    /// The bytes of an array, whose elements may be signed or of two or four bytes (ECMA-262, section 23.2).
    pub(super) fn elements(&self) -> Vec<u8> {
        let width = if (-128..256).contains(&self.least) && self.most < 256 {
            1
        } else if self.least >= -32_768 && self.most < 65_536 {
            2
        } else {
            4
        };
        self.low.iter().flat_map(|n| n.to_le_bytes().into_iter().take(width)).collect()
    }

    /// Bytes of a file, as they are or after XOR with one byte.
    pub(super) fn file(&self) -> Option<(&'static str, Vec<u8>)> {
        let elements = self.elements();
        [elements, self.pairs.clone(), self.octal.clone()].into_iter().find_map(|bytes| {
            if bytes.len() < MIN_FILE {
                return None;
            }
            if let Some(text) = known::wide_text(&bytes) {
                return Some(("unescaped", text.into_bytes()));
            }
            if known::is_surely_file(&bytes, "bytes") {
                return Some(("bytes", bytes));
            }
            masked(&bytes)
        })
    }
}

/// Bytes that begin like a file, as they are or after XOR with one byte.
fn masked(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let key = known::first_key(bytes)?;
    Some((if key == 0 { "bytes" } else { "xor" }, bytes.iter().map(|b| b ^ key).collect()))
}

/// Stands in a number.
pub(super) fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'&')
}

/// How many bytes at the start stand between numbers and mean nothing: blanks, quotes, comments, and signs by which a line goes on in the
/// next one, those of Basic, PowerShell, registry files and batch files.
fn blanks(bytes: &[u8]) -> usize {
    let mut at = 0_usize;
    while let Some(rest) = bytes.get(at..) {
        let plain = rest.iter().take_while(|b| goes_on(b)).count();
        let behind = rest.get(plain..).unwrap_or_default();
        let Some(comment) = comment(behind) else {
            return at.saturating_add(plain);
        };
        at = at.saturating_add(plain).saturating_add(comment);
    }
    at
}

pub(super) fn goes_on(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'_' | b'\\' | b'`' | b'^' | b'"' | b'\'')
}

/// The length of the short comment at the start.
fn comment(bytes: &[u8]) -> Option<usize> {
    const LONGEST_COMMENT: usize = 128;
    let (opens, closes): (_, &[u8]) = match bytes {
        [b'/', b'*', ..] => (2, b"*/"),
        [b'/', b'/', ..] => (2, b"\n"),
        [b'#', ..] => (1, b"\n"),
        _ => return None,
    };
    let inner = bytes.get(opens..)?;
    let inner = inner.get(..LONGEST_COMMENT).unwrap_or(inner);
    let end = memchr::memmem::find(inner, closes)?;
    Some(end.saturating_add(opens).saturating_add(closes.len()))
}

/// A whole number as scripts write it (ECMA-262, section 12.9.3; VBA, section 3.3.2).
pub(super) fn whole(number: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(number).ok()?;
    let of = |radix: u32, digits: &str| u32::from_str_radix(digits, radix).ok().map(i64::from);
    match number {
        [b'0', b'x' | b'X', ..] => return of(16, text.get(2..)?),
        [b'0', b'o' | b'O', ..] => return of(8, text.get(2..)?),
        [b'0', b'b' | b'B', ..] => return of(2, text.get(2..)?),
        [b'&', b'h' | b'H', ..] => return of(16, text.get(2..)?.trim_end_matches('&')),
        [b'&', b'o' | b'O', ..] => return of(8, text.get(2..)?.trim_end_matches('&')),
        [b'0'..=b'9' | b'-' | b'+', ..] => {}
        _ => return None,
    }
    let text = text.strip_suffix('n').unwrap_or(text);
    if let Ok(number) = text.parse::<i64>() {
        return (number.unsigned_abs() <= u64::from(u32::MAX)).then_some(number);
    }
    let number: f64 = text.parse().ok()?;
    let fits = number.fract() == 0.0 && number.abs() <= f64::from(u32::MAX);
    fits.then(|| format!("{number:.0}").parse().ok())?
}

/// The value of a number that a zero makes octal in old scripts (ECMA-262, annex B.1.1); none for what reads alike.
fn octal(number: &[u8]) -> Option<u32> {
    match number {
        [b'0', rest @ ..] if !rest.is_empty() && rest.iter().all(|b| (b'0'..=b'7').contains(b)) => {
            u32::from_str_radix(std::str::from_utf8(rest).ok()?, 8).ok()
        }
        _ => None,
    }
}

/// Two hexadecimal digits without a sign of it, as registry files write bytes.
pub(super) fn pair(number: &[u8]) -> Option<u8> {
    match number {
        [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => u8::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok(),
        _ => None,
    }
}
