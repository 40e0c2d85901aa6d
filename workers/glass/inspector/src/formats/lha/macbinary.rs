//! MacBinary files, which Macintosh archivers put into their members: the header is taken off, as extractors do.

use airlock_proto::{Gap, GapKind};

use super::super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64, size};
use crate::sink::{Member, Sink};

const HEADER: usize = 128;

/// The format `macbinary`.
pub struct MacBinary;

impl Format for MacBinary {
    fn name(&self) -> &'static str {
        "macbinary"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "MacBinary file",
            spec: "MacBinary II, 1987",
            yields: "the data fork and the resource fork",
            limitations: "the Finder's own fields are not read",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        match header(input.bytes) {
            Some(header) if header.fits(input.bytes.len()) => Match::Yes,
            _ => Match::No,
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(header) = header(input.bytes) else { return Ok(()) };
        let left = input.from(HEADER);
        let Some(data) = left.get(..header.data) else {
            return Err(Gap::new(GapKind::Truncated, "the file ends inside its data fork").bytes(len64(left.len())));
        };
        sink.member_slice(Member::named(header.name.clone()), data);
        let resources = input.from(HEADER.saturating_add(padded(header.data)));
        let resources = resources.get(..header.resources).unwrap_or(resources);
        if !resources.is_empty() {
            sink.member_slice(Member::named(format!("{}.rsrc", header.name)), resources);
        }
        Ok(())
    }
}

struct Header {
    name: String,
    data: usize,
    resources: usize,
}

impl Header {
    /// Each fork is padded to 128 bytes; some programs leave the last padding out.
    fn fits(&self, length: usize) -> bool {
        let exact = match self.resources {
            0 => self.data,
            n => padded(self.data).saturating_add(n),
        };
        let end = HEADER.saturating_add(exact);
        exact > 0 && length >= end && length <= HEADER.saturating_add(padded(exact))
    }
}

fn padded(length: usize) -> usize {
    length.div_ceil(HEADER).saturating_mul(HEADER)
}

fn header(bytes: &[u8]) -> Option<Header> {
    let zero = |at: usize| bytes.get(at) == Some(&0);
    let length = usize::from(*bytes.get(1)?);
    let name = bytes.get(2..2_usize.checked_add(length)?)?;
    let kind = bytes.get(65..73)?;
    let plain = zero(0) && zero(74) && zero(82) && (1..=63).contains(&length) && name.iter().all(|byte| *byte >= 0x20 && *byte != b':');
    if !plain || !kind.iter().all(|byte| *byte == 0 || *byte >= 0x20) {
        return None;
    }
    let mut r = Reader::at(bytes, 83);
    let (data, resources) = (size(r.u32_be()?), size(r.u32_be()?));
    Some(Header {
        name: name.iter().map(|byte| char::from(*byte)).collect(),
        data,
        resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_must_fit() {
        let mut file = vec![0; 256];
        file[1] = 3;
        file[2..5].copy_from_slice(b"a.b");
        file[86] = 11;
        assert_eq!(MacBinary.sniff(&Input::bare(&file)), Match::Yes);
        file.push(0);
        assert_eq!(MacBinary.sniff(&Input::bare(&file)), Match::No);
    }
}
