//! Reading the XML of Office packages: a flat walk with caps, and no entity is ever expanded but the five of XML itself.

use std::borrow::Cow;
use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Longest text that is copied to be looked at, in bytes: what is not UTF-8. What is UTF-8 is looked at as a whole.
const MOST_COPIED: usize = 64 << 20;
/// Most attributes of an element that are looked at, declarations of namespaces aside.
const MOST_ATTRIBUTES: usize = 256;
/// Attributes that tell something in a document of Office: they are looked at behind any number of others.
const TELLING: &[&str] = &[
    "Target",
    "TargetMode",
    "Type",
    "action",
    "command",
    "connection",
    "ddeService",
    "ddeTopic",
    "fldCharType",
    "href",
    "instr",
    "macro-name",
    "name",
    "onLoad",
    "sourceFile",
    "url",
    "visibility",
];
/// Most of them of one element.
const MOST_TELLING: usize = 4096;
/// Deeper than any document that a person made.
const MOST_DEPTH: usize = 1000;

/// One step of the walk.
pub enum Step<'x> {
    /// An element begins; an empty one ends at once.
    Open(Element<'x>),
    /// An element ends.
    Close(&'x str),
    /// Text, character references resolved.
    Text(&'x str),
    /// A document type declaration.
    DocType(&'x str),
    /// Elements are nested deeper than any document needs.
    TooDeep,
}

/// An element with its attributes.
pub struct Element<'x> {
    /// Name without prefix.
    pub name: &'x str,
    /// Offset behind the tag, in bytes of the text.
    pub at: usize,
    /// Its prefix stands for a namespace that is none of Word's: Word leaves out what it may.
    pub foreign: bool,
    /// Those whose prefix is not the element's come last.
    attributes: Vec<(String, String)>,
}

impl Element<'_> {
    /// The value of an attribute by its name without prefix.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all attributes of this name without prefix: which of them counts, the namespaces tell.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.attributes
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(_, value)| value.as_str())
    }
}

/// Whether the bytes may be XML: `<` after marks and spaces, in UTF-8 or UTF-16.
pub fn is_xml(bytes: &[u8]) -> bool {
    let head = bytes.get(..64).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0xff | 0xfe));
    first == Some(&b'<')
}

/// The bytes as text.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(text) = plain(bytes) {
        return Cow::Borrowed(text);
    }
    let bytes = bytes.get(..MOST_COPIED).unwrap_or(bytes);
    match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => encoding_rs::UTF_16LE.decode(bytes).0,
        [0xfe, 0xff, ..] | [0, b'<', ..] => encoding_rs::UTF_16BE.decode(bytes).0,
        _ => match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => String::from_utf8_lossy(rest),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

/// Whether [`text`] gives only a part of the bytes.
pub fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() > MOST_COPIED && plain(bytes).is_none()
}

/// The bytes where they are UTF-8 beyond doubt; a zero is a half of a letter of two bytes.
fn plain(bytes: &[u8]) -> Option<&str> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(text).ok().filter(|text| !text.as_bytes().contains(&0))
}

/// The namespaces of the elements of Word: ECMA-376 transitional and strict, and Word 2003.
const WORD: [&str; 3] = [
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
    "http://schemas.microsoft.com/office/word/2003/wordml",
];

/// Which prefixes stand for namespaces of others, and never for one of Word; one that is written with references may be any.
#[derive(Default)]
struct Prefixes {
    foreign: BTreeSet<String>,
    own: BTreeSet<String>,
}

impl Prefixes {
    fn bind(&mut self, prefix: &str, namespace: &str) {
        let set = if namespace.contains('&') || WORD.contains(&namespace) {
            &mut self.own
        } else {
            &mut self.foreign
        };
        if set.len() < MOST_TELLING {
            set.insert(prefix.to_owned());
        }
    }

    fn is_foreign(&self, prefix: &str) -> bool {
        self.foreign.contains(prefix) && !self.own.contains(prefix) && self.own.len() < MOST_TELLING
    }
}

/// Walks the text up to its end or the first place that is not XML.
pub fn walk(text: &str, take: &mut dyn FnMut(Step<'_>)) {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut depth = 0_usize;
    let mut prefixes = Prefixes::default();
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Ok(Event::Start(tag)) => {
                depth = depth.saturating_add(1);
                if depth == MOST_DEPTH {
                    take(Step::TooDeep);
                }
                open(&tag, at, &mut prefixes, take);
            }
            Ok(Event::Empty(tag)) => {
                open(&tag, at, &mut prefixes, take);
                take(Step::Close(tag.local_name().as_ref()));
            }
            Ok(Event::End(tag)) => {
                depth = depth.saturating_sub(1);
                take(Step::Close(tag.local_name().as_ref()));
            }
            Ok(Event::Text(text)) => take(Step::Text(&text.xml10_content())),
            Ok(Event::CData(text)) => take(Step::Text(&text.xml10_content())),
            Ok(Event::GeneralRef(name)) => {
                let known = match name.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    _ => predefined(&name.xml10_content()),
                };
                if let Some(c) = known {
                    take(Step::Text(c.encode_utf8(&mut [0; 4])));
                }
            }
            Ok(Event::DocType(text)) => take(Step::DocType(&text.xml10_content())),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn open(tag: &BytesStart<'_>, at: usize, prefixes: &mut Prefixes, take: &mut dyn FnMut(Step<'_>)) {
    let own = tag.name().prefix();
    let (mut near, mut far) = (Vec::new(), Vec::new());
    let mut telling = 0_usize;
    for attribute in tag.attributes().with_checks(false).flatten() {
        let key = attribute.key;
        if key.as_namespace_binding().is_some() {
            let prefix = key.prefix().map_or("", |_| key.local_name().into_inner());
            prefixes.bind(prefix, &attribute.value);
            continue;
        }
        let name = key.local_name();
        if TELLING.contains(&name.as_ref()) && telling < MOST_TELLING {
            telling = telling.saturating_add(1);
        } else if near.len().saturating_add(far.len()) >= MOST_ATTRIBUTES {
            continue;
        }
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.clone().into_owned(),
        };
        let foreign = key.prefix().is_some() && key.prefix() != own;
        let list = if foreign { &mut far } else { &mut near };
        list.push((name.as_ref().to_owned(), value));
    }
    near.append(&mut far);
    let attributes = near;
    let prefix = own.map_or("", |prefix| prefix.into_inner());
    take(Step::Open(Element {
        name: tag.local_name().as_ref(),
        at,
        foreign: prefixes.is_foreign(prefix),
        attributes,
    }));
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_and_entities_are_not() {
        let mut seen = String::new();
        walk(
            "<!DOCTYPE x [<!ENTITY a 'boom'>]><x b='1 &amp; 2'>&#65;&lt;&a;</x>",
            &mut |step| match step {
                Step::Text(t) => seen.push_str(t),
                Step::Open(e) => seen.push_str(e.get("b").unwrap_or("-")),
                Step::DocType(d) => assert!(d.contains("ENTITY")),
                _ => {}
            },
        );
        assert_eq!(seen, "1 & 2A<");
    }

    #[test]
    fn an_attribute_is_found_behind_many_and_whatever_its_prefix_is() {
        let many: String = (0..5000).map(|n| format!(" xmlns:n{n}='u' a{n}='v'")).collect();
        let mut seen = Vec::new();
        walk(&format!("<w:x{many} x:Target='1' w:Target='2' Target='3'/>"), &mut |step| {
            if let Step::Open(e) = step {
                seen.extend(e.all("Target").map(str::to_owned));
            }
        });
        assert_eq!(seen, ["2", "3", "1"]);
    }

    #[test]
    fn deep_nesting_is_told_once_and_utf_16_is_read() {
        let mut deep = 0;
        walk(&"<a>".repeat(5000), &mut |step| deep += i32::from(matches!(step, Step::TooDeep)));
        assert_eq!(deep, 1);
        let wide: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(is_xml(&wide));
        assert_eq!(text(&wide), "<a/>");
    }
}
