//! Numbers that stand apart by something else than a comma.

use super::list::{List, goes_on, whole};
use super::{LONGEST, MIN_TEXT, SHORTEST};

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
