//! Tags with very many attributes: the tokenizer compares each with all before it, so those that nobody acts on are left out.
//!
//! WHATWG HTML, sections 13.2.5.32 to 13.2.5.40.

use std::borrow::Cow;
use std::ops::Range;

/// Most attributes of a tag that stays as it is.
const MANY: usize = 100;
/// Most attributes that are kept of a longer one.
const MOST: usize = 4_000;
/// Names of attributes that a reader of pages asks for, beside handlers and namespaces.
const ASKED: &[&str] = &[
    "action",
    "background",
    "by",
    "content",
    "data",
    "download",
    "from",
    "href",
    "http-equiv",
    "poster",
    "src",
    "srcdoc",
    "style",
    "to",
    "type",
    "values",
    "formaction",
];

/// The text, in which no tag has more attributes than can be compared in time, and whether all that are asked for are still in it.
pub(super) fn shortened(text: &str) -> (Cow<'_, str>, bool) {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at, mut all) = (0_usize, 0_usize, true);
    while let Some(open) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(open).saturating_add(1);
        if !bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let name_end = position(bytes, at, |b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
        let mut tag = Attributes { bytes, at: name_end };
        let mut kept: Vec<Range<usize>> = Vec::new();
        let mut count = 0_usize;
        while let Some(attribute) = tag.next() {
            count = count.saturating_add(1);
            if is_asked(text.get(attribute.name).unwrap_or_default()) {
                if kept.len() < MOST {
                    kept.push(attribute.whole);
                } else {
                    all = false;
                }
            }
        }
        if count > MANY {
            out.push_str(text.get(copied..name_end).unwrap_or_default());
            for whole in kept {
                out.push(' ');
                out.push_str(text.get(whole).unwrap_or_default());
            }
            // An unquoted value at the end must not take the end of the tag.
            out.push(' ');
            copied = tag.at;
        }
        at = tag.at;
    }
    if copied == 0 {
        return (Cow::Borrowed(text), all);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    (Cow::Owned(out), all)
}

fn is_asked(name: &str) -> bool {
    let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
    let starts = |word: &str| name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    starts("on") || starts("xmlns") || ASKED.iter().any(|asked| asked.eq_ignore_ascii_case(local))
}

/// Where the first byte from `at` on stands that fits; the end of the bytes when there is none.
fn position(bytes: &[u8], at: usize, fits: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at.saturating_add(rest.iter().position(|b| fits(*b)).unwrap_or(rest.len()))
}

/// The attributes of a tag, from behind its name; at the end it stands at the `>`, a closing `/` before it, or the end of the text.
struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Attribute {
    name: Range<usize>,
    whole: Range<usize>,
}

impl Attributes<'_> {
    fn next(&mut self) -> Option<Attribute> {
        let start = position(self.bytes, self.at, |b| !(b.is_ascii_whitespace() || b == b'/'));
        if matches!(self.bytes.get(start), None | Some(b'>')) {
            let slash = start
                .checked_sub(1)
                .filter(|at| *at >= self.at && self.bytes.get(*at) == Some(&b'/'));
            self.at = slash.unwrap_or(start);
            return None;
        }
        // A name may begin with `=`.
        let ends = |b: u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'=');
        let name_end = position(self.bytes, start.saturating_add(1), ends);
        let name = start..name_end;
        let equals = position(self.bytes, name_end, |b| !b.is_ascii_whitespace());
        if self.bytes.get(equals) != Some(&b'=') {
            self.at = name_end;
            return Some(Attribute { whole: name.clone(), name });
        }
        let value = position(self.bytes, equals.saturating_add(1), |b| !b.is_ascii_whitespace());
        self.at = match self.bytes.get(value) {
            Some(quote @ (b'"' | b'\'')) => {
                let close = position(self.bytes, value.saturating_add(1), |b| b == *quote);
                close.saturating_add(1).min(self.bytes.len())
            }
            _ => position(self.bytes, value, |b| b.is_ascii_whitespace() || b == b'>'),
        };
        Some(Attribute {
            name,
            whole: start..self.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_attributes_those_stay_that_act() {
        let many = format!(
            "<meta http-equiv=refresh {}x=/a onload = 'x(\">\")' content=\"0;url=data:,x\"/>t<b>",
            "b=\">\" ".repeat(9000)
        );
        assert_eq!(
            shortened(&many).0,
            "<meta http-equiv=refresh onload = 'x(\">\")' content=\"0;url=data:,x\" />t<b>"
        );
        let unquoted = format!("<input {}type=password>", "a ".repeat(200));
        assert_eq!(shortened(&unquoted).0, "<input type=password >");
    }

    #[test]
    fn usual_tags_stay() {
        for usual in [
            "<p class=a><p> lots of text with blanks </p> < no tag",
            "<a b='",
            "<a",
            "<a =>",
            "<a b=",
            "",
        ] {
            assert!(matches!(shortened(usual), (Cow::Borrowed(text), true) if text == usual), "{usual}");
        }
    }

    #[test]
    fn what_is_asked_for_too_often_is_told() {
        let tag = |count: usize| format!("<input {}type=password>", "on0=1 ".repeat(count));
        assert!(shortened(&tag(MOST - 1)).1 && !shortened(&tag(MOST)).1);
    }
}
