//! Archives that are not opened here, behind something else: the programs that unpack themselves, and pictures with an archive appended.
//!
//! 7-Zip and cabextract look for the archive in any file. A header counts only when it is whole: installers hold the signatures as words.

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use super::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::labels;
use crate::reader::{Reader, len64, size};
use crate::sink::Sink;

/// Signature of a 7z archive (7zFormat.txt, Signature Header).
const SEVEN: &[u8] = b"7z\xbc\xaf\x27\x1c";
/// Signature of a cabinet (MS-CAB 2.1).
const CABINET: &[u8] = b"MSCF";
/// What a cabinet is called.
const CAB: &str = "a CAB archive";
/// Most signatures of one kind that are looked at.
const TRIES: usize = 65_536;

/// An archive behind something else.
pub struct Behind;

impl Format for Behind {
    fn name(&self) -> &'static str {
        "sfx"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "7z or CAB archive within another file",
            spec: "7zFormat.txt (7-Zip 24); MS-CAB 2.1",
            yields: "nothing",
            limitations: "the archive is a gap, as it is when it stands alone",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if found(input).is_some() { Match::Also } else { Match::No }
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        match found(input) {
            Some((_, CAB)) => "cab",
            _ => "7z",
        }
    }

    fn unpack(&self, input: &Input<'_>, _sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some((at, what)) = found(input) else { return Ok(()) };
        let around = labels::find(input.bytes).map_or("another file", |label| label.title);
        let detail = format!("{what} within {around} is recognised and not opened");
        Err(Gap::new(GapKind::Unsupported, detail).bytes(len64(input.from(at).len())))
    }
}

/// The first archive and what it is.
fn found(input: &Input<'_>) -> Option<(usize, &'static str)> {
    let places = |word| memmem::find_iter(input.bytes, word).take(TRIES);
    let seven = places(SEVEN)
        .find(|at| seven_header(input.from(*at)))
        .map(|at| (at, "a 7z archive"));
    let cabinet = || places(CABINET).find(|at| cabinet_header(input.from(*at))).map(|at| (at, CAB));
    let (at, what) = seven.or_else(cabinet)?;
    let own = at == 0 || stored::holds_files(input);
    (!own).then_some((at, what))
}

/// A start header whose checksum fits and that leads to members.
fn seven_header(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, SEVEN.len());
        let major = r.u8()?;
        r.skip(1)?;
        let checksum = r.u32()?;
        let start = r.take(20)?;
        let mut r = Reader::at(start, 8);
        Some(major == 0 && r.u64()? > 0 && crc32fast::hash(start) == checksum)
    };
    read().unwrap_or_default()
}

/// A header that libmspack would take: it has members, and the archive ends within the file.
fn cabinet_header(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 8);
        let length = size(r.u32()?);
        r.skip(4)?;
        let files = size(r.u32()?);
        r.skip(6)?;
        let (folders, members) = (r.u16()?, r.u16()?);
        let fits = files >= 36 && files < length && length < bytes.len().saturating_add(32);
        Some(fits && folders > 0 && members > 0)
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven() -> Vec<u8> {
        let mut start = vec![0; 20];
        (start[0], start[8]) = (5, 40);
        let mut bytes = SEVEN.to_vec();
        bytes.extend([0, 4]);
        bytes.extend(crc32fast::hash(&start).to_le_bytes());
        bytes.extend(start);
        bytes.extend([9; 45]);
        bytes
    }

    fn cabinet() -> Vec<u8> {
        let mut bytes = b"MSCF\0\0\0\0\x60\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\x03\x01\x01\0\x01\0".to_vec();
        bytes.resize(0x60, 1);
        bytes
    }

    fn behind(front: &[u8], archive: &[u8]) -> Option<(usize, &'static str)> {
        let bytes = [front, archive].concat();
        found(&Input::bare(&bytes))
    }

    #[test]
    fn archives_within_other_files_are_recognised_by_a_whole_header() {
        for front in [&b"MZ program"[..], b"\x7fELF", b"\x89PNG\r\n\x1a\n", b"#!/bin/sh\n"] {
            assert_eq!(behind(front, &seven()), Some((front.len(), "a 7z archive")));
            assert_eq!(behind(front, &cabinet()), Some((front.len(), "a CAB archive")));
        }
        assert_eq!(behind(b"", &seven()), None);
        assert_eq!(behind(&airlock_forge::zip::simple(&[("a", b"b")]), &seven()), None);
        assert!(behind(b"PK\x03\x04", &seven()).is_some());
    }

    #[test]
    fn the_signature_alone_is_a_word() {
        assert_eq!(behind(b"MZ", &[SEVEN, &[0; 60]].concat()), None);
        assert_eq!(behind(b"MZ", b"a cabinet begins with MSCF and goes on for a while like this"), None);
        let mut broken = seven();
        broken[20] ^= 1;
        assert_eq!(behind(b"MZ", &broken), None);
    }
}
