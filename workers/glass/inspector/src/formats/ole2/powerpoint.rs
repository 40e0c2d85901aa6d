//! The document stream of .ppt files (MS-PPT 2.3): embedded objects and VBA projects are records in it.

use std::io::Read;

use airlock_proto::{Gap, GapKind};
use flate2::read::ZlibDecoder;
use memchr::memmem;

use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64, size};
use crate::sink::{Member, Sink};

/// RT_ExternalOleObjectStg (MS-PPT 2.10.34): an object, a control or a VBA project.
const OBJECT: u16 = 0x1011;
/// RT_RoundTripCustomTableStyles12Atom (MS-PPT 2.11.13).
const TABLE_STYLES: u16 = 0x0428;
/// Containers that are kept track of.
const MAX_DEPTH: usize = 64;
/// Too small for a compressed compound file.
const SMALLEST_OBJECT: usize = 64;
/// RT_Document, with which the stream begins.
const DOCUMENT: u16 = 0x03e8;

/// A PowerPoint document stream.
pub struct PowerPoint;

impl Format for PowerPoint {
    fn name(&self) -> &'static str {
        "ppt-stream"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "PowerPoint document stream",
            spec: "MS-PPT 2.3, 2.10.34",
            yields: "embedded objects, controls and the VBA project, each a compound file",
            limitations: "text stays as the stream has it",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let mut r = Reader::new(input.bytes);
        let (Some(version), Some(kind), Some(length)) = (r.u16(), r.u16(), r.u32()) else {
            return Match::No;
        };
        let fits = size(length) <= r.left();
        match input.chain.last() {
            _ if version == 0x000f && kind == DOCUMENT && fits => Match::Yes,
            // Saved in parts, it begins with a slide, a master or a list of places.
            Some(&"ppt") if matches!(kind, 0x03e9..=0x03f8 | 0x0ff5 | 0x1772) && fits => Match::Yes,
            _ => Match::No,
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut r = Reader::new(input.bytes);
        let mut ends: Vec<usize> = Vec::new();
        let mut count = 0_u32;
        while let (Some(version), Some(kind), Some(length)) = (r.u16(), r.u16(), r.u32()) {
            let at = r.offset();
            ends.retain(|end| *end > at);
            // A container: its records follow. Table styles are an archive, whatever their header says.
            if version & 0xf == 0xf && kind != TABLE_STYLES {
                if ends.len() < MAX_DEPTH {
                    ends.push(at.saturating_add(size(length)));
                }
                continue;
            }
            let Some(data) = r.take(size(length)) else {
                // A record past the end: what stands there are no records, or old ones. Readers find objects by their places, so go
                // on at the next header of an object that fits.
                let lost = input.bytes.get(at..).unwrap_or_default();
                if kind == OBJECT && version >> 4 <= 1 && lost.len() >= SMALLEST_OBJECT {
                    let detail = "an object of this presentation is longer than the stream: it was not opened";
                    sink.gap(Gap::new(GapKind::Malformed, detail).bytes(len64(lost.len())));
                }
                r = Reader::at(input.bytes, next_object(input.bytes, at));
                continue;
            };
            if kind != OBJECT || sink.expired() {
                continue;
            }
            count = count.saturating_add(1);
            let mut member = Member::named(format!("object {count}"));
            if version >> 4 == 1 {
                let declared = Reader::new(data).u32().map(u64::from);
                member.declared = declared;
                let packed = ZlibDecoder::new(data.get(4..).unwrap_or_default());
                let mut reader = Unfinished {
                    inner: packed,
                    left: declared.unwrap_or_default(),
                };
                sink.member(member, &mut reader);
            } else {
                sink.member_slice(member, data);
            }
        }
        Ok(())
    }
}

/// Where the next header of an object with its data stands; the end of the stream when there is none.
fn next_object(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memmem::find_iter(rest, &OBJECT.to_le_bytes())
        .filter_map(|at| at.saturating_add(from).checked_sub(2))
        .find(|at| {
            let mut r = Reader::at(bytes, *at);
            let header = (r.u16(), r.u16(), r.u32());
            matches!(header, (Some(0x00 | 0x10), Some(OBJECT), Some(length)) if size(length) <= r.left())
        })
        .unwrap_or(bytes.len())
}

/// PowerPoint leaves compressed objects without their end; once the declared length is there, that is no loss.
struct Unfinished<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Unfinished<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.inner.read(into) {
            Ok(n) => {
                self.left = self.left.saturating_sub(len64(n));
                Ok(n)
            }
            Err(_) if self.left == 0 => Ok(0),
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::formats::ole2::cfb::tests::build;
    use crate::formats::ole2::tests::look;

    #[test]
    fn a_compressed_object_comes_out() {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"MARKER object").unwrap();
        let packed = packer.finish().unwrap();
        let mut stream = b"\x0f\0\xe8\x03\0\0\0\0".to_vec();
        stream.extend_from_slice(b"\x10\0\x11\x10");
        stream.extend_from_slice(&u32::try_from(packed.len() + 4).unwrap().to_le_bytes());
        stream.extend_from_slice(&13_u32.to_le_bytes());
        stream.extend(packed);
        let seen = look(&build(&[("PowerPoint Document", &stream)]));
        assert_eq!(seen.nodes[0].format, "ppt");
        assert!(seen.node("object 1", "raw").contains("MARKER"));
    }
}
