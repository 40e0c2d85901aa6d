//! Finds every object of the file by its own words, whatever the cross-reference says: all revisions, hidden and repeated objects too.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memmem;

use super::lexer::{Lexer, is_space};
use super::value::{Dict, Value, get};
use crate::reader::size;

/// Values that all objects of a file may have together; bounds memory.
pub const MAX_VALUES: usize = 2_000_000;
/// How far past the next object's start an unclosed object is read, in bytes.
const MAX_STRETCH: usize = 1024 * 1024;

/// One body of an indirect object.
#[derive(Debug)]
pub struct Object {
    /// Object number.
    pub number: u32,
    /// Generation.
    pub generation: u32,
    /// Offset of its header in the file; for a member of an object stream that of the stream.
    pub offset: usize,
    /// Its value; for a stream, the dictionary.
    pub value: Value,
    /// Where its data stands in the file.
    pub stream: Option<Range<usize>>,
    /// How many revisions were complete before it.
    pub revision: usize,
    /// Index of the object stream that holds it.
    pub holder: Option<usize>,
    /// A `/Length` that does not fit, as declared.
    pub length_lies: Option<i64>,
    /// Bytes of a line end at the end of the data that may or may not be a part of it, because no length says so.
    pub line_end: usize,
    /// Bytes that the declared length goes past the end of the file.
    pub missing: usize,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Objects in file order.
    pub objects: Vec<Object>,
    /// Dictionaries after `trailer`, in file order.
    pub trailers: Vec<Dict>,
    /// Offsets behind each `%%EOF` that ends a revision.
    pub revisions: Vec<usize>,
    /// Offset from which objects were no longer read, when a limit was reached.
    pub stopped_at: Option<usize>,
    /// Objects nested too deeply to be read whole.
    pub too_deep: usize,
    /// Values that may still be made.
    pub values: usize,
    /// True when a length refers to itself or to a stream.
    pub length_loop: bool,
}

struct Head {
    offset: usize,
    body: usize,
    number: u32,
    generation: u32,
}

/// Reads the file; stops early when `expired` says so.
pub fn scan(bytes: &[u8], header: usize, expired: &dyn Fn() -> bool) -> Scan {
    let (heads, ends) = landmarks(bytes);
    let stream_ends: Vec<usize> = memmem::find_iter(bytes, b"endstream").collect();
    let named = xref_offsets(bytes, header);
    let mut numbers: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, head) in heads.iter().enumerate() {
        numbers.entry(head.number).or_default().push(index);
    }
    let mut scan = Scan {
        revisions: revisions(bytes),
        values: MAX_VALUES,
        ..Scan::default()
    };
    let mut skip = 0;
    let mut stretch = bytes.len().saturating_mul(4).saturating_add(64 * MAX_STRETCH);
    for (index, head) in heads.iter().enumerate() {
        // Words inside a stream's data are data, unless a cross-reference points at them.
        if head.offset < skip && !named.contains(&head.offset) {
            continue;
        }
        if scan.values == 0 || (index % 256 == 255 && expired()) {
            scan.stopped_at = Some(head.offset);
            break;
        }
        let later = heads.get(index.saturating_add(1)..).unwrap_or_default();
        let next = later.iter().find(|h| h.offset >= head.body).map_or(bytes.len(), |h| h.offset);
        let window = next.min(first_from(&ends, head.body).unwrap_or(bytes.len()));
        let (value, mut end, broken, deep) = read(bytes.get(..window).unwrap_or(bytes), head.body, &mut scan.values);
        let (value, deep) = if broken && !deep && window < bytes.len() && stretch > 0 {
            // A string may hold the word that we took for the end.
            let wide = window.saturating_add(MAX_STRETCH.min(stretch)).min(bytes.len());
            stretch = stretch.saturating_sub(wide.saturating_sub(head.body));
            let (second, second_end, still, deep) = read(bytes.get(..wide).unwrap_or(bytes), head.body, &mut scan.values);
            if still {
                (value, deep)
            } else {
                end = second_end;
                (second, deep)
            }
        } else {
            (value, deep)
        };
        if deep {
            scan.too_deep = scan.too_deep.saturating_add(1);
        }
        let mut object = Object {
            number: head.number,
            generation: head.generation,
            offset: head.offset,
            revision: scan.revisions.partition_point(|r| *r <= head.offset),
            value,
            stream: None,
            holder: None,
            length_lies: None,
            line_end: 0,
            missing: 0,
        };
        if let (Value::Dict(dict), Some(start)) = (&object.value, stream_start(bytes, end)) {
            let lengths = declared_lengths(bytes, dict, &heads, &numbers, head.number, &mut scan.length_loop);
            let fitting = lengths.iter().find_map(|n| fits(bytes, start, *n));
            if let Some(end) = fitting {
                object.stream = Some(start..end);
            } else {
                let (end, line_end) = searched_end(bytes, start, &stream_ends, &ends);
                let found = end.saturating_sub(start);
                object.length_lies = lengths
                    .first()
                    .copied()
                    .filter(|n| usize::try_from(*n).map_or(usize::MAX, |n| n.abs_diff(found)) > 2);
                object.stream = Some(start..end);
                object.line_end = line_end;
                if end == bytes.len() {
                    object.missing = object
                        .length_lies
                        .and_then(|n| usize::try_from(n).ok())
                        .map_or(0, |n| n.saturating_sub(found));
                }
            }
            skip = skip.max(object.stream.as_ref().map_or(0, |s| s.end));
        }
        scan.objects.push(object);
    }
    let (trailers, stopped) = trailers(bytes, &scan.objects, &mut scan.values);
    scan.trailers = trailers;
    scan.stopped_at = scan.stopped_at.or(stopped);
    scan
}

fn read(bytes: &[u8], at: usize, values: &mut usize) -> (Value, usize, bool, bool) {
    let mut lexer = Lexer::new(bytes, at, values);
    let value = lexer.value();
    (value, lexer.offset(), lexer.broken, lexer.too_deep)
}

/// The smallest of the sorted offsets that is at or behind `from`.
fn first_from(sorted: &[usize], from: usize) -> Option<usize> {
    sorted.get(sorted.partition_point(|at| *at < from)).copied()
}

/// Starts of all `N G obj`, and offsets of all `endobj`.
fn landmarks(bytes: &[u8]) -> (Vec<Head>, Vec<usize>) {
    let mut heads = Vec::new();
    let mut ends = Vec::new();
    for at in memmem::find_iter(bytes, b"obj") {
        let before = bytes.get(..at).unwrap_or_default();
        if before.ends_with(b"end") {
            ends.push(at.saturating_sub(3));
            continue;
        }
        // A comment may hold numbers itself: then both readings count, the earlier first.
        let plain = head_before(before);
        let behind = head_behind_comments(before).filter(|head| plain.is_none_or(|plain| head.0 < plain.0));
        for (offset, number, generation) in behind.into_iter().chain(plain) {
            heads.push(Head {
                offset,
                body: at.saturating_add(3),
                number,
                generation,
            });
        }
    }
    (heads, ends)
}

/// The `N G ` that ends `before`: its offset and the two numbers.
pub(super) fn head_before(before: &[u8]) -> Option<(usize, u32, u32)> {
    let (before, generation, spaced) = number_before(before)?;
    let _ = spaced;
    let (rest, number, gap) = number_before(before)?;
    (gap > 0).then_some((rest.len(), u32::try_from(number).ok()?, u32::try_from(generation).ok()?))
}

/// The same with comments between its parts, which are blanks (7.2.4): each ends with its line.
fn head_behind_comments(before: &[u8]) -> Option<(usize, u32, u32)> {
    let before = without_comments(before)?;
    let (rest, generation, _) = number_before(before)?;
    let rest = without_comments(rest)?;
    let (rest, number, _) = number_before(rest)?;
    Some((rest.len(), u32::try_from(number).ok()?, u32::try_from(generation).ok()?))
}

/// Text without the blanks and comments at its end; a few of them, so that a file of nothing else stays linear.
fn without_comments(mut text: &[u8]) -> Option<&[u8]> {
    const MOST: usize = 8;
    const LONGEST: usize = 256;
    for _ in 0..MOST {
        let blanks = text.iter().rev().take(64).take_while(|b| is_space(**b));
        let (mut length, mut ends) = (0_usize, false);
        for blank in blanks {
            length = length.saturating_add(1);
            ends |= matches!(blank, b'\r' | b'\n');
        }
        text = text.get(..text.len().checked_sub(length)?)?;
        let line = text.iter().rev().take(LONGEST).take_while(|b| !matches!(b, b'\r' | b'\n')).count();
        let start = text.len().checked_sub(line)?;
        match memchr::memchr(b'%', text.get(start..)?) {
            Some(at) if ends => text = text.get(..start.saturating_add(at))?,
            _ => return Some(text),
        }
    }
    Some(text)
}

/// A number at the end of `text`, with the spaces behind it counted.
fn number_before(text: &[u8]) -> Option<(&[u8], u64, usize)> {
    // At most a screen of spaces and 10 digits, so that a file of nothing else stays linear.
    let spaces = text.iter().rev().take(64).take_while(|b| is_space(**b)).count();
    let text = text.get(..text.len().checked_sub(spaces)?)?;
    let digits = text.iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || digits > 10 {
        return None;
    }
    let start = text.len().checked_sub(digits)?;
    let number = std::str::from_utf8(text.get(start..)?).ok()?.parse().ok()?;
    Some((text.get(..start)?, number, spaces))
}

/// Where the data begins, when `stream` follows the dictionary.
fn stream_start(bytes: &[u8], after: usize) -> Option<usize> {
    let mut values = 1;
    // A window, so that comments that run on for ever are not read again for every object.
    let window = bytes.get(..after.saturating_add(4096).min(bytes.len()))?;
    let mut lexer = Lexer::new(window, after, &mut values);
    lexer.skip_space();
    if !lexer.keyword(b"stream") {
        return None;
    }
    let mut at = lexer.offset();
    // Blanks before the end of the line are not allowed and often there.
    let blanks = bytes.get(at..)?.iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    if matches!(bytes.get(at.saturating_add(blanks)), Some(b'\r' | b'\n')) {
        at = at.saturating_add(blanks);
    }
    if bytes.get(at) == Some(&b'\r') {
        at = at.saturating_add(1);
    }
    if bytes.get(at) == Some(&b'\n') {
        at = at.saturating_add(1);
    }
    Some(at)
}

/// Every length that the dictionary declares, through references where needed.
fn declared_lengths(
    bytes: &[u8],
    dict: &Dict,
    heads: &[Head],
    numbers: &HashMap<u32, Vec<usize>>,
    own: u32,
    looped: &mut bool,
) -> Vec<i64> {
    let mut lengths = Vec::new();
    for (_, value) in dict.iter().filter(|(name, _)| &*name.bytes == b"Length").take(4) {
        match value {
            Value::Int(n) => lengths.push(*n),
            Value::Ref(number) if *number == own => *looped = true,
            Value::Ref(number) => {
                // Newest bodies first; a few are enough, whatever a file of copies says.
                for index in numbers.get(number).into_iter().flatten().rev().take(8) {
                    let Some(head) = heads.get(*index) else { continue };
                    let mut values = 4;
                    let body = bytes.get(..head.body.saturating_add(64).min(bytes.len())).unwrap_or_default();
                    if let Value::Int(n) = Lexer::new(body, head.body, &mut values).value() {
                        lengths.push(n);
                    }
                }
            }
            _ => {}
        }
    }
    lengths
}

/// The end of the data when `endstream` stands where the length says.
fn fits(bytes: &[u8], start: usize, length: i64) -> Option<usize> {
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    let tail = bytes.get(end..)?;
    let spaces = tail.iter().take(4).take_while(|b| is_space(**b)).count();
    let tail = tail.get(spaces..)?;
    (tail.starts_with(b"endstream") || tail.starts_with(b"endobj")).then_some(end)
}

/// The end by the next `endstream`, else `endobj`, else the end of the file; and how long the line end before that word is.
///
/// The line end stays: without a length nobody can say whether it belongs to the data, and nothing may be lost.
fn searched_end(bytes: &[u8], start: usize, stream_ends: &[usize], ends: &[usize]) -> (usize, usize) {
    let found = first_from(stream_ends, start).or_else(|| first_from(ends, start));
    let end = found.unwrap_or(bytes.len());
    let data = bytes.get(start..end).unwrap_or_default();
    let line_end = match found {
        None => 0,
        Some(_) if data.ends_with(b"\r\n") => 2,
        Some(_) => usize::from(data.ends_with(b"\n") || data.ends_with(b"\r")),
    };
    (end, line_end)
}

/// Offsets that cross-reference tables name (section 7.5.4), as written and counted from the header.
fn xref_offsets(bytes: &[u8], header: usize) -> HashSet<usize> {
    let mut offsets = HashSet::new();
    for at in memmem::find_iter(bytes, b"xref") {
        if bytes.get(..at).unwrap_or_default().ends_with(b"start") {
            continue;
        }
        let mut values = 1;
        let mut lexer = Lexer::new(bytes, at.saturating_add(4), &mut values);
        loop {
            lexer.skip_blanks();
            let Some(first) = lexer.unsigned() else { break };
            lexer.skip_blanks();
            if lexer.unsigned().is_none() {
                break;
            }
            lexer.skip_blanks();
            if lexer.keyword(b"n") {
                let offset = size(first);
                offsets.insert(offset);
                offsets.insert(offset.saturating_add(header));
            } else {
                lexer.keyword(b"f");
            }
        }
    }
    offsets
}

/// Ends of revisions: each `startxref` with its `%%EOF`; the first section of a linearised file is not one (annex F).
fn revisions(bytes: &[u8]) -> Vec<usize> {
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
fn trailers(bytes: &[u8], objects: &[Object], values: &mut usize) -> (Vec<Dict>, Option<usize>) {
    let mut ranges: Vec<&Range<usize>> = objects.iter().filter_map(|o| o.stream.as_ref()).collect();
    ranges.sort_by_key(|r| r.start);
    let tables = tables(bytes);
    let mut found = Vec::new();
    let (mut passed, mut stopped) = (0, None);
    let mut work = bytes.len().saturating_mul(2).saturating_add(MAX_STRETCH);
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

#[cfg(test)]
mod tests;
