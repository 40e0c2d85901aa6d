//! OLE1 objects as RTF stores them (MS-OLEDS 2.2): class name and native data.

use airlock_proto::Gap;

use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, size};
use crate::sink::{Member, Sink};

/// Longest class or topic name, in bytes.
const MAX_NAME: usize = 4096;

/// An embedded or linked OLE1 object.
pub struct Ole1;

/// What an OLE1 object holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// Class name (`Package`, `Equation.3`).
    pub class: String,
    /// Topic: the file that a linked object leads to.
    pub topic: String,
    /// True for a linked object.
    pub linked: bool,
    /// Native data; empty for a linked object.
    pub data: &'a [u8],
    /// What follows it: the presentation.
    pub rest: &'a [u8],
    /// True when the data is shorter than it declares.
    pub cut: bool,
}

impl Format for Ole1 {
    fn name(&self) -> &'static str {
        "ole1"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "OLE1 object",
            spec: "MS-OLEDS 2.2.4, 2.2.5",
            yields: "its native data and its presentation",
            limitations: "objects of programs that we do not know are handed out as they are",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        match parse(input.bytes) {
            Some(object) if input.layer == "rtf-object" || strict(input.bytes, &object) => Match::Yes,
            _ => Match::No,
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(object) = parse(input.bytes) else { return Ok(()) };
        if !object.data.is_empty() {
            // A cut object is what obfuscated documents have; all that is there is handed on.
            sink.member_slice(Member::named(object.class.clone()), object.data);
        }
        if object.rest.len() > 12 {
            sink.member_slice(Member::named("presentation"), object.rest);
        }
        Ok(())
    }
}

/// Reads an object; the version word is what writers put there and nobody checks.
pub fn parse(bytes: &[u8]) -> Option<Object<'_>> {
    let mut r = Reader::new(bytes);
    r.skip(4)?;
    let format = r.u32()?;
    if !matches!(format, 1 | 2) {
        return None;
    }
    let class = text(&mut r)?;
    let topic = text(&mut r)?;
    let _item = text(&mut r)?;
    if class.is_empty() {
        return None;
    }
    if format == 1 {
        return Some(Object {
            class,
            topic,
            linked: true,
            data: &[],
            rest: r.rest(),
            cut: false,
        });
    }
    let declared = size(r.u32()?);
    let data = r.take(declared.min(r.left()))?;
    Some(Object {
        class,
        topic,
        linked: false,
        cut: data.len() < declared,
        data,
        rest: r.rest(),
    })
}

fn strict(bytes: &[u8], object: &Object<'_>) -> bool {
    bytes.starts_with(b"\x01\x05\0\0") && !object.cut && object.class.bytes().all(|b| b.is_ascii_graphic())
}

/// A counted string with its zero.
fn text(r: &mut Reader<'_>) -> Option<String> {
    let length = size(r.u32()?);
    if length > MAX_NAME {
        return None;
    }
    let raw = r.take(length)?;
    let raw = raw.split(|b| *b == 0).next().unwrap_or_default();
    Some(raw.iter().map(|b| char::from(*b)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_and_linked_objects_are_read() {
        let bytes = b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0\x03\0\0\0abcREST";
        let object = parse(bytes).unwrap();
        assert_eq!(
            (object.class.as_str(), object.data, object.rest),
            ("Package", &b"abc"[..], &b"REST"[..])
        );
        let link = parse(b"\x01\x05\0\0\x01\0\0\0\x05\0\0\0Link\0\x04\0\0\0\\\\a\0\0\0\0\0").unwrap();
        assert!(link.linked && link.topic == "\\\\a");
        assert_eq!(parse(b"\x01\x05\0\0\x07\0\0\0"), None);
    }
}
