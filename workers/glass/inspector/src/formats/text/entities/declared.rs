//! The declarations of an internal subset: entities, and attributes with a default (XML 1.0, sections 2.8, 3.3 and 4.2).

use std::collections::HashMap;

use super::MAX_DEPTH;

/// What the internal subset declares. The first declaration of a name counts.
#[derive(Default)]
pub(super) struct Declared<'t> {
    pub(super) general: HashMap<&'t str, String>,
    /// Parameter entities: they hold further declarations.
    parameter: HashMap<&'t str, &'t str>,
    /// Element, attribute and its default value.
    pub(super) defaults: Vec<(&'t str, &'t str, &'t str)>,
    steps: usize,
}

impl<'t> Declared<'t> {
    /// Reads declarations, those that parameter entities hold with them.
    pub(super) fn read(&mut self, subset: &'t str, depth: usize) {
        let mut rest = subset;
        while let Some(at) = rest.find(['<', '%']) {
            rest = rest.get(at..).unwrap_or_default();
            self.steps = self.steps.saturating_add(1);
            let end = if rest.starts_with("<!--") {
                rest.find("-->").map(|at| at.saturating_add(3))
            } else if rest.starts_with("<?") {
                rest.find("?>").map(|at| at.saturating_add(2))
            } else if rest.starts_with('%') {
                let name = rest.get(1..).and_then(|r| r.get(..r.bytes().take(256).position(|b| b == b';')?));
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

/// A literal with its character references replaced, as a declaration is read (section 4.5).
pub(super) fn characters(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("&#") {
        out.push_str(before);
        let code = after.bytes().take(64).position(|b| b == b';').and_then(|end| after.get(..end));
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

/// Where one of the characters stands outside of literals.
pub(super) fn outside_quotes(text: &str, wanted: &str) -> Option<usize> {
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

/// Length of the comment or processing instruction that the text begins with.
fn aside(text: &str) -> Option<usize> {
    let close = [("<!--", "-->"), ("<?", "?>")]
        .into_iter()
        .find(|(open, _)| text.starts_with(open))?
        .1;
    Some(text.find(close).map_or(text.len(), |at| at.saturating_add(close.len())))
}

/// Where the document type is declared: behind blanks, comments and instructions, and nothing else.
pub(super) fn declaration(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(length) = aside(rest) {
        rest = rest.get(length..)?.trim_start();
    }
    rest.starts_with("<!DOCTYPE").then(|| text.len().saturating_sub(rest.len()))
}

/// Where the internal subset ends: at a bracket outside of literals, comments and instructions.
pub(super) fn subset_end(text: &str) -> usize {
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match rest.as_bytes().first() {
            Some(b']') => return at,
            Some(b'<') => aside(rest),
            Some(quote @ (b'"' | b'\'')) => {
                let inner = rest.as_bytes().get(1..).unwrap_or_default();
                memchr::memchr(*quote, inner).map(|end| end.saturating_add(2))
            }
            _ => rest.find([']', '<', '"', '\'']).or(Some(rest.len())),
        };
        at = at.saturating_add(step.unwrap_or(1).max(1));
    }
    text.len()
}
