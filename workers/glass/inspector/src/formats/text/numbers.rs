//! Numbers with commas between them: what `fromCharCode(…)`, `[…]`, `Array(…)`, `[byte[]](…)`, `'…'.split(',')` and `hex:…` say.
//!
//! A list of numbers is a file whatever stands around it; that it is text counts only where a script makes text of such a list.

use super::{joined, known};

/// Fewest numbers of a list that is text, and fewest bytes of one that is a file.
const MIN_TEXT: usize = 16;
const MIN_FILE: usize = 32;
/// Shortest list that is looked at, in characters.
const SHORTEST: usize = 40;
/// Longest number, in characters.
const LONGEST: usize = 16;

/// What the lists of numbers say: text, or the bytes of a file, plain or under one XOR byte. All lists together cost one pass.
pub fn lists(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut rows = Rows::default();
    let mut free = 0_usize;
    for comma in memchr::memchr_iter(b',', bytes) {
        if comma < free {
            continue;
        }
        let Some(start) = start(bytes, free, comma) else { continue };
        let (list, end) = List::read(bytes, start);
        free = end;
        if end.saturating_sub(start) < SHORTEST {
            if rows.count > 0 {
                found.extend(rows.add(bytes, start, end, &list));
            }
            continue;
        }
        let before = bytes.get(..start).unwrap_or_default();
        let behind = bytes.get(end..).unwrap_or_default();
        let spelt = is_spelt(before, behind).then(|| list.spell()).flatten();
        found.extend(rows.add(bytes, start, end, &list));
        found.extend(spelt.or_else(|| list.file()));
    }
    found.extend(rows.end());
    found
}

/// Lists that a script puts together, of which the first begins as a file does: `$a += 0x4d,…`, `[[77,…],[…]]`.
#[derive(Default)]
struct Rows {
    bytes: Vec<u8>,
    count: usize,
    end: usize,
    between: Option<Vec<u8>>,
}

impl Rows {
    /// Adds the list at a place; gives what those before are, when it does not go on with them.
    fn add(&mut self, text: &[u8], start: usize, end: usize, list: &List) -> Option<(&'static str, Vec<u8>)> {
        let gap = text.get(self.end..start).unwrap_or_default();
        let between = (self.count > 0).then(|| joined::told(gap)).flatten();
        // Files beside each other, as tests have them, are one each; and a list with a name in it is no two rows.
        let begins = begins_a_file(list);
        let named = gap.first().is_some_and(u8::is_ascii_alphabetic);
        let goes_on = !begins && !named && between.is_some() && (self.between.is_none() || self.between == between);
        let done = if goes_on { None } else { self.end() };
        if goes_on || begins {
            self.bytes.extend(list.elements());
            self.count = self.count.saturating_add(1);
            self.end = end;
            self.between = between.filter(|_| goes_on);
        }
        done
    }

    fn end(&mut self) -> Option<(&'static str, Vec<u8>)> {
        let rows = std::mem::take(self);
        let is_file = rows.count > 1 && rows.bytes.len() >= MIN_FILE && known::is_surely_file(&rows.bytes, "bytes");
        is_file.then_some(("bytes", rows.bytes))
    }
}

fn begins_a_file(list: &List) -> bool {
    let first: Vec<u8> = list.low.iter().take(16).map_while(|n| u8::try_from(*n & 0xff).ok()).collect();
    known::first_key(&first) == Some(0)
}

/// What the lists say whose numbers stand apart by something else than a comma: in a string that is split, or each in a call of its own
/// (`Chr(80) & Chr(75)`).
pub fn apart(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let list = |numbers: String| {
        let (list, end) = List::read(numbers.as_bytes(), 0);
        (end == numbers.len()).then(|| list.spell().or_else(|| list.file())).flatten()
    };
    calls(text).into_iter().chain(split(text)).filter_map(list).collect()
}

/// Numbers of calls that each give a character, with commas between them (VBA, section 6.1.2.11.1.4; PHP's is alike).
fn calls(text: &str) -> Vec<String> {
    /// Bytes between two calls: a sign that joins them, blanks, and the name of the next.
    const GAP: usize = 48;
    let bytes = text.as_bytes();
    let mut found: Vec<String> = Vec::new();
    let (mut numbers, mut end) = (String::new(), 0_usize);
    for open in memchr::memchr_iter(b'(', bytes) {
        if !is_character_call(bytes.get(..open).unwrap_or_default()) {
            continue;
        }
        let inner = bytes.get(open.saturating_add(1)..).unwrap_or_default();
        let length = inner.iter().take(LONGEST.saturating_mul(2)).position(|b| *b == b')');
        let number = length.and_then(|length| inner.get(..length)).map(<[u8]>::trim_ascii);
        let Some((length, number)) = length.zip(number.filter(|n| whole(n).is_some())) else {
            continue;
        };
        let gap = bytes.get(end..open).unwrap_or_default();
        let joins = |b: &u8| goes_on(b) || b.is_ascii_alphabetic() || matches!(b, b'&' | b'+' | b'.' | b'$' | b'@' | b':');
        if numbers.is_empty() || gap.len() > GAP || !gap.iter().all(joins) {
            found.extend(Some(std::mem::take(&mut numbers)).filter(|numbers| numbers.len() >= SHORTEST));
        } else {
            numbers.push(',');
        }
        numbers.push_str(std::str::from_utf8(number).unwrap_or_default());
        end = open.saturating_add(length).saturating_add(2);
    }
    found.extend(Some(numbers).filter(|numbers| numbers.len() >= SHORTEST));
    found
}

/// `Chr`, `ChrW`, `Chr$` or `ChrB` before a bracket.
fn is_character_call(before: &[u8]) -> bool {
    let name = before.strip_suffix(b"$").unwrap_or(before);
    let name = match name.split_last() {
        Some((b'w' | b'W' | b'b' | b'B', rest)) => rest,
        _ => name,
    };
    name.len()
        .checked_sub(3)
        .and_then(|at| name.get(at..))
        .is_some_and(|name| name.eq_ignore_ascii_case(b"chr"))
}

/// Strings that are split at something that stands between numbers, with commas in its place.
fn split(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"plit") {
        let before = text
            .get(..at.saturating_sub(1))
            .unwrap_or_default()
            .trim_end_matches([' ', '.', '-', ')']);
        let Some(quote) = before.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`')) else {
            continue;
        };
        let string = before
            .strip_suffix(quote)
            .and_then(|rest| rest.rsplit(quote).next())
            .unwrap_or_default();
        let numbers: Vec<&str> = string
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|n| !n.is_empty())
            .collect();
        if numbers.len() >= MIN_TEXT {
            found.push(numbers.join(","));
        }
    }
    found
}

/// Where the number before a comma begins.
fn start(bytes: &[u8], free: usize, comma: usize) -> Option<usize> {
    let before = bytes.get(free..comma)?;
    let end = before.iter().rposition(|b| !goes_on(b))?.saturating_add(1);
    let kept = before.get(..end)?;
    let length = kept.iter().rev().take(LONGEST).take_while(|b| is_part(b)).count();
    let start = end.saturating_sub(length);
    let number = kept.get(start..)?;
    (whole(number).is_some() || pair(number).is_some()).then(|| free.saturating_add(start))
}

/// Stands in a number.
fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'&')
}

/// Numbers, of which the lower 32 bits are kept, the same digits as pairs of hexadecimal ones where they all are such, and as octal
/// bytes where some begin with a zero.
struct List {
    low: Vec<u32>,
    least: i64,
    most: i64,
    pairs: Vec<u8>,
    octal: Vec<u8>,
}

impl List {
    /// The list at a place, and where it ends: behind its last number and the comma that may follow.
    fn read(bytes: &[u8], start: usize) -> (Self, usize) {
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
    fn spell(&self) -> Option<(&'static str, Vec<u8>)> {
        if self.low.len() < MIN_TEXT || self.least < 0 || self.most >= 0x1_0000 {
            return None;
        }
        let text: String = self.low.iter().map(|n| char::from_u32(*n)).collect::<Option<String>>()?;
        let readable = text.chars().filter(|c| c.is_ascii_graphic() || c.is_ascii_whitespace()).count();
        let mostly = readable.saturating_mul(10) >= self.low.len().saturating_mul(9);
        mostly.then(|| ("unescaped", text.into_bytes()))
    }

    /// The bytes of an array, whose elements may be signed or of two or four bytes (ECMA-262, section 23.2).
    fn elements(&self) -> Vec<u8> {
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
    fn file(&self) -> Option<(&'static str, Vec<u8>)> {
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

/// True where a script makes text of a list: an array, a call for its characters, or a string that is split.
fn is_spelt(before: &[u8], behind: &[u8]) -> bool {
    const CALLS: &[&[u8]] = &[b"fromcharcode", b"fromcodepoint", b"array", b".of", b"]", b"@", b"split"];
    let space = behind.iter().take_while(|b| goes_on(b) && !matches!(b, b'"' | b'\'')).count();
    let behind = behind.get(space..).unwrap_or_default();
    let Some((open, before)) = before.trim_ascii_end().split_last() else {
        return false;
    };
    let before = before.get(before.len().saturating_sub(32)..).unwrap_or(before).trim_ascii_end();
    let called = |before: &[u8]| {
        let lower = before.to_ascii_lowercase();
        CALLS.iter().any(|call| lower.ends_with(call))
    };
    match (open, behind.split_first()) {
        (b'[', Some((b']', _))) => true,
        (b'(', Some((b')', _))) => called(before),
        (b'"' | b'\'', Some((close, rest))) if close == open => {
            let rest = rest.trim_ascii_start();
            rest.starts_with(b".split") || rest.starts_with(b"-split") || before.strip_suffix(b"(").is_some_and(called)
        }
        _ => false,
    }
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

fn goes_on(byte: &u8) -> bool {
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
fn whole(number: &[u8]) -> Option<i64> {
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
fn pair(number: &[u8]) -> Option<u8> {
    match number {
        [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => u8::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        [&b"PK\x03\x04"[..], &[0x80; 40], &[0xed, 0x41]].concat()
    }

    fn joined(width: usize, between: &str, number: fn(&[u8]) -> String) -> String {
        archive().chunks(width).map(number).collect::<Vec<_>>().join(between)
    }

    #[test]
    fn number_lists_are_spelt() {
        let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let spelt = vec![("unescaped", b"document.location='x'".to_vec())];
        let text = list(b"document.location='x'");
        for text in [
            format!("eval(String.fromCharCode({text}))"),
            format!("var a=[{text}]"),
            format!("[{text},]"),
            format!("a = Array ({text})"),
            format!("'{text}'.split(',')"),
            format!("s = Split(\"{text}\", \",\")"),
            format!("[char[]]({text})"),
        ] {
            assert_eq!(lists(&text), spelt, "{text}");
        }
        for text in [
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]".to_owned(),
            format!("INSERT INTO t VALUES ({text})"),
            format!("{text}\n"),
        ] {
            assert!(lists(&text).is_empty(), "{text}");
        }
        let hidden: Vec<u8> = archive().iter().map(|b| b ^ 90).collect();
        assert_eq!(lists(&format!("var a=[{}]", list(&archive()))), [("bytes", archive())]);
        assert_eq!(lists(&format!("var a=[{}]", list(&hidden))), [("xor", archive())]);
    }

    #[test]
    fn bytes_are_read_whatever_stands_around_them() {
        let decimal = joined(1, ",", |b| b[0].to_string());
        let lines = joined(1, ", _\r\n ", |b| b[0].to_string());
        let hex = joined(1, ",", |b| format!("0x{:02X}", b[0]));
        let reg = joined(1, ",\\\r\n  ", |b| format!("{:02x}", b[0]));
        let padded = joined(1, ",", |b| format!("{:03}", b[0]));
        let octal = joined(1, ",", |b| format!("0{:o}", b[0]));
        let modern = joined(1, ",", |b| format!("0o{:o}", b[0]));
        let plus = joined(1, ",", |b| format!("+{}n", b[0]));
        let wide_apart = joined(1, &format!("{},", " ".repeat(40)), |b| b[0].to_string());
        let first_line = decimal.replacen(',', " _\r\n,", 1);
        let signed = joined(1, ",", |b| b[0].cast_signed().to_string());
        let wide = joined(2, ",", |b| format!("0X{:x}", u16::from_le_bytes([b[0], b[1]])));
        let basic = joined(1, ", ", |b| format!("&H{:02X}", b[0]));
        for text in [
            format!("String.fromCharCode({decimal})"),
            format!("[byte[]]({hex})"),
            format!("[Byte[]] $a = {hex}\n"),
            format!("@({decimal})"),
            format!("a = Array({lines})"),
            format!("Uint8Array.of({decimal})"),
            format!("new Array({decimal} )"),
            format!("'{decimal}'.split(',')"),
            format!("\"a\"=hex:{reg}\r\n"),
            format!("x = [{reg}, ]"),
            format!("Array({basic})"),
            format!("new X([{signed}])"),
            format!("new X([{wide}])"),
            format!("f(x[0],{decimal})"),
            format!("[\"{}\"]", decimal.replace(',', "\",\"")),
            format!("[{}]", decimal.replace(',', ", /* x */")),
            format!("[{}]", decimal.replace(',', ", // 0010\n")),
            format!("[{padded}]"),
            format!("[{octal}]"),
            format!("[{modern}]"),
            format!("[{plus}]"),
            format!("[{wide_apart}]"),
            format!("Array({first_line})"),
        ] {
            assert_eq!(lists(&text), [("bytes", archive())], "{text}");
        }
    }

    #[test]
    fn lists_that_are_put_together_are_one() {
        let rows = |open: &str, between: &str| {
            let rows: Vec<String> = archive()
                .chunks(12)
                .map(|row| row.iter().map(|b| format!("0x{b:02x}")).collect::<Vec<_>>().join(","))
                .collect();
            format!("{open}{}", rows.join(between))
        };
        for text in [rows("$a = @()\n$a += ", "\n$a += "), rows("[[", "],["), rows("x(\n  ", "\n  ")] {
            assert!(lists(&text).contains(&("bytes", archive())), "{text}");
        }
        let text = rows("[", ",SYSTEM,");
        assert!(!lists(&text).contains(&("bytes", archive())), "{text}");
    }

    #[test]
    fn numbers_that_stand_apart_are_read() {
        let bytes = joined(1, ") & Chr(", |b| b[0].to_string());
        let basic = joined(1, ") & _\r\n  ChrW(", |b| format!("&H{:02X}", b[0]));
        let php = joined(1, ").chr(", |b| b[0].to_string());
        let powershell = joined(1, ")+[char](", |b| b[0].to_string()).replace("[char]", "chr");
        let blanks = joined(1, " ", |b| b[0].to_string());
        for text in [
            format!("x = Chr({bytes})"),
            format!("x = ChrW({basic})"),
            format!("$x=chr({php});"),
            format!("x=chr({powershell})"),
            format!("'{blanks}'.split(' ')"),
            format!("Split(\"x\"); (\"{}\" -split ';')", blanks.replace(' ', ";")),
        ] {
            assert_eq!(apart(&text), [("bytes", archive())], "{text}");
        }
        let script: Vec<String> = b"CreateObject(\"WScript.Shell\")".iter().map(|b| format!("Chr({b})")).collect();
        let spelt = apart(&format!("Execute {}", script.join("&")));
        assert_eq!(spelt, [("unescaped", b"CreateObject(\"WScript.Shell\")".to_vec())]);
        for hostile in ["Chr(", "chr(1)", "'.split", "split", "1 '.split"] {
            assert!(apart(&hostile.repeat(50_000)).is_empty());
        }
    }

    #[test]
    fn text_of_a_registry_file_is_read() {
        let wide = "powershell -w hidden"
            .bytes()
            .map(|b| format!("{b:02x},00"))
            .collect::<Vec<_>>()
            .join(",");
        assert_eq!(
            lists(&format!("\"Run\"=hex(2):{wide}")),
            [("unescaped", b"powershell -w hidden".to_vec())]
        );
    }

    #[test]
    fn tables_are_no_files() {
        let table = |f: fn(u32) -> u32| (0..2000).map(|n| f(n).to_string()).collect::<Vec<_>>().join(", ");
        for text in [
            table(|n| n % 256),
            table(|n| n * 7919 % 256),
            table(|n| n * n % 65_521),
            table(|_| 0),
            table(|n| [0, 0, 1, 0, 1][n as usize % 5]),
            table(|n| [0x1f, 0x9d, 7][n as usize % 3]),
        ] {
            assert!(lists(&format!("x = [{text}]; y({text})")).is_empty(), "{text}");
        }
        for hostile in ["[", "Array(", "1,", "a,", " ,", "1 ", ",1,x"] {
            assert!(lists(&hostile.repeat(100_000)).is_empty());
        }
    }
}
