//! Reading the XML of Office packages: a flat walk with caps, and no entity is ever expanded but the five of XML itself.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Longest text that is looked at, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// Most attributes of an element that are looked at.
const MOST_ATTRIBUTES: usize = 256;
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
    attributes: Vec<(String, String)>,
}

impl Element<'_> {
    /// The value of an attribute by its name without prefix.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
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
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => encoding_rs::UTF_16LE.decode(bytes).0,
        [0xfe, 0xff, ..] | [0, b'<', ..] => encoding_rs::UTF_16BE.decode(bytes).0,
        _ => match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => String::from_utf8_lossy(rest),
            None => String::from_utf8_lossy(bytes),
        },
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
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Ok(Event::Start(tag)) => {
                depth = depth.saturating_add(1);
                if depth == MOST_DEPTH {
                    take(Step::TooDeep);
                }
                open(&tag, at, take);
            }
            Ok(Event::Empty(tag)) => {
                open(&tag, at, take);
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

fn open(tag: &BytesStart<'_>, at: usize, take: &mut dyn FnMut(Step<'_>)) {
    let mut attributes = Vec::new();
    for attribute in tag.attributes().with_checks(false).flatten().take(MOST_ATTRIBUTES) {
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.clone().into_owned(),
        };
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    take(Step::Open(Element {
        name: tag.local_name().as_ref(),
        at,
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
    fn deep_nesting_is_told_once_and_utf_16_is_read() {
        let mut deep = 0;
        walk(&"<a>".repeat(5000), &mut |step| deep += i32::from(matches!(step, Step::TooDeep)));
        assert_eq!(deep, 1);
        let wide: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(is_xml(&wide));
        assert_eq!(text(&wide), "<a/>");
    }
}
