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

/// Most blocks of zstd frames that are walked, those of all candidates together.
const BLOCKS: usize = 1 << 21;

/// An archive that is looked for.
struct Kind {
    signature: Signature,
    /// Bytes of the archive before the signature.
    before: usize,
    /// Whether the bytes begin with a whole header; may take from the blocks that are left.
    is_whole: fn(&[u8], &mut usize) -> bool,
    label: &'static str,
    title: &'static str,
}

const KINDS: [Kind; 7] = [
    Kind {
        signature: Signature::Seven,
        before: 0,
        is_whole: |bytes, _| headers::seven(bytes),
        label: "7z",
        title: "a 7z archive",
    },
    Kind {
        signature: Signature::Cabinet,
        before: 0,
        is_whole: |bytes, _| headers::cabinet(bytes),
        label: "cab",
        title: "a CAB archive",
    },
    Kind {
        signature: Signature::Xar,
        before: 0,
        is_whole: |bytes, _| headers::xar(bytes),
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
        is_whole: |bytes, _| tar::is_sound(bytes),
        label: "tar",
        title: "a tar archive",
    },
    Kind {
        signature: Signature::SquashFs,
        before: 1,
        is_whole: |bytes, _| headers::squashfs(bytes),
        label: "squashfs",
        title: "a SquashFS image",
    },
    Kind {
        signature: Signature::Nsis,
        before: 8,
        is_whole: |bytes, _| headers::nsis(bytes),
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
        found(input).map_or("7z", |found| found.kind.label)
    }

    fn unpack(&self, input: &Input<'_>, _sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(Found { at, kind, whole }) = found(input) else {
            return Ok(());
        };
        let around = labels::find(input.bytes).map_or("another file", |label| label.title);
        let unseen = len64(input.from(at).len());
        if whole {
            let detail = format!("{} within {around} is recognised and not opened", kind.title);
            return Err(Gap::new(GapKind::Unsupported, detail).bytes(unseen));
        }
        let detail = format!("so much within {around} begins like {} that the rest was not looked at", kind.title);
        Err(Gap::new(GapKind::TooMany, detail).bytes(unseen))
    }
}

/// What was found and where.
struct Found {
    at: usize,
    kind: &'static Kind,
    /// The header is whole; else the search was given up here.
    whole: bool,
}

/// The first archive of the first kind that there is; also where signatures are so many that the rest of them was not looked at.
fn found(input: &Input<'_>) -> Option<Found> {
    if stored::holds_files(input) {
        return None;
    }
    let mut blocks = BLOCKS;
    let mut given_up = None;
    for kind in &KINDS {
        for (number, at) in input.places(kind.signature).enumerate() {
            if number == TRIES {
                given_up = given_up.or(Some(Found { at, kind, whole: false }));
                break;
            }
            let Some(start) = at.checked_sub(kind.before).filter(|start| *start > 0) else {
                continue;
            };
            // GNU tar skips to a header on a boundary of blocks, and so does the reader of tar archives.
            let opened = kind.signature == Signature::Tar && start.is_multiple_of(BLOCK);
            if !opened && (kind.is_whole)(input.from(start), &mut blocks) {
                return Some(Found {
                    at: start,
                    kind,
                    whole: true,
                });
            }
            if blocks == 0 {
                given_up = given_up.or(Some(Found {
                    at: start,
                    kind,
                    whole: false,
                }));
                // Only frames of zstd take from them.
                blocks = BLOCKS;
                break;
            }
        }
    }
    given_up
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
        found(&Input::bare(&bytes)).map(|found| (found.at, found.kind.title))
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

    #[test]
    fn a_frame_of_very_many_blocks_is_one_and_very_many_that_lead_nowhere_are_told() {
        let front = b"\x89PNG\r\n\x1a\n";
        let head = b"\x28\xb5\x2f\xfd\x20\x00";
        let empty = |count: usize| b"\0\0\0".repeat(count);
        let long = [&front[..], head, &empty((1 << 20) + 10), b"\x01\0\0"].concat();
        assert!(found(&Input::bare(&long)).is_some_and(|found| found.whole && found.at == front.len()));
        let endless = [&front[..], &head.repeat(3), &empty(BLOCKS), b"\x07\0\0"].concat();
        assert!(found(&Input::bare(&endless)).is_some_and(|found| !found.whole && found.kind.label == "zstd"));
    }
}
