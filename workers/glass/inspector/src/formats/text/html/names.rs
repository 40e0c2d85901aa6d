//! Names of elements with a prefix of XML.

/// The name without its prefix: in XML `b:script` is a script wherever `b` stands for SVG or XHTML.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
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
    fn a_name_is_told_without_its_prefix() {
        assert_eq!((local("x:script"), local("script")), ("script", "script"));
    }
}
