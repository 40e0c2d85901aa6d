//! Names of elements with a prefix of XML.

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

/// The text with an `x` before each name that begins as no name of HTML does: in XML it may begin with `_`, and with most letters that are
/// not of ASCII (XML 1.0, section 2.3). `None` when there is none.
pub(super) fn in_ascii(text: &str) -> Option<String> {
    let begins = |c: char| c == '_' || (!c.is_ascii() && c != '\u{fffd}');
    let mut out = String::new();
    let mut copied = 0_usize;
    for open in memchr::memchr_iter(b'<', text.as_bytes()) {
        let behind = open.saturating_add(1);
        let rest = text.get(behind..).unwrap_or_default();
        let slash = usize::from(rest.starts_with('/'));
        if rest.get(slash..).and_then(|name| name.chars().next()).is_some_and(begins) {
            let at = behind.saturating_add(slash);
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push('x');
            copied = at;
        }
    }
    (copied > 0).then(|| out + text.get(copied..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_xml_become_names_of_html() {
        assert_eq!(
            in_ascii("<\u{e9}:a><_:b></_:b>< c>").as_deref(),
            Some("<x\u{e9}:a><x_:b></x_:b>< c>")
        );
        assert_eq!(in_ascii("<a><b>"), None);
    }

    #[test]
    fn prefixes_count_where_namespaces_are() {
        assert!(has_prefixed(b"<x:html xmlns:x='http://www.w3.org/1999/xhtml'>") && local("x:script") == "script");
        assert!(!has_prefixed(b"<w:p xmlns:w='y'> see: <b>") && !has_prefixed(b"std::html <x:html>"));
    }
}
