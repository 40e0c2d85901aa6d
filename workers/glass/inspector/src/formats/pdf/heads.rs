//! Where indirect objects begin: the `N G obj` in front of each (ISO 32000-2 section 7.3.10), found backwards from the word, or forwards
//! from an offset that somebody names.

use memchr::memmem;

use super::lexer::{Lexer, is_space};

/// Bytes of one run of blanks, digits or comment that are read while there is work left, and afterwards.
const LONG: usize = 64 * 1024;
const SHORT: usize = 64;
/// Comments in a row that are passed while there is work left, and afterwards.
const MANY: usize = 4096;
const FEW: usize = 8;

/// The start of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// Offset of the object number.
    pub offset: usize,
    /// Offset behind `obj`.
    pub body: usize,
    /// Object number; the highest for what is too large to be one.
    pub number: u32,
    /// Generation.
    pub generation: u32,
}

/// Work in bytes beyond the ordinary that a file is worth, so that reading it stays linear.
pub fn work(bytes: &[u8]) -> usize {
    bytes.len().saturating_mul(8).saturating_add(1024 * 1024)
}

/// Starts of all `N G obj`, and offsets of all `endobj`.
pub fn landmarks(bytes: &[u8]) -> (Vec<Head>, Vec<usize>) {
    let mut heads = Vec::new();
    let mut ends = Vec::new();
    let mut work = work(bytes);
    for at in memmem::find_iter(bytes, b"obj") {
        let before = bytes.get(..at).unwrap_or_default();
        if before.ends_with(b"end") {
            ends.push(at.saturating_sub(3));
            continue;
        }
        // A comment may hold numbers itself: then both readings count, the earlier first.
        let plain = plain(before, &mut work);
        let behind = behind_comments(before, &mut work).filter(|head| plain.is_none_or(|plain| head.0 < plain.0));
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

/// Whether an `N G ` ends `before`.
pub fn head_before(before: &[u8]) -> bool {
    plain(before, &mut 0).is_some()
}

/// The `N G obj` that stands at an offset, behind blanks and comments; `work` counts the bytes that were looked at.
pub fn head_at(bytes: &[u8], at: usize, work: &mut usize) -> Option<Head> {
    let first = *bytes.get(at)?;
    if !(first.is_ascii_digit() || is_space(first) || matches!(first, b'%' | b'+' | b'-')) {
        return None;
    }
    let window = if *work > 0 { LONG } else { SHORT };
    let mut none = 1;
    let mut lexer = Lexer::new(bytes.get(..at.saturating_add(window)).unwrap_or(bytes), at, &mut none);
    let head = stands(&mut lexer);
    *work = work.saturating_sub(lexer.offset().saturating_sub(at));
    head
}

fn stands(lexer: &mut Lexer<'_, '_>) -> Option<Head> {
    lexer.skip_space();
    let offset = lexer.offset();
    let number = lexer.lenient()?;
    lexer.skip_space();
    let generation = lexer.lenient()?;
    lexer.skip_space();
    lexer.keyword(b"obj").then(|| Head {
        offset,
        body: lexer.offset(),
        number: u32::try_from(number).unwrap_or(u32::MAX),
        generation: u32::try_from(generation).unwrap_or(u32::MAX),
    })
}

/// The `N G ` that ends `before`: its offset and the two numbers.
fn plain(before: &[u8], work: &mut usize) -> Option<(usize, u32, u32)> {
    let (before, generation, _) = number_before(before, work)?;
    let (rest, number, gap) = number_before(without_sign(before), work)?;
    (gap > 0).then_some((rest.len(), number, generation))
}

/// The same with comments between its parts, which are blanks (7.2.4): each ends with its line.
fn behind_comments(before: &[u8], work: &mut usize) -> Option<(usize, u32, u32)> {
    let before = without_comments(before, work)?;
    let (rest, generation, _) = number_before(before, work)?;
    let rest = without_comments(without_sign(rest), work)?;
    let (rest, number, _) = number_before(rest, work)?;
    Some((rest.len(), number, generation))
}

fn without_sign(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"+").or_else(|| text.strip_suffix(b"-")).unwrap_or(text)
}

/// Text without the blanks and comments at its end; a few of them when the work is done, so that a file of nothing else stays linear.
fn without_comments<'t>(mut text: &'t [u8], work: &mut usize) -> Option<&'t [u8]> {
    for passed in 0..MANY {
        if passed >= FEW && *work == 0 {
            break;
        }
        let length = run(text, work, is_space);
        let blanks = text.get(text.len().checked_sub(length)?..)?;
        let ends = blanks.iter().any(|blank| matches!(blank, b'\r' | b'\n'));
        text = text.get(..text.len().checked_sub(length)?)?;
        if !ends {
            break;
        }
        let line = run(text, work, |b| !matches!(b, b'\r' | b'\n'));
        let start = text.len().checked_sub(line)?;
        match memchr::memchr(b'%', text.get(start..)?) {
            Some(at) => text = text.get(..start.saturating_add(at))?,
            None => break,
        }
    }
    Some(text)
}

/// A number at the end of `text`, with the spaces behind it counted.
fn number_before<'t>(text: &'t [u8], work: &mut usize) -> Option<(&'t [u8], u32, usize)> {
    let spaces = run(text, work, is_space);
    let text = text.get(..text.len().checked_sub(spaces)?)?;
    let digits = run(text, work, |b| b.is_ascii_digit());
    if digits == 0 {
        return None;
    }
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(digits)?)?;
    let number = digits
        .iter()
        .fold(0_u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b.saturating_sub(b'0'))));
    Some((rest, number, spaces))
}

/// How many bytes of a kind end the text.
fn run(text: &[u8], work: &mut usize, is: impl Fn(u8) -> bool) -> usize {
    let most = if *work > 0 { LONG } else { SHORT };
    let length = text.iter().rev().take(most).take_while(|b| is(**b)).count();
    *work = work.saturating_sub(length.saturating_sub(SHORT));
    length
}
