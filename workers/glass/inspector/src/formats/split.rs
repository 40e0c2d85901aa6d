//! The first part of a file that was cut to pieces: 7-Zip and `cat` join `a.gz.001`, `a.gz.002` and so on, whatever the parts hold.
//!
//! Only members of an archive are asked: who is given one part alone joins nothing.

use airlock_proto::{Gap, GapKind};

use super::{Doc, Format, Match, text};
use crate::input::{Input, extension};
use crate::labels;
use crate::reader::len64;
use crate::sink::Sink;

/// What the name before `.001` ends in where the whole is an archive or an image.
const WHOLE: &[&str] = &[
    "7z", "zip", "rar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lzma", "tar", "iso", "img", "cab", "lzh", "arj", "exe", "vhd",
    "wim",
];

/// The format.
pub struct Split;

impl Format for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "first part of a split file (.001)",
            spec: "7-Zip 24, split archives",
            yields: "nothing",
            limitations: "the parts are not joined",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let Some(stem) = input
            .name
            .strip_suffix(".001")
            .filter(|_| input.layer == "raw" && !input.chain.is_empty())
        else {
            return Match::No;
        };
        let unknown = || labels::find(input.bytes).is_none() && !text::is_single_bytes(input.bytes);
        if WHOLE.contains(&extension(stem).as_str()) || unknown() {
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
