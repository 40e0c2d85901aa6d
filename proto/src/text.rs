//! Hostile text made printable: names, URLs and excerpts are escaped and cut before any person or log sees them.

use std::fmt::Write as _;

/// Escapes bytes to printable text: ASCII as it is, valid UTF-8 letters as they are, everything else as `\xNN` or `<U+NNNN>`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_char(&mut out, c);
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out
}

/// Longest file name in bytes, as common file systems have it.
const MAX_NAME_BYTES: usize = 255;
/// Longest ending in bytes, dot included, that is kept whole when a name is cut.
const MAX_ENDING_BYTES: usize = 32;

/// Cuts a file name to 255 bytes so that its ending stays, which says what a double click does; an ending longer than 32 bytes is none.
///
/// The name that is judged and the name that is handed out are cut by the same measure, so that they end alike.
pub fn cut_name(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .filter(|ending| ending.len() <= MAX_ENDING_BYTES)
        .unwrap_or_default();
    let mut end = MAX_NAME_BYTES.saturating_sub(ending.len());
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    format!("{}{ending}", name.get(..end).unwrap_or_default())
}

/// The name that a disk gets: browsers and Windows drop dots and blanks at the end, which hide what a double click does.
pub fn saved_name(name: &str) -> &str {
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Escapes text for a terminal, a page or a log: control, bidirectional and invisible characters become visible.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_char(&mut out, c);
    }
    out
}

/// As [`escape`], for sentences: backslashes stay as they are, so that paths read well.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' { out.push(c) } else { push_char(&mut out, c) }
    }
    out
}

/// Cuts text to at most `max` bytes at a character boundary, ending in `…` where something was cut.
pub fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while end > 0 && !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    out.push('…');
    out
}

fn push_char(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if is_invisible(c) => {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
        c => out.push(c),
    }
}

/// True for characters that change how text looks without being seen (C1 controls, bidirectional controls, zero-width and tag characters).
pub fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0x9f | 0xad | 0x61c | 0x115f | 0x1160 | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        | 0x2800 | 0x3164 | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bidi_and_controls_become_visible() {
        assert_eq!(escape("a\u{202e}b\u{1b}[0m\n"), "a<U+202E>b\\x1b[0m\\n");
        assert_eq!(escape_bytes(b"ok\xff\x00"), "ok\\xff\\x00");
    }

    #[test]
    fn a_cut_ends_at_a_character() {
        assert_eq!(cut("äöü", 5), "ä…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
