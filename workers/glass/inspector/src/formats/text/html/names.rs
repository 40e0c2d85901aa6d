//! What tags look like before they are read: names with a prefix of XML, and how many attributes a tag may have.

use std::borrow::Cow;

/// The name without its prefix: in XML `b:script` is a script wherever `b` stands for SVG or XHTML.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// True when an element opens whose local name acts in a browser, and the text names XML namespaces.
pub(super) fn has_prefixed(head: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"html",
        b"svg",
        b"script",
        b"iframe",
        b"form",
        b"foreignobject",
        b"object",
        b"embed",
    ];
    const LONGEST_PREFIX: usize = 64;
    if memchr::memmem::find(head, b"xmlns").is_none() {
        return false;
    }
    memchr::memchr_iter(b':', head).any(|colon| {
        let before = head.get(colon.saturating_sub(LONGEST_PREFIX)..colon).unwrap_or_default();
        let word = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii() || matches!(b, b'-' | b'_' | b'.');
        let prefix = before.iter().rev().take_while(|b| word(b)).count();
        let opens = prefix > 0 && before.iter().rev().nth(prefix) == Some(&b'<');
        let name = head.get(colon.saturating_add(1)..).unwrap_or_default();
        let length = name.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
        let name = name.get(..length).unwrap_or_default();
        opens && NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The text with each tag that may have more attributes than `most` made several of the same name: all of its attributes are kept, and
/// reading it takes time in proportion to its length.
pub(super) fn in_short_tags(text: &str, most: usize) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0_usize;
    let mut at = 0_usize;
    while let Some(open) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(open).saturating_add(1);
        if !bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let name = name_at(text, at);
        let mut count = 0_usize;
        while let Some(&b) = bytes.get(at) {
            at = at.saturating_add(1);
            match b {
                b'>' => break,
                b'=' if quoted(bytes, at).is_some() => {
                    let start = quoted(bytes, at).unwrap_or(at);
                    let quote = bytes.get(start).copied().unwrap_or_default();
                    let from = start.saturating_add(1);
                    let close = memchr::memchr(quote, bytes.get(from..).unwrap_or_default()).unwrap_or_default();
                    at = from.saturating_add(close).saturating_add(1);
                    count = count.saturating_add(1);
                }
                b' ' | b'\t' | b'\n' | b'\r' | b'/' | 0x0c => count = count.saturating_add(1),
                _ => {}
            }
            let blank = b.is_ascii_whitespace() && bytes.get(at).is_some_and(|next| next.is_ascii_alphabetic());
            if count >= most && blank {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str("><");
                out.push_str(name);
                out.push(' ');
                copied = at;
                count = 0;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where the quote stands in which a value begins, behind its `=`.
fn quoted(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let blanks = rest.iter().position(|b| !b.is_ascii_whitespace())?;
    matches!(rest.get(blanks), Some(b'"' | b'\'')).then(|| at.saturating_add(blanks))
}

fn name_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
        .unwrap_or(rest.len());
    // A name that long means nothing to a browser.
    rest.get(..end).filter(|name| name.len() <= 64).unwrap_or("x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_count_where_namespaces_are() {
        assert!(has_prefixed(b"<x:html xmlns:x='http://www.w3.org/1999/xhtml'>") && local("x:script") == "script");
        assert!(!has_prefixed(b"<w:p xmlns:w='y'> see: <b>") && !has_prefixed(b"std::html <x:html>"));
    }

    #[test]
    fn a_tag_with_very_many_attributes_becomes_several() {
        let many = format!("<img {}onerror=x()>", "b=\">\" ".repeat(9000));
        let short = in_short_tags(&many, 500);
        assert!(short.matches("<img ").count() > 9 && short.ends_with("onerror=x()>"));
        assert_eq!(short.matches("b=\">\"").count(), 9000);
        let usual = "<p class=a><p> lots of text with blanks </p> < no tag";
        assert!(matches!(in_short_tags(usual, 500), Cow::Borrowed(text) if text == usual));
    }
}
