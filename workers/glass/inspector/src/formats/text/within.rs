//! Text that stands within data: a browser and a script host go by the name of a file, and read all of it whatever it begins with.
//!
//! A picture that is called `.html` is a page if markup stands anywhere in it. So what can be read of such data is a layer of its own:
//! the bytes without those that are no text.

use std::borrow::Cow;

use airlock_proto::{Gap, GapKind};

use super::charset;
use super::hosts::words;
use super::html::marks;
use crate::formats::{ole2, stored};
use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::sink::Sink;

/// The layer's name: what a node of it holds is read as text without being asked.
pub const LAYER: &str = "readable";
/// Longest text that is made of data, in bytes of the data.
const LONGEST: usize = 64 * 1024 * 1024;
/// Where the data is longer: what is taken before the first place that tells.
const BEFORE: usize = 1024 * 1024;

/// The text of data that says to be UTF-16, by its first bytes or by the server's word: it holds a page or a script, or is of no other
/// type. Who reads it goes by the mark alone, and takes what is no character for one.
fn wide(input: &Input<'_>) -> Option<String> {
    let text = charset::marked(input.bytes).or_else(|| charset::declared(input.bytes, input.declared_type?))?;
    let tells = || marks::first(text.as_bytes()).is_some() || words(text.as_bytes()).next().is_some();
    (labels::find(input.bytes).is_none() || tells()).then_some(text)
}

/// True for data, neither an archive nor a program, within which a browser or a script host would find something to act on.
pub fn holds(input: &Input<'_>) -> bool {
    may_hold(input) && (marks::first(input.bytes).is_some() || words(input.bytes).next().is_some() || wide(input).is_some())
}

/// The same for a browser alone.
pub fn holds_page(input: &Input<'_>) -> bool {
    may_hold(input) && acts(input)
}

fn acts(input: &Input<'_>) -> bool {
    marks::first(input.bytes).is_some() || wide(input).is_some_and(|text| marks::first(text.as_bytes()).is_some())
}

/// True when markup stands in it, also where a byte order mark says that it is UTF-16.
pub fn is_page(bytes: &[u8]) -> bool {
    acts(&Input::bare(bytes))
}

/// Hands on what can be read of the data.
pub fn unpack(input: &Input<'_>, sink: &mut Sink<'_, '_>) {
    let wide = wide(input);
    let bytes = wide.as_ref().map_or(input.bytes, |text| text.as_bytes());
    let part = part(bytes);
    let missing = bytes.len().saturating_sub(part.len());
    sink.layer_slice(LAYER, "text within data", readable(part).as_bytes());
    // Where all that tells is in the part, the rest is data.
    let told = |bytes: &[u8]| marks::all(bytes).chain(words(bytes)).count();
    if missing > 0 && told(bytes) > told(part) {
        let gap = Gap::new(GapKind::OverBudget, "text stands within more data than is made readable");
        sink.gap(gap.bytes(len64(missing)));
    }
}

/// Archives hand out their members, programs are looked at as programs, and nobody is given a stream of a compound file.
fn may_hold(input: &Input<'_>) -> bool {
    if input.chain.last().is_some_and(|above| ole2::LABELS.contains(above)) {
        return false;
    }
    let program = labels::find(input.bytes).is_some_and(|label| labels::covers("exe", label.name));
    input.layer != LAYER && !program && !stored::holds_files(input)
}

/// All of the bytes, or as many as may be from shortly before the first place that tells.
fn part(bytes: &[u8]) -> &[u8] {
    if bytes.len() <= LONGEST {
        return bytes;
    }
    let first = marks::first(bytes).into_iter().chain(words(bytes).next()).min().unwrap_or_default();
    let from = first.saturating_sub(BEFORE);
    let to = from.saturating_add(LONGEST).min(bytes.len());
    bytes.get(from..to).unwrap_or_default()
}

/// The bytes as text, without controls and without what is no character.
pub fn readable(bytes: &[u8]) -> Cow<'_, str> {
    let keep = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c');
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().all(keep)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend(chunk.valid().chars().filter(|c| keep(*c)));
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_or_a_script_within_data_is_held() {
        let held = |bytes: &[u8]| holds(&Input::bare(bytes));
        assert!(held(b"GIF89a\x00\x01<script>x()</script>") && held(b"\x89PNG\r\n\x1a\n/* \x00 */ new ActiveXObject('x')"));
        let wide: Vec<u8> = [0xff, 0xfe, 0, 0xd8, 0, 0xd8]
            .into_iter()
            .chain(b"<form action=x>".iter().flat_map(|b| [*b, 0]))
            .collect();
        assert!(held(&wide));
        let program = [&b"MZ\x90\0\x03\0\0\0\x04\0\0\0"[..], &[0; 60], b"<script>x()</script>"].concat();
        let archive = airlock_forge::zip::simple(&[("a.html", b"<script>x()</script>")]);
        assert!(!held(b"GIF89a\x00\x01 no words") && !held(&program) && !held(&archive));
    }

    #[test]
    fn only_text_is_left() {
        assert_eq!(readable(b"\x00a\xff\xc3\xa9\x01\n<b>"), "a\u{e9}\n<b>");
        assert_eq!(readable(b"plain"), Cow::Borrowed("plain"));
    }

    #[test]
    fn of_very_long_data_the_part_that_tells_is_taken() {
        let mut long = vec![0; LONGEST + 8 * BEFORE];
        let at = LONGEST + 4 * BEFORE;
        long.splice(at..at + 16, *b"<script>x();;;;;");
        let part = part(&long);
        assert!(part.len() == 5 * BEFORE && marks::first(part) == Some(BEFORE));
    }
}
