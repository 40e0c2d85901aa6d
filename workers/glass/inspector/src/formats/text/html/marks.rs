//! Where markup that a browser acts on begins, in any bytes: elements by their names, and attributes that act on any element.
//!
//! WHATWG HTML, section 13.2.5.8: a tag opens with `<` and a letter, and its name ends at a blank, `/` or `>`. What a tag holds is not
//! read: in bytes that may be anything, a quote that is never closed must hide nothing. One pass, whatever the bytes are.

use std::cell::OnceCell;
use std::collections::HashSet;

/// Elements that run, load, ask for or lead to something, or begin a page; sorted.
const ELEMENTS: &[&[u8]] = &[
    b"applet",
    b"audio",
    b"base",
    b"body",
    b"button",
    b"embed",
    b"form",
    b"frame",
    b"frameset",
    b"head",
    b"html",
    b"iframe",
    b"img",
    b"input",
    b"link",
    b"meta",
    b"object",
    b"portal",
    b"script",
    b"style",
    b"svg",
    b"template",
    b"textarea",
    b"title",
    b"video",
];
/// Those that act in XML behind a declared prefix; sorted. Office documents have a `body` of their own.
const PREFIXED: &[&[u8]] = &[
    b"a",
    b"button",
    b"embed",
    b"foreignobject",
    b"form",
    b"html",
    b"iframe",
    b"img",
    b"input",
    b"link",
    b"meta",
    b"object",
    b"script",
    b"svg",
];
/// Longest name of an element without its prefix.
const LONGEST: usize = 16;
/// Longest prefix, in bytes.
const LONGEST_PREFIX: usize = 4096;

/// The places where something begins that a browser acts on; elements in order, then attributes.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = usize> {
    elements(bytes).chain(attributes(bytes))
}

/// One of them: the first element, or else the first attribute.
pub fn first(bytes: &[u8]) -> Option<usize> {
    all(bytes).next()
}

/// The places where an element opens that acts, in order.
pub fn elements(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let prefixes = OnceCell::new();
    memchr::memchr_iter(b'<', bytes).filter(move |at| {
        let tag = bytes.get(at.saturating_add(1)..).unwrap_or_default();
        let declares = |prefix| prefixes.get_or_init(|| declared(bytes)).contains(prefix);
        is_element(tag) || prefixed(tag).is_some_and(declares)
    })
}

/// The prefixes that the bytes declare (Namespaces in XML 1.0, section 3): what stands before a colon by chance is none of them.
fn declared(bytes: &[u8]) -> HashSet<&[u8]> {
    const WORD: &[u8] = b"xmlns:";
    memchr::memmem::find_iter(bytes, WORD)
        .map(|at| prefix(bytes.get(at.saturating_add(WORD.len())..).unwrap_or_default()))
        .filter(|prefix| !prefix.is_empty())
        .collect()
}

/// The name that the bytes begin with.
fn prefix(bytes: &[u8]) -> &[u8] {
    let part = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii() || matches!(b, b'-' | b'_' | b'.');
    let length = bytes.iter().take(LONGEST_PREFIX).take_while(|b| part(b)).count();
    bytes.get(..length).unwrap_or_default()
}

/// True when the bytes behind a `<` are the name of an element that acts.
fn is_element(tag: &[u8]) -> bool {
    match tag.first() {
        Some(b'!') => tag.get(1..13).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype html")),
        Some(first) if first.is_ascii_alphabetic() => {
            is_named(tag, ELEMENTS) || tag.get(..15).is_some_and(|word| word.eq_ignore_ascii_case(b"hta:application"))
        }
        _ => false,
    }
}

/// The prefix of an element that acts, behind a `<`. A prefix holds no `<`: no byte is read twice.
fn prefixed(tag: &[u8]) -> Option<&[u8]> {
    let prefix = prefix(tag);
    let name = tag.get(prefix.len()..)?.strip_prefix(b":")?;
    is_named(name, PREFIXED).then_some(prefix)
}

/// True when the bytes begin with one of the names, and the name ends there.
fn is_named(tag: &[u8], sorted: &[&[u8]]) -> bool {
    let near = tag.get(..LONGEST).unwrap_or(tag);
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let Some(length) = near.iter().position(ends) else { return false };
    let lower = near.get(..length).unwrap_or_default().to_ascii_lowercase();
    sorted.binary_search(&lower.as_slice()).is_ok()
}

/// Event handlers and links behind the first tag: `=` with a blank or a quote, `on…` or `href`, and perhaps blanks before it.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let opens = |at: &usize| bytes.get(at.saturating_add(1)).is_some_and(u8::is_ascii_alphabetic);
    let tag = memchr::memchr_iter(b'<', bytes).find(opens).unwrap_or(bytes.len());
    let rest = bytes.get(tag..).unwrap_or_default();
    memchr::memchr_iter(b'=', rest).filter_map(move |equals| {
        let before = rest.get(..equals).unwrap_or_default().trim_ascii_end();
        let word = before.iter().rev().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
        let start = before.len().saturating_sub(word);
        let name = before.get(start..).unwrap_or_default();
        let handler = word > 4 && name.get(..2).is_some_and(|on| on.eq_ignore_ascii_case(b"on"));
        let bound = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'' | b':');
        let apart = start.checked_sub(1).and_then(|at| before.get(at)).is_some_and(bound);
        (apart && (handler || name.eq_ignore_ascii_case(b"href"))).then(|| tag.saturating_add(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_found_in_any_bytes() {
        for page in [
            &b"\x00\x01GIF89a<HTML>"[..],
            b"x<script src=a>",
            b"<script \x01>",
            b"<svg/onload=x()>",
            b"<details open ontoggle = 'x()'>",
            b"<details title='>' ontoggle=x()>",
            b"<x a='b'onclick=\"x()\">",
            b"<a class=x href=//y>",
            b"<!DOCTYPE html>",
            b"<s:script xmlns:s='http://www.w3.org/2000/svg'>",
            "<\u{e9}:svg xmlns:\u{e9}='http://www.w3.org/2000/svg'>".as_bytes(),
            b"<q:div xmlns:q='http://www.w3.org/1999/xhtml'><q:form action=x>",
            b"<hta:application id=x>",
        ] {
            assert!(first(page).is_some(), "{}", String::from_utf8_lossy(page));
        }
        let far = [&b"<details title='"[..], &[b'A'; 9000], b"' ontoggle=x()>"].concat();
        assert_eq!(first(&far), Some(9018));
        let long = [
            &b"<"[..],
            &[b'p'; 80],
            b":svg xmlns:",
            &[b'p'; 80],
            b"='http://www.w3.org/2000/svg'>",
        ]
        .concat();
        assert_eq!(first(&long), Some(0));
    }

    #[test]
    fn other_brackets_are_none() {
        for data in [
            &b"<w:body xmlns:w='y'><w:p/></w:body>"[..],
            b"<w:p xmlns:w='y'> see: <b>",
            b"std::html <x:html>",
            b"<q:script xmlns:w='y'>",
            b"if a<b and c>d: pass",
            b"<scr\x00ipt>",
            b"<script\x00",
            b"<para class='on'> one = 1",
            b"online = 1",
        ] {
            assert_eq!(first(data), None, "{}", String::from_utf8_lossy(data));
        }
        assert_eq!(all(b"<p><script><b><svg >").collect::<Vec<_>>(), [3, 14]);
    }

    #[test]
    fn the_names_are_sorted() {
        assert!(ELEMENTS.is_sorted() && PREFIXED.is_sorted());
    }
}
