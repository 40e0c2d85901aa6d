//! Where markup that a browser acts on begins, in any bytes: elements by their names, and any element with a handler.
//!
//! WHATWG HTML, section 13.2.5.8: a tag opens with `<` and a letter, and its name ends at a blank, `/` or `>`.

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
/// Those that act in XML behind any prefix; sorted.
const PREFIXED: &[&[u8]] = &[b"foreignobject", b"html", b"iframe", b"script", b"svg"];
/// Longest name with its prefix that is looked at, in bytes.
const LONGEST: usize = 64;
/// How far the attributes of an element are looked at, in bytes.
const ATTRIBUTES: usize = 4096;
/// Bytes behind a name that are text, too, where it is a name.
const BEHIND: usize = 8;

/// The places where an element opens that a browser acts on, in order.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b'<', bytes).filter(|at| opens(bytes.get(at.saturating_add(1)..).unwrap_or_default()))
}

/// The first of them.
pub fn first(bytes: &[u8]) -> Option<usize> {
    all(bytes).next()
}

/// True when the bytes behind a `<` open such an element.
fn opens(tag: &[u8]) -> bool {
    if !tag.first().is_some_and(u8::is_ascii_alphabetic) {
        return tag.first() == Some(&b'!') && tag.get(1..13).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype html"));
    }
    let within = tag.get(..LONGEST).unwrap_or(tag);
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let Some(length) = within.iter().position(ends) else { return false };
    let name = within.get(..length).unwrap_or_default();
    let behind = tag.get(length..).unwrap_or_default();
    let text = |b: &u8| !b.is_ascii() || b.is_ascii_graphic() || b.is_ascii_whitespace();
    if !name
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_' | b'.'))
        || !behind.iter().take(BEHIND).all(text)
    {
        return false;
    }
    match name.iter().rposition(|b| *b == b':') {
        Some(colon) if !name.eq_ignore_ascii_case(b"hta:application") => {
            is_one_of(name.get(colon.saturating_add(1)..).unwrap_or_default(), PREFIXED)
        }
        Some(_) => true,
        None => is_one_of(name, ELEMENTS) || acts(name, behind),
    }
}

fn is_one_of(name: &[u8], sorted: &[&[u8]]) -> bool {
    let lower = name.to_ascii_lowercase();
    sorted.binary_search(&lower.as_slice()).is_ok()
}

/// True for an element with an event handler, and for a link.
fn acts(name: &[u8], behind: &[u8]) -> bool {
    let near = behind.get(..ATTRIBUTES).unwrap_or(behind);
    let link = name.eq_ignore_ascii_case(b"a") || name.eq_ignore_ascii_case(b"area");
    let mut at = 0_usize;
    // An attribute begins behind a blank, a slash or the quote that ends the one before it.
    while let Some(next) = near
        .get(at..)
        .unwrap_or_default()
        .iter()
        .position(|b| is_before_attribute(*b) || *b == b'>')
    {
        at = at.saturating_add(next).saturating_add(1);
        if near.get(at.saturating_sub(1)) == Some(&b'>') {
            return false;
        }
        let rest = near.get(at..).unwrap_or_default();
        let word = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let (word, after) = (rest.get(..word).unwrap_or_default(), rest.get(word..).unwrap_or_default());
        let given = || after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'=');
        let handler = word.len() > 4 && word.get(..2).is_some_and(|on| on.eq_ignore_ascii_case(b"on"));
        if (handler || (link && word.eq_ignore_ascii_case(b"href"))) && given() {
            return true;
        }
    }
    false
}

fn is_before_attribute(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_act_are_found_in_any_bytes() {
        for page in [
            &b"\x00\x01GIF89a<HTML>"[..],
            b"x<script src=a>",
            b"<svg/onload=x()>",
            b"<details open ontoggle = 'x()'>",
            b"<x a='b'onclick=\"x()\">",
            b"<a class=x href=//y>",
            b"<!DOCTYPE html>",
            b"<s:script xmlns:s='http://www.w3.org/2000/svg'>",
            b"<hta:application id=x>",
        ] {
            assert!(first(page).is_some(), "{}", String::from_utf8_lossy(page));
        }
    }

    #[test]
    fn other_brackets_are_none() {
        for data in [
            &b"<w:body><w:object/></w:body>"[..],
            b"if a<b and c>d: pass",
            b"<scr\x00ipt>",
            b"<script\x00",
            b"<img\x01\x02\x03\x04>",
            b"std::vector<object>\x00\x01",
            b"<para class='on'> one = 1",
            b"<a name=x> href=y",
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
