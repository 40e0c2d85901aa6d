//! Numbers with commas between them: what `fromCharCode(…)`, `[…]`, `Array(…)`, `[byte[]](…)`, `'…'.split(',')` and `hex:…` say.
//!
//! A list of numbers is a file whatever stands around it; that it is text counts only where a script makes text of such a list.

mod apart;
mod list;
mod rows;
#[cfg(test)]
mod tests;

pub use self::apart::apart;
use self::list::{List, goes_on, is_part, pair, whole};
use self::rows::Rows;

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
