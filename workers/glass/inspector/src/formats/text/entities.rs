//! Internal entities and default attributes of XML (XML 1.0, sections 3.3.2, 4.2 and 4.4): a viewer of SVG replaces them before it looks
//! for scripts, so the text with everything replaced is a layer.

mod declared;

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use self::declared::{Declared, characters, declaration, outside_quotes, subset_end};
use super::html;
use crate::sink::Sink;

/// Most bytes and references that replacing may add (1 MiB).
const MAX_GROWN: usize = 1 << 20;
/// How deep an entity may stand in others.
const MAX_DEPTH: usize = 8;

/// Hands on the text with its entities replaced, when it declares any.
pub fn unpack(text: &str, sink: &mut Sink<'_, '_>) {
    let Some(expanded) = expand(text) else {
        // Nobody needs references for letters and digits: a script host reads what they stand for.
        if is_xml(text) && spells_letters(text) {
            sink.layer_slice("xml-entities", "text", characters(text).as_bytes());
        }
        return;
    };
    sink.layer_slice("xml-entities", "text", expanded.out.as_bytes());
    if expanded.cut {
        let detail = "the entities of this document stand for more text than is replaced: the rest was not looked at";
        sink.gap(Gap::new(GapKind::OverBudget, detail));
    }
}

/// The text with everything replaced.
#[derive(Default)]
struct Expanded {
    out: String,
    grown: usize,
    replaced: bool,
    cut: bool,
}

fn expand(text: &str) -> Option<Expanded> {
    memmem::find(text.as_bytes(), b"<!ENTITY").or_else(|| memmem::find(text.as_bytes(), b"<!ATTLIST"))?;
    let start = declaration(text)?;
    let head = text.get(start..)?;
    let open = outside_quotes(head, "[>").filter(|at| head.get(*at..).is_some_and(|rest| rest.starts_with('[')))?;
    let inner = head.get(open.saturating_add(1)..)?;
    let close = subset_end(inner);
    let mut declared = Declared::default();
    declared.read(inner.get(..close)?, 0);
    let behind = inner.get(close..)?;
    let body = behind.get(behind.find('>')?.saturating_add(1)..)?;
    let mut expanded = Expanded::default();
    expanded.out.push_str(text.get(..start)?);
    for (element, attribute, value) in &declared.defaults {
        expanded.out.push_str(&format!("<{element} {attribute}=\""));
        expanded.text(value, true, 0, &declared);
        expanded.out.push_str("\"/>\n");
        expanded.replaced = true;
    }
    expanded.text(body, false, 0, &declared);
    (expanded.replaced || expanded.cut).then_some(expanded)
}

impl Expanded {
    /// Appends a piece of the document; `attribute` when it stands in a value, where markup is text.
    fn text(&mut self, text: &str, attribute: bool, depth: usize, declared: &Declared<'_>) {
        let mut rest = text;
        let (mut tag, mut quote) = (false, None);
        while let Some(c) = rest.chars().next() {
            // What is no markup of its own is copied as it stands.
            let passed = ["<!--", "<![CDATA["]
                .iter()
                .zip(["-->", "]]>"])
                .find(|(opens, _)| !attribute && !tag && rest.starts_with(**opens));
            if let Some((_, closes)) = passed {
                let end = rest.find(closes).map_or(rest.len(), |at| at.saturating_add(3));
                self.out.push_str(rest.get(..end).unwrap_or_default());
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            match c {
                '<' if attribute => self.out.push_str("&lt;"),
                '"' if attribute => self.out.push_str("&quot;"),
                '\'' if attribute => self.out.push_str("&#39;"),
                '&' => {
                    if let Some((name, value)) = reference(rest).and_then(|name| Some((name, declared.general.get(name)?))) {
                        self.reference(value, attribute || quote.is_some(), depth, declared);
                        rest = rest.get(name.len().saturating_add(2)..).unwrap_or_default();
                        continue;
                    }
                    self.out.push('&');
                }
                _ => self.out.push(c),
            }
            match c {
                '<' => tag = true,
                '>' if quote.is_none() => tag = false,
                '"' | '\'' if tag && quote.is_none() => quote = Some(c),
                '"' | '\'' if quote == Some(c) => quote = None,
                _ => {}
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }

    fn reference(&mut self, value: &str, attribute: bool, depth: usize, declared: &Declared<'_>) {
        // A reference costs something even when it stands for nothing.
        let grown = self.grown.saturating_add(value.len()).saturating_add(1);
        if depth >= MAX_DEPTH || grown > MAX_GROWN {
            self.cut = true;
            return;
        }
        self.grown = grown;
        self.replaced = true;
        self.text(value, attribute, depth.saturating_add(1), declared);
    }
}

/// Whether the text is XML and no page, whose own reader undoes its references.
fn is_xml(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<?xml") || (start.starts_with('<') && !html::begins_like_html(text.as_bytes()))
}

/// Whether a numeric reference stands for an ASCII letter or digit.
fn spells_letters(text: &str) -> bool {
    /// Bytes that are looked at for the end of a reference: one may have any number of zeros, which count as letters.
    const WINDOW: usize = 64;
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, "&#").any(|at| {
        let rest = bytes.get(at.saturating_add(2)..).unwrap_or_default();
        let rest = rest.get(..WINDOW).unwrap_or(rest);
        let Some(end) = memchr::memchr(b';', rest) else {
            return rest.len() == WINDOW && rest.iter().skip(1).all(|b| *b == b'0');
        };
        let digits = rest
            .get(..end)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .unwrap_or_default();
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        number.ok().and_then(char::from_u32).is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// The name of the reference that the text begins with.
fn reference(text: &str) -> Option<&str> {
    let name = text.get(1..)?;
    let end = name.bytes().take(256).position(|b| b == b';')?;
    name.get(..end).filter(|name| !name.is_empty() && !name.starts_with('#'))
}

/// Text with the references replaced that need no declaration (section 4.6).
pub fn plain(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    named.into_iter().fold(
        characters(text),
        |text, (name, c)| if text.contains(name) { text.replace(name, c) } else { text },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(subset: &str, body: &str) -> String {
        expand(&format!("<?xml version='1.0'?><!DOCTYPE svg [{subset}]>{body}")).map_or_else(String::new, |e| e.out)
    }

    #[test]
    fn references_are_replaced_by_what_they_stand_for() {
        assert!(seen("<!ENTITY a '&#60;script>x()&#x3c;/script>'>", "<svg>&a;</svg>").ends_with("<svg><script>x()</script></svg>"));
        assert!(seen("<!ENTITY a \"y\"><!-- ]> ' --><!ENTITY b '&a;&a;'>", "<g>&b;&lt;</g>").ends_with("<g>yy&lt;</g>"));
        assert!(seen("<!ENTITY e 'a(\"1\")'>", "<svg onload=\"&e;\"/>").ends_with("<svg onload=\"a(&quot;1&quot;)\"/>"));
        assert!(seen("<!ENTITY % p \"<!ENTITY a 'z'>\">%p;", "<svg>&a;</svg>").ends_with("<svg>z</svg>"));
        assert!(seen("<!ENTITY a '<!-- ]'><!-- ' ]> --><?x ] ?>", "<svg>&a;</svg>").ends_with("<svg><!-- ]</svg>"));
        assert!(expand("<!-- <!DOCTYPE a []> --><!DOCTYPE svg [<!ENTITY a 'x'>]><svg>&a;</svg>").is_some());
        assert!(seen("<!ENTITY a 'x'>", "<svg><![CDATA[&a;]]>&#38;a;</svg>").is_empty());
    }

    #[test]
    fn default_attributes_are_attributes() {
        let text = seen(
            "<!ATTLIST svg width CDATA #REQUIRED k (a|b) 'a' onload CDATA #FIXED \"go()\">",
            "<svg/>",
        );
        assert!(text.contains("<svg k=\"a\"/>") && text.contains("<svg onload=\"go()\"/>"), "{text}");
    }

    #[test]
    fn unfinished_markup_costs_one_pass() {
        for hostile in ["&#", "%", "<!--", "<?", "<!ENTITY a '"] {
            let text = hostile.repeat(1 << 18);
            assert!(expand(&format!("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>{text}")).is_none());
            assert!(!spells_letters(&text));
        }
        assert!(spells_letters("<a>&#x000000000000041;</a>") && !spells_letters("<a>&#x0000000000000e9;</a>"));
    }

    #[test]
    fn growth_has_an_end() {
        let mut subset = "<!ENTITY a0 'lol'>".to_owned();
        (1..10).for_each(|n| subset += &format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)));
        let all = expand(&format!("<!DOCTYPE l [{subset}]><l>&a7;</l>")).unwrap();
        assert!(all.cut && all.out.len() < 4 * MAX_GROWN);
        assert!(expand("<!DOCTYPE l [<!ENTITY a '&a;'>]><l>&a;</l>").unwrap().cut);
        assert!(expand("<!DOCTYPE html><p>&nbsp;</p>").is_none());
    }
}
