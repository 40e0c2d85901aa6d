//! The ZIP container tricks z01 to z40: each hides or damages a member that holds its own marker, `marker("z02")` and so on.

use super::{Archive, Entry, extra, filler, full_overlap, many_members, nested};
use crate::bits::{Le, crc32, deflate};
use crate::{noise, payload, streams};

/// One trick.
#[derive(Debug, Clone)]
pub struct Trick {
    /// `z02-name-differs`: the first three characters are the trick's number and the seed of its marker.
    pub name: &'static str,
    /// The archive.
    pub bytes: Vec<u8>,
    /// True when an inspector has to reach the marker; false when nobody can without a key, or when a limit comes first.
    pub must_see: bool,
}

/// Every trick of less than 2 MiB.
pub fn tricks() -> Vec<Trick> {
    [header_lies(), several_archives(), end_record_lies(), odd_members()].concat()
}

/// The tricks against limits, packed small and long when unpacked: a member of 105 MiB, a marker after 450 MiB, 10,050 members.
pub fn big_tricks() -> Vec<Trick> {
    let long = [vec![b' '; 105 << 20], payload("z38")].concat();
    let late = Entry::deflated("last.txt", &payload("z39"));
    let fillers = (0..9).map(|n| filler(&format!("filler{n}.bin"), n, 50));
    vec![
        trick(
            "z38-one-member-105-mib",
            Archive::of(vec![Entry::deflated("long.txt", &long)]),
            true,
        ),
        trick("z39-marker-after-450-mib", Archive::of(fillers.chain([late]).collect()), true),
        Trick {
            name: "z40-10050-members",
            bytes: many_members(10_050, "z40"),
            must_see: false,
        },
    ]
}

fn header_lies() -> Vec<Trick> {
    let packed = |seed: &str| Entry::deflated("evil.txt", &payload(seed));
    let stored = |seed: &str| Entry::stored("evil.txt", &payload(seed));
    let one = |name, entry, must_see| trick(name, Archive::of(vec![entry]), must_see);
    vec![
        one("z01-plain", packed("z01"), true),
        one("z02-name-differs", packed("z02").local(|f| f.name = b"evil.exe".to_vec()), true),
        one("z03-says-stored-is-deflated", packed("z03").both(|f| f.method = 0), true),
        one("z04-local-stored-central-deflate", packed("z04").local(|f| f.method = 0), true),
        one("z05-local-deflate-central-stored", packed("z05").central(|f| f.method = 0), true),
        one("z06-says-deflate-is-stored", stored("z06").both(|f| f.method = 8), true),
        one("z19-fake-encryption", packed("z19").both(|f| f.flags |= 1), true),
        one("z20-fake-encryption-local", packed("z20").local(|f| f.flags |= 1), true),
        one("z21-fake-encryption-central", packed("z21").central(|f| f.flags |= 1), true),
        one("z22-descriptor", packed("z22").streamed(true), true),
        one("z25-descriptor-without-signature", packed("z25").streamed(false), true),
        one(
            "z26-bad-local-signature",
            packed("z26").with(|e| e.signature = *b"PX\x03\x04"),
            true,
        ),
        one("z27-stored-with-descriptor", stored("z27").streamed(true), true),
        one("z28-plain-size-zero", packed("z28").both(|f| f.plain = 0), true),
        one("z29-local-packed-size-2-gib", packed("z29").local(|f| f.packed = 0x7fff_ffff), true),
        one("z30-wrong-crc", packed("z30").both(|f| f.crc ^= 0x5555_5555), true),
    ]
}

fn several_archives() -> Vec<Trick> {
    let good = || Entry::deflated("good.txt", b"Nothing to see here. Nothing to see here.");
    let evil = |seed: &str| Entry::deflated("evil.txt", &payload(seed));
    let alone = |entry: Entry| Archive::of(vec![entry]).build();
    let glued = |name, first: Vec<u8>, second: Vec<u8>| Trick {
        name,
        bytes: [first, second].concat(),
        must_see: true,
    };
    let hidden = |seed: &str| evil(seed).with(|e| e.listed = false);
    let inner = alone(evil("z16"));
    vec![
        trick(
            "z07-duplicate-name-marker-first",
            Archive::of(vec![evil("z07"), good().both(|f| f.name = b"evil.txt".to_vec())]),
            true,
        ),
        glued("z08-good-then-evil", alone(good()), alone(evil("z08"))),
        glued("z09-evil-then-good", alone(evil("z09")), alone(good())),
        trick(
            "z10-unlisted-member",
            Archive::of(vec![good(), hidden("z10"), good().both(|f| f.name = b"two.txt".to_vec())]),
            true,
        ),
        trick("z11-member-before-directory", Archive::of(vec![good(), hidden("z11")]), true),
        trick(
            "z12-gap-between-members",
            Archive::of(vec![
                good(),
                good().both(|f| f.name = b"two.txt".to_vec()).with(|e| e.gap = payload("z12")),
            ]),
            true,
        ),
        trick(
            "z13-prefix",
            Archive::of(vec![evil("z13")]).with(|a| a.prefix = b"#!/bin/sh\nexit 0\n".to_vec()),
            true,
        ),
        trick(
            "z14-tail-70-kib",
            Archive::of(vec![evil("z14")]).with(|a| a.tail = noise(14, 70 << 10)),
            true,
        ),
        trick(
            "z15-prefix-not-counted",
            Archive::of(vec![evil("z15")]).with(|a| {
                a.prefix = b"#!/bin/sh\nexit 0\n".to_vec();
                a.prefix_uncounted = true;
            }),
            true,
        ),
        trick(
            "z16-archive-in-comment",
            Archive::of(vec![good()]).with(move |a| a.comment.clone_from(&inner)),
            true,
        ),
    ]
}

fn end_record_lies() -> Vec<Trick> {
    let good = || Entry::deflated("good.txt", b"Nothing to see here. Nothing to see here.");
    let evil = |seed: &str| Entry::deflated("evil.txt", &payload(seed));
    vec![
        trick(
            "z17-count-too-low",
            Archive::of(vec![good(), evil("z17")]).with(|a| a.count = Some(1)),
            true,
        ),
        {
            let at = Archive::of(vec![evil("z18")]).with(|a| a.headless = true).build().len() as u32;
            trick(
                "z18-directory-offset-wrong",
                Archive::of(vec![evil("z18")]).with(|a| a.directory_offset = Some(at + 100)),
                true,
            )
        },
        trick("z31-zip64", Archive::of(vec![evil("z31")]).with(|a| a.zip64 = true), true),
        trick("z32-no-directory", Archive::of(vec![evil("z32")]).with(|a| a.headless = true), true),
        trick(
            "z33-spanning-mark",
            Archive::of(vec![evil("z33")]).with(|a| a.prefix = b"PK\x07\x08".to_vec()),
            true,
        ),
        trick("z41-disk-number", Archive::of(vec![evil("z41")]).with(|a| a.disk = 3), true),
        trick(
            "z42-zip64-member-sizes",
            Archive::of(vec![evil("z42").both(|f| {
                f.extra = extra(1, &Le::new().u64(u64::from(f.plain)).u64(u64::from(f.packed)).0);
                f.plain = u32::MAX;
                f.packed = u32::MAX;
                f.version = 45;
            })]),
            true,
        ),
    ]
}

fn odd_members() -> Vec<Trick> {
    let evil = |seed: &str, name: &str| Entry::deflated(name, &payload(seed));
    let one = |name, entry, must_see| trick(name, Archive::of(vec![entry]), must_see);
    let lzma = Entry::packed("evil.txt", &payload("z34"), 14, streams::zip_lzma(&payload("z34")));
    let bzip2 = Entry::packed("evil.txt", &payload("z43"), 12, streams::bzip2(&payload("z43")));
    let unknown = Entry::packed("evil.txt", &payload("z44"), 77, noise(44, 400));
    let other_name = |f: &mut super::Fields| {
        let body = Le::new().u8(1).u32(crc32(&f.name)).raw("other.exe").0;
        f.extra = extra(0x7075, &body);
    };
    vec![
        one("z23-nul-in-name", evil("z23", "evil.txt\0.jpg"), true),
        one("z24-right-to-left-name", evil("z24", "evil\u{202e}txt.exe"), true),
        one("z34-lzma", lzma.both(|f| f.flags |= 2), true),
        Trick {
            name: "z35-overlap",
            bytes: full_overlap(20, &payload("z35")),
            must_see: true,
        },
        Trick {
            name: "z36-nested-12",
            bytes: nested(12, &payload("z36")),
            must_see: true,
        },
        Trick {
            name: "z37-nested-25",
            bytes: nested(25, &payload("z37")),
            must_see: false,
        },
        one("z43-bzip2", bzip2.both(|f| f.version = 46), true),
        one("z44-unknown-method", unknown, false),
        one("z45-traversal", evil("z45", "../../../../evil.txt"), true),
        one("z46-backslash-and-drive", evil("z46", "C:\\Users\\Public\\evil.txt"), true),
        one("z47-trailing-dot-and-space", evil("z47", "evil.exe. "), true),
        one("z48-unicode-path-differs", evil("z48", "evil.txt").both(other_name), true),
        one("z49-hidden-attribute", evil("z49", "evil.js").with(|e| e.attributes = 0x06), true),
        one(
            "z50-symlink",
            Entry::stored("link", b"../../etc/passwd").with(|e| e.attributes = 0o120_777 << 16),
            false,
        ),
        one(
            "z51-bad-extra",
            evil("z51", "evil.txt").both(|f| f.extra = vec![0x75, 0x70, 0xff, 0xff, 1]),
            true,
        ),
        one(
            "z52-padded-name",
            evil("z52", &format!("invoice.pdf{}.exe", "\u{2800}".repeat(40))),
            true,
        ),
        winrar(),
        one(
            "z54-two-deflate-blocks-and-tail",
            Entry::packed("evil.txt", &payload("z54"), 8, [deflate(&payload("z54")), noise(54, 64)].concat()),
            true,
        ),
    ]
}

/// A file and a folder of the same name, the folder's member with a space and an executable extension (CVE-2023-38831).
fn winrar() -> Trick {
    let entries = vec![
        Entry::deflated("invoice.pdf ", b"A harmless page."),
        Entry::stored("invoice.pdf /", b""),
        Entry::deflated("invoice.pdf /invoice.pdf .cmd", &payload("z53")),
    ];
    trick("z53-file-and-folder-same-name", Archive::of(entries), true)
}

fn trick(name: &'static str, archive: Archive, must_see: bool) -> Trick {
    Trick {
        name,
        bytes: archive.build(),
        must_see,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_begin_with_their_number() {
        let all = tricks();
        let names: std::collections::BTreeSet<_> = all.iter().map(|t| &t.name[..3]).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|t| t.bytes.len() < 2 << 20 && t.bytes.len() > 60));
    }

    #[test]
    fn the_plain_one_is_readable_and_the_lies_are_not_told_by_accident() {
        let read = |name: &str| {
            let trick = tricks().into_iter().find(|t| t.name == name).unwrap();
            let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(trick.bytes))?;
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut archive.by_index(0)?, &mut out)?;
            Ok::<_, ::zip::result::ZipError>(out)
        };
        assert_eq!(read("z01-plain").unwrap(), payload("z01"));
        assert_eq!(read("z34-lzma").unwrap(), payload("z34"));
        assert_eq!(read("z43-bzip2").unwrap(), payload("z43"));
        assert_eq!(read("z42-zip64-member-sizes").unwrap(), payload("z42"));
        assert!(read("z05-local-deflate-central-stored").is_err());
        assert!(read("z32-no-directory").is_err());
    }
}
