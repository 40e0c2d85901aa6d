//! The trailers of a file (ISO 32000-2 section 7.5.5), and where its revisions end.

use std::ops::Range;

use memchr::memmem;

use super::lexer::{Lexer, is_space};
use super::scan::Object;
use super::value::{Dict, Value, get};
use crate::reader::size;

/// Ends of revisions: each `startxref` with its `%%EOF`; the first section of a linearised file is not one (annex F).
pub fn revisions(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let linear = memmem::find(bytes.get(..2048).unwrap_or(bytes), b"/Linearized").is_some();
    for at in memmem::find_iter(bytes, b"startxref") {
        let tail = bytes.get(at..at.saturating_add(64).min(bytes.len())).unwrap_or_default();
        if let Some(eof) = memmem::find(tail, b"%%EOF") {
            ends.push(at.saturating_add(eof).saturating_add(5));
        }
    }
    if linear && ends.len() > 1 {
        ends.remove(0);
    }
    ends
}

/// The dictionaries behind `trailer`, and where they are no longer read: work stays linear in the file.
pub fn trailers(bytes: &[u8], objects: &[Object], values: &mut usize) -> (Vec<Dict>, Option<usize>) {
    let mut ranges: Vec<&Range<usize>> = objects.iter().filter_map(|o| o.stream.as_ref()).collect();
    ranges.sort_by_key(|r| r.start);
    let tables = tables(bytes);
    let mut found = Vec::new();
    let (mut passed, mut stopped) = (0, None);
    let mut work = bytes.len().saturating_mul(2).saturating_add(1024 * 1024);
    for at in memmem::find_iter(bytes, b"trailer") {
        let before = ranges.partition_point(|r| r.start <= at);
        let inside = before.checked_sub(1).and_then(|i| ranges.get(i)).filter(|r| r.contains(&at));
        // Words inside a stream's data are data, unless a reader is led there.
        if inside.is_some_and(|range| !tables.iter().any(|table| range.contains(table))) {
            continue;
        }
        // Of words in comments between a word and its dictionary the first counts for all.
        if at < passed {
            continue;
        }
        if work == 0 || *values == 0 {
            stopped = Some(at);
            break;
        }
        let mut lexer = Lexer::new(bytes, at.saturating_add(7), values);
        lexer.skip_space();
        passed = lexer.offset();
        if let Value::Dict(dict) = lexer.value() {
            found.push(dict);
        }
        work = work.saturating_sub(lexer.furthest().saturating_sub(at));
    }
    // Cross-reference streams are trailers too.
    for object in objects {
        if let Value::Dict(dict) = &object.value
            && object.stream.is_some()
            && get(dict, b"Type").and_then(Value::name) == Some(b"XRef")
        {
            found.push(dict.clone());
        }
    }
    (found, stopped)
}

/// The trailer from which readers start: the one that the last `startxref` leads to, behind its table or in its stream.
pub fn live(bytes: &[u8], header: usize, objects: &[Object]) -> Option<Dict> {
    let target = tables(bytes).first().copied()?;
    [target, target.saturating_add(header)].into_iter().find_map(|at| {
        let rest = bytes.get(at..)?;
        let blanks = rest.iter().take(256).take_while(|b| is_space(**b)).count();
        let at = at.saturating_add(blanks);
        if bytes.get(at..)?.starts_with(b"xref") {
            return behind_table(bytes, at);
        }
        let object = objects.iter().find(|o| o.offset == at && o.stream.is_some())?;
        object.value.dict().filter(|dict| get(dict, b"W").is_some()).cloned()
    })
}

/// The first trailer behind a table that does not stand in a comment.
fn behind_table(bytes: &[u8], table: usize) -> Option<Dict> {
    let rest = bytes.get(table..)?;
    let plain = |at: &usize| {
        let before = rest.get(..*at).unwrap_or_default();
        let line = memchr::memrchr2(b'\r', b'\n', before).map_or(before, |end| before.get(end..).unwrap_or_default());
        memchr::memchr(b'%', line).is_none()
    };
    let at = memmem::find_iter(rest, b"trailer").take(64).find(plain)?;
    let mut values = 100_000;
    match Lexer::new(rest, at.saturating_add(7), &mut values).value() {
        Value::Dict(dict) => Some(dict),
        _ => None,
    }
}

/// Where each `startxref` leads (section 7.5.5), some of the last.
fn tables(bytes: &[u8]) -> Vec<usize> {
    let word = b"startxref";
    let target = |at: usize| {
        let mut none = 1;
        let from = at.saturating_add(word.len());
        // A window, so that comments that run on for ever are not read again each time.
        let window = bytes.get(..from.saturating_add(256).min(bytes.len()))?;
        let mut lexer = Lexer::new(window, from, &mut none);
        lexer.skip_space();
        lexer.unsigned().map(size)
    };
    memmem::rfind_iter(bytes, word).take(64).filter_map(target).collect()
}
