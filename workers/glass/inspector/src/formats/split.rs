//! The first part of a file that was cut to pieces: 7-Zip and `cat` join `a.gz.001`, `a.gz.002` and so on, whatever the parts hold.
//!
//! Only members of an archive are asked: who is given one part alone joins nothing.

use airlock_proto::{Gap, GapKind};

use super::{Doc, Format, Match, text};
use crate::input::{Input, extension};
use crate::labels;
use crate::reader::len64;
use crate::sink::Sink;

/// What the name of the whole ends in where it is an archive or an image.
const WHOLE: &[&str] = &[
    "7z", "zip", "rar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lzma", "tar", "iso", "img", "cab", "lzh", "arj", "exe", "vhd",
    "wim",
];
/// Archives that begin with letters: the first part may be so short that it is text.
const LETTERS: &[&[u8]] = &[b"BZh", b"PK", b"Rar!", b"7z", b"MSCF", b"LZIP", b"xar!", b"MZ"];

/// The format.
pub struct Split;

impl Format for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "first part of a split file (.001, .aa)",
            spec: "7-Zip 24, split archives",
            yields: "nothing",
            limitations: "the parts are not joined",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let member = input.layer == "raw" && !input.chain.is_empty();
        let Some(whole) = whole(input.name).filter(|_| member) else {
            return Match::No;
        };
        let unknown = || {
            if text::is_single_bytes(input.bytes) {
                let begins = |word: &&[u8]| input.starts_with(word) || word.starts_with(input.bytes);
                !input.bytes.is_empty() && LETTERS.iter().any(begins)
            } else {
                labels::find(input.bytes).is_none()
            }
        };
        if WHOLE.contains(&whole.as_str()) || unknown() {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, _sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let gap = Gap::new(GapKind::Unsupported, "the first part of a split file: the whole was not looked at");
        Err(gap.bytes(len64(input.bytes.len())))
    }
}

/// What the extension of the whole is where this is the name of a first part: zeros and at last a zero or a one behind a point, or `aa`
/// and more of them at the end, as `split` writes them.
fn whole(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    let (stem, ending) = base.rsplit_once('.').unwrap_or(("", &base));
    let numbered = ending.len() > 1 && ending.trim_end_matches('1').len() >= ending.len().saturating_sub(1);
    if numbered && !stem.is_empty() && ending.trim_end_matches('1').bytes().all(|b| b == b'0') {
        return Some(extension(stem));
    }
    let before = ending.strip_suffix("aa")?.trim_end_matches('a');
    if before.is_empty() || ["x", "part", "part_", "part-", "part."].contains(&before) {
        return Some(extension(stem));
    }
    // `a.zipaa`, and a name without a point; one of digits of a hexadecimal number is the name of a checksum.
    let word = stem.is_empty() && !before.bytes().all(|b| b.is_ascii_hexdigit());
    (word || WHOLE.contains(&before)).then(|| before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(name: &str, bytes: &[u8]) -> Match {
        Split.sniff(&Input {
            name,
            chain: &["zip"],
            ..Input::bare(bytes)
        })
    }

    #[test]
    fn the_first_part_is_told_by_its_name() {
        assert_eq!(sniffed("folder/a.GZ.001", b"\x1f"), Match::Also);
        assert_eq!(sniffed("a.zip.001", b"PK"), Match::Also);
        assert_eq!(sniffed("a.001", b"\x00\x01"), Match::Also);
        for name in ["a.01", "a.00", "a.0001", "a.AA", "a.aaa", "xaa", "docaa", "d.d/a.part_aa", "a.xaa"] {
            assert_eq!(sniffed(name, b"\x00\x01"), Match::Also, "{name}");
        }
        assert_eq!(sniffed("a.zipaa", b"words"), Match::Also);
        assert_eq!(sniffed("a.zip.aa", b"words"), Match::Also);
        assert_eq!(sniffed("a.001", b"BZ"), Match::Also);
        for name in ["a.1", "a.10", "a.011", "a.101", "a.b", "a.paa", "01ffaa", "a", "a.ba", "01"] {
            assert_eq!(sniffed(name, b"\x00\x01"), Match::No, "{name}");
        }
        for (name, bytes) in [
            ("a.001", &b"words"[..]),
            ("a.gz.002", b"x"),
            ("a.gz", b"x"),
            ("a.001", b"\x89PNG\r\n\x1a\n"),
        ] {
            assert_eq!(sniffed(name, bytes), Match::No, "{name}");
        }
    }
}
