//! What tags look like before they are read: names with a prefix of XML, and how many attributes a tag may have.

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

/// The most attributes that one tag may have, by counting blanks outside quotes; an upper bound that costs one pass.
pub(super) fn longest_tag(bytes: &[u8]) -> usize {
    let mut longest = 0_usize;
    let mut at = 0_usize;
    while let Some(open) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(open).saturating_add(1);
        if !bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let mut count = 0_usize;
        while let Some(&b) = bytes.get(at) {
            at = at.saturating_add(1);
            match b {
                b'>' => break,
                b'=' if matches!(bytes.get(at), Some(b'"' | b'\'')) => {
                    let quote = bytes.get(at).copied().unwrap_or_default();
                    let from = at.saturating_add(1);
                    let close = memchr::memchr(quote, bytes.get(from..).unwrap_or_default()).unwrap_or_default();
                    at = from.saturating_add(close).saturating_add(1);
                    count = count.saturating_add(1);
                }
                b' ' | b'\t' | b'\n' | b'\r' | b'/' | 0x0c => count = count.saturating_add(1),
                _ => {}
            }
        }
        longest = longest.max(count);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::text::html::MAX_ATTRIBUTES;

    #[test]
    fn prefixes_count_where_namespaces_are() {
        assert!(has_prefixed(b"<x:html xmlns:x='http://www.w3.org/1999/xhtml'>") && local("x:script") == "script");
        assert!(!has_prefixed(b"<w:p xmlns:w='y'> see: <b>") && !has_prefixed(b"std::html <x:html>"));
    }

    #[test]
    fn a_tag_with_very_many_attributes_is_seen_beforehand() {
        assert!(longest_tag(format!("<a {}>", "b=\">\" ".repeat(9000)).as_bytes()) > MAX_ATTRIBUTES);
        assert!(longest_tag(b"<p class=a><p> lots of text with blanks </p> < no tag") < 10);
    }
}
