//! Internal entities and default attributes of XML (XML 1.0, sections 3.3.2, 4.2 and 4.4): a viewer of SVG replaces them before it looks
//! for scripts, so the text with everything replaced is a layer.

use std::collections::HashMap;

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use crate::sink::Sink;

/// Most bytes and references that replacing may add (1 MiB).
const MAX_GROWN: usize = 1 << 20;
/// How deep an entity may stand in others.
const MAX_DEPTH: usize = 8;

/// Hands on the text with its entities replaced, when it declares any.
pub fn unpack(text: &str, sink: &mut Sink<'_, '_>) {
    let Some(expanded) = expand(text) else { return };
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

/// What the internal subset declares. The first declaration of a name counts.
#[derive(Default)]
struct Declared<'t> {
    general: HashMap<&'t str, String>,
    /// Parameter entities: they hold further declarations.
    parameter: HashMap<&'t str, &'t str>,
    /// Element, attribute and its default value.
    defaults: Vec<(&'t str, &'t str, &'t str)>,
    steps: usize,
}

fn expand(text: &str) -> Option<Expanded> {
    memmem::find(text.as_bytes(), b"<!ENTITY").or_else(|| memmem::find(text.as_bytes(), b"<!ATTLIST"))?;
    let start = memmem::find(text.as_bytes(), b"<!DOCTYPE")?;
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

impl<'t> Declared<'t> {
    /// Reads declarations, those that parameter entities hold with them.
    fn read(&mut self, subset: &'t str, depth: usize) {
        let mut rest = subset;
        while let Some(at) = rest.find(['<', '%']) {
            rest = rest.get(at..).unwrap_or_default();
            self.steps = self.steps.saturating_add(1);
            let end = if rest.starts_with("<!--") {
                rest.find("-->").map(|at| at.saturating_add(3))
            } else if rest.starts_with("<?") {
                rest.find("?>").map(|at| at.saturating_add(2))
            } else if rest.starts_with('%') {
                let name = rest.get(1..).and_then(|r| r.get(..r.find(';')?.min(256)));
                if let Some(value) = name
                    .and_then(|name| self.parameter.get(name))
                    .filter(|_| depth < MAX_DEPTH && self.steps < 10_000)
                {
                    self.read(value, depth.saturating_add(1));
                }
                Some(1)
            } else {
                outside_quotes(rest, ">").map(|at| at.saturating_add(1))
            };
            let Some(end) = end else { break };
            let (declaration, tail) = rest.split_at(end.min(rest.len()));
            if let Some(words) = declaration.strip_prefix("<!ENTITY") {
                self.entity(words);
            } else if let Some(words) = declaration.strip_prefix("<!ATTLIST") {
                self.attributes(words);
            }
            rest = tail;
        }
    }

    fn entity(&mut self, words: &'t str) {
        let words = words.trim_start();
        let (parameter, words) = match words.strip_prefix('%') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, words),
        };
        let Some((name, value)) = words.split_once(|c: char| c.is_ascii_whitespace()) else {
            return;
        };
        let value = value.trim_start();
        let Some(value) = value
            .chars()
            .next()
            .filter(|q| matches!(q, '"' | '\''))
            .and_then(|q| value.get(1..)?.split(q).next())
        else {
            return;
        };
        if parameter {
            self.parameter.entry(name).or_insert(value);
        } else {
            self.general.entry(name).or_insert_with(|| characters(value));
        }
    }

    /// `element (attribute type default)*`, the defaults that are values.
    fn attributes(&mut self, words: &'t str) {
        let words = tokens(words);
        let Some((element, mut rest)) = words.split_first() else { return };
        while let [name, kind, tail @ ..] = rest {
            rest = if *kind == "NOTATION" {
                tail.get(1..).unwrap_or_default()
            } else {
                tail
            };
            if let Some(keyword) = rest.first().filter(|word| word.starts_with('#')) {
                rest = rest.get(1..).unwrap_or_default();
                if *keyword != "#FIXED" {
                    continue;
                }
            }
            let Some((value, tail)) = rest.split_first() else { return };
            if let Some(value) = value.strip_prefix(['"', '\'']) {
                self.defaults.push((element, name, value));
            }
            rest = tail;
        }
    }
}

/// Words, lists in brackets, and literals with their first quote.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next().filter(|c| *c != '>') {
        let inner = rest.get(c.len_utf8()..).unwrap_or_default();
        let length = match c {
            '"' | '\'' => inner.find(c),
            '(' => inner.find(')'),
            _ => inner.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '(' | '"' | '\'')),
        };
        let length = length.unwrap_or(inner.len());
        let end = length.saturating_add(c.len_utf8());
        out.push(rest.get(..end).unwrap_or_default());
        let closed = usize::from(matches!(c, '"' | '\'' | '('));
        rest = rest.get(end.saturating_add(closed)..).unwrap_or_default().trim_start();
    }
    out
}

/// The name of the reference that the text begins with.
fn reference(text: &str) -> Option<&str> {
    let name = text.get(1..)?;
    let end = name.bytes().take(256).position(|b| b == b';')?;
    name.get(..end).filter(|name| !name.is_empty() && !name.starts_with('#'))
}

/// A literal with its character references replaced, as a declaration is read (section 4.5).
fn characters(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("&#") {
        out.push_str(before);
        let code = after.bytes().take(12).position(|b| b == b';').and_then(|end| after.get(..end));
        let number = code.and_then(|code| match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        });
        match number.and_then(char::from_u32).zip(code) {
            Some((c, code)) => {
                out.push(c);
                rest = after.get(code.len().saturating_add(1)..).unwrap_or_default();
            }
            None => {
                out.push_str("&#");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Text with the references replaced that need no declaration (section 4.6).
pub fn plain(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    named.into_iter().fold(
        characters(text),
        |text, (name, c)| if text.contains(name) { text.replace(name, c) } else { text },
    )
}

/// Where one of the characters stands outside of literals.
fn outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if wanted.contains(c) => return Some(at),
            None => {}
        }
    }
    None
}

/// Where the internal subset ends: at a bracket outside of literals and comments.
fn subset_end(text: &str) -> usize {
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let comment = rest.find("<!--").unwrap_or(rest.len());
        let plain = rest.get(..comment).unwrap_or(rest);
        if let Some(end) = outside_quotes(plain, "]") {
            return at.saturating_add(end);
        }
        let skipped = rest.get(comment..).and_then(|c| c.find("-->")).unwrap_or(rest.len());
        at = at.saturating_add(comment).saturating_add(skipped).max(at.saturating_add(1));
    }
    text.len()
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
    fn growth_has_an_end() {
        let mut subset = "<!ENTITY a0 'lol'>".to_owned();
        (1..10).for_each(|n| subset += &format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)));
        let all = expand(&format!("<!DOCTYPE l [{subset}]><l>&a7;</l>")).unwrap();
        assert!(all.cut && all.out.len() < 4 * MAX_GROWN);
        assert!(expand("<!DOCTYPE l [<!ENTITY a '&a;'>]><l>&a;</l>").unwrap().cut);
        assert!(expand("<!DOCTYPE html><p>&nbsp;</p>").is_none());
    }
}
