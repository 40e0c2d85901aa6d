//! Where the data of a stream begins and ends (ISO 32000-2 section 7.3.8).

use std::collections::{HashMap, HashSet};

use super::document::Doc;
use super::heads::{Head, head_at};
use super::lexer::{Lexer, is_space};
use super::value::{Dict, Value, all};

/// Lengths of one stream that are looked at.
const MOST: usize = 64;
/// Bytes of blanks and comments that are read in front of a word or a number while there is work left, and afterwards.
const LONG: usize = 1024 * 1024;
const SHORT: usize = 256;

/// What the dictionary of a stream says of its length.
#[derive(Debug, Default)]
pub struct Lengths {
    /// Every number, in order.
    pub declared: Vec<i64>,
    /// True when one refers to the stream itself.
    pub looped: bool,
    /// True when there are more than are looked at.
    pub more: bool,
}

/// Where to look for numbers that references name.
pub struct Bodies<'s> {
    /// The file.
    pub bytes: &'s [u8],
    /// The starts of its objects.
    pub heads: &'s [Head],
    /// Indices of these by their object number.
    pub numbers: &'s HashMap<u32, Vec<usize>>,
}

impl Bodies<'_> {
    /// Every length that the dictionary of object `own` declares, through references where needed: readers differ in which of repeated
    /// keys and of repeated bodies they take.
    pub fn lengths(&self, dict: &Dict, own: u32, work: &mut usize) -> Lengths {
        let mut lengths = Lengths::default();
        let mut followed = HashSet::new();
        let mut left = MOST;
        for value in all(dict, b"Length") {
            if left == 0 {
                lengths.more = true;
                break;
            }
            left = left.saturating_sub(1);
            let mut pending = match value {
                Value::Ref(number) => vec![*number],
                other => {
                    lengths.declared.extend(other.whole());
                    continue;
                }
            };
            while let Some(number) = pending.pop() {
                if number == own {
                    lengths.looped = true;
                    continue;
                }
                if !followed.insert(number) {
                    continue;
                }
                // Newest bodies first.
                for index in self.numbers.get(&number).into_iter().flatten().rev() {
                    if left == 0 {
                        lengths.more = true;
                        break;
                    }
                    left = left.saturating_sub(1);
                    match self.body(*index, work) {
                        Some(Value::Ref(further)) => pending.push(further),
                        other => lengths.declared.extend(other.as_ref().and_then(Value::whole)),
                    }
                }
            }
        }
        lengths
    }

    /// The number or reference that a body is.
    fn body(&self, index: usize, work: &mut usize) -> Option<Value> {
        let head = self.heads.get(index)?;
        let window = if *work > 0 { LONG } else { SHORT };
        let mut values = 1;
        let text = self.bytes.get(..head.body.saturating_add(window)).unwrap_or(self.bytes);
        let mut lexer = Lexer::new(text, head.body, &mut values);
        lexer.skip_space();
        let number = text
            .get(lexer.offset())
            .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
        let value = number.then(|| lexer.value());
        *work = work.saturating_sub(lexer.furthest().saturating_sub(head.body).saturating_sub(SHORT));
        value
    }
}

/// Comments ran on further than they are read.
pub struct TooLong;

/// Where the data begins, when `stream` follows the dictionary.
pub fn stream_start(bytes: &[u8], after: usize, work: &mut usize) -> Option<Result<usize, TooLong>> {
    let mut values = 1;
    // A window, so that comments that run on for ever are not read again for every object.
    let window = after.saturating_add(if *work > 0 { LONG } else { 16 * SHORT });
    let mut lexer = Lexer::new(bytes.get(..window).unwrap_or(bytes), after, &mut values);
    lexer.skip_space();
    *work = work.saturating_sub(lexer.offset().saturating_sub(after).saturating_sub(SHORT));
    if lexer.offset() >= window {
        return Some(Err(TooLong));
    }
    if !lexer.keyword(b"stream") {
        return None;
    }
    let mut at = lexer.offset();
    let tail = bytes.get(at..).unwrap_or_default();
    // Blanks before the end of the line are not allowed and often there.
    let blanks = tail.iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    if matches!(tail.get(blanks), Some(b'\r' | b'\n')) {
        at = at.saturating_add(blanks);
    }
    if bytes.get(at) == Some(&b'\r') {
        at = at.saturating_add(1);
    }
    if bytes.get(at) == Some(&b'\n') {
        at = at.saturating_add(1);
    }
    Some(Ok(at))
}

/// The end of the data when `endstream` stands where the length says.
pub fn fits(bytes: &[u8], start: usize, length: i64) -> Option<usize> {
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    let tail = bytes.get(end..)?;
    let spaces = tail.iter().take(4).take_while(|b| is_space(**b)).count();
    let tail = tail.get(spaces..)?;
    (tail.starts_with(b"endstream") || tail.starts_with(b"endobj")).then_some(end)
}

/// The end by the next `endstream`, else `endobj`, else the end of the file; and how long the line end before that word is.
///
/// The line end stays: without a length nobody can say whether it belongs to the data, and nothing may be lost.
pub fn searched_end(bytes: &[u8], start: usize, stream_ends: &[usize], ends: &[usize]) -> (usize, usize) {
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

/// The smallest of the sorted offsets that is at or behind `from`.
pub fn first_from(sorted: &[usize], from: usize) -> Option<usize> {
    sorted.get(sorted.partition_point(|at| *at < from)).copied()
}

/// Streams, by their index, that are longer than was known before the object streams were read, which may hold lengths, and their ends.
pub fn late(doc: &Doc<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, object) in doc.scan.objects.iter().enumerate() {
        let (Some(range), Some(dict)) = (&object.stream, object.value.dict()) else {
            continue;
        };
        let numbers = all(dict, b"Length").take(MOST).filter_map(|value| match value {
            Value::Ref(number) => Some(*number),
            _ => None,
        });
        let bodies = numbers.flat_map(|number| doc.bodies(number).rev().filter(|(_, o)| o.holder.is_some()));
        let ends = bodies
            .take(MOST)
            .filter_map(|(_, o)| fits(doc.bytes, range.start, o.value.whole()?));
        found.extend(ends.max().filter(|end| *end > range.end).map(|end| (index, end)));
    }
    found
}

/// Whether more stands behind the data that ends there than the end of its object.
pub fn goes_on(bytes: &[u8], end: usize) -> bool {
    let mut none = 1;
    let window = bytes.get(..end.saturating_add(SHORT)).unwrap_or(bytes);
    let mut lexer = Lexer::new(window, end, &mut none);
    lexer.skip_space();
    if !lexer.keyword(b"endstream") {
        return false;
    }
    lexer.skip_space();
    let at = lexer.offset();
    let last = [&b"endobj"[..], b"xref", b"trailer", b"startxref"]
        .into_iter()
        .any(|word| lexer.keyword(word));
    at < window.len() && !last && head_at(bytes, at, &mut 0).is_none()
}
