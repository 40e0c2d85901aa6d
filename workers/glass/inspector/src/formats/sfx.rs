//! Archives that are not opened here, behind something else: the programs that unpack themselves, and pictures with an archive appended.
//!
//! 7-Zip, cabextract and bsdtar look for the archive in any file. A header counts only when it is whole: programs that read archives hold
//! the signatures as words.

mod headers;

use airlock_proto::{Gap, GapKind};

use super::tar;
use super::tar::header::BLOCK;
use super::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::signatures::Signature;
use crate::sink::Sink;

/// Most signatures of one kind that are looked at.
const TRIES: usize = 65_536;

/// An archive that is looked for.
struct Kind {
    signature: Signature,
    /// Bytes of the archive before the signature.
    before: usize,
    /// Whether the bytes begin with a whole header.
    is_whole: fn(&[u8]) -> bool,
    label: &'static str,
    title: &'static str,
}

const KINDS: [Kind; 7] = [
    Kind {
        signature: Signature::Seven,
        before: 0,
        is_whole: headers::seven,
        label: "7z",
        title: "a 7z archive",
    },
    Kind {
        signature: Signature::Cabinet,
        before: 0,
        is_whole: headers::cabinet,
        label: "cab",
        title: "a CAB archive",
    },
    Kind {
        signature: Signature::Xar,
        before: 0,
        is_whole: headers::xar,
        label: "xar",
        title: "a XAR archive",
    },
    Kind {
        signature: Signature::Zstd,
        before: 0,
        is_whole: headers::zstd,
        label: "zstd",
        title: "zstd data",
    },
    Kind {
        signature: Signature::Tar,
        before: 257,
        is_whole: tar::is_sound,
        label: "tar",
        title: "a tar archive",
    },
    Kind {
        signature: Signature::SquashFs,
        before: 1,
        is_whole: headers::squashfs,
        label: "squashfs",
        title: "a SquashFS image",
    },
    Kind {
        signature: Signature::Nsis,
        before: 8,
        is_whole: headers::nsis,
        label: "nsis",
        title: "an NSIS installer's archive",
    },
];

/// An archive behind something else.
pub struct Behind;

impl Format for Behind {
    fn name(&self) -> &'static str {
        "sfx"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "7z, CAB, XAR, zstd, tar, SquashFS or NSIS archive within another file",
            spec: "7zFormat.txt (7-Zip 24); MS-CAB 2.1; xar 1.8; RFC 8878; POSIX.1-2024 pax; squashfs 4.0; NSIS 3",
            yields: "nothing",
            limitations: "the archive is a gap, as it is when it stands alone; a tar archive on a boundary of 512 bytes is opened",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if found(input).is_some() { Match::Also } else { Match::No }
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        found(input).map_or("7z", |(_, kind)| kind.label)
    }

    fn unpack(&self, input: &Input<'_>, _sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some((at, kind)) = found(input) else { return Ok(()) };
        let around = labels::find(input.bytes).map_or("another file", |label| label.title);
        let detail = format!("{} within {around} is recognised and not opened", kind.title);
        Err(Gap::new(GapKind::Unsupported, detail).bytes(len64(input.from(at).len())))
    }
}

/// The first archive of the first kind that there is; also where signatures are so many that the rest of them was not looked at.
fn found(input: &Input<'_>) -> Option<(usize, &'static Kind)> {
    if stored::holds_files(input) {
        return None;
    }
    let begins = |kind: &Kind, at: usize| {
        let start = at.checked_sub(kind.before)?;
        // GNU tar skips to a header on a boundary of blocks, and so does the reader of tar archives.
        let opened = kind.signature == Signature::Tar && start.is_multiple_of(BLOCK);
        (start > 0 && !opened && (kind.is_whole)(input.from(start))).then_some(start)
    };
    let first = |kind: &Kind| {
        let whole = input.places(kind.signature).take(TRIES).find_map(|at| begins(kind, at));
        whole.or_else(|| input.places(kind.signature).nth(TRIES))
    };
    KINDS.iter().find_map(|kind| Some((first(kind)?, kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven() -> Vec<u8> {
        let mut start = vec![0; 20];
        (start[0], start[8]) = (5, 40);
        let mut bytes = b"7z\xbc\xaf\x27\x1c".to_vec();
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

    /// A frame of one raw block.
    const ZSTD: [u8; 12] = *b"\x28\xb5\x2f\xfd\x20\x03\x19\0\0abc";

    fn xar() -> Vec<u8> {
        let mut bytes = b"xar!\0\x1c\0\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x40\0\0\0\x01".to_vec();
        bytes.extend(b"\x78\xda\0\0\0\0\0\0");
        bytes
    }

    fn squashfs() -> Vec<u8> {
        let mut bytes = b"hsqs\x01\0\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\x01\0\x11\0\0\0\0\0\x04\0\0\0".to_vec();
        bytes.resize(96, 0);
        bytes
    }

    fn nsis() -> Vec<u8> {
        b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst\x40\0\0\0\x80\0\0\0data".to_vec()
    }

    fn tarball() -> Vec<u8> {
        airlock_forge::tarball::simple(&[("a", b"b")])
    }

    fn behind(front: &[u8], archive: &[u8]) -> Option<(usize, &'static str)> {
        let bytes = [front, archive].concat();
        found(&Input::bare(&bytes)).map(|(at, kind)| (at, kind.title))
    }

    #[test]
    fn archives_within_other_files_are_recognised_by_a_whole_header() {
        for front in [&b"MZ program"[..], b"\x7fELF", b"\x89PNG\r\n\x1a\n", b"#!/bin/sh\n"] {
            assert_eq!(behind(front, &seven()), Some((front.len(), "a 7z archive")));
            assert_eq!(behind(front, &cabinet()), Some((front.len(), "a CAB archive")));
            assert_eq!(behind(front, &xar()), Some((front.len(), "a XAR archive")));
            assert_eq!(behind(front, &ZSTD), Some((front.len(), "zstd data")));
            assert_eq!(behind(front, &tarball()), Some((front.len(), "a tar archive")));
            assert_eq!(behind(front, &squashfs()), Some((front.len(), "a SquashFS image")));
            assert_eq!(behind(front, &nsis()), Some((front.len(), "an NSIS installer's archive")));
        }
        assert_eq!(behind(b"", &seven()), None);
        assert_eq!(behind(&airlock_forge::zip::simple(&[("a", b"b")]), &seven()), None);
        assert!(behind(b"PK\x03\x04", &seven()).is_some());
        assert_eq!(behind(&[7; 512], &tarball()), None);
    }

    #[test]
    fn the_signature_alone_is_a_word() {
        assert_eq!(behind(b"MZ", &[&seven()[..6], &[0; 60]].concat()), None);
        assert_eq!(behind(b"MZ", b"a cabinet begins with MSCF and goes on for a while like this"), None);
        let mut broken = seven();
        broken[20] ^= 1;
        assert_eq!(behind(b"MZ", &broken), None);
        for end in 4..ZSTD.len() {
            assert_eq!(behind(b"MZ", &ZSTD[..end]), None);
        }
        for whole in [xar(), tarball(), squashfs()[..31].to_vec(), nsis()[..28].to_vec()] {
            let cut = &whole[..whole.len().min(300) - 1];
            assert_eq!(behind(b"MZ", cut), None);
        }
        let mut broken = tarball();
        broken[3] ^= 1;
        assert_eq!(behind(b"MZ", &broken), None);
    }
}
