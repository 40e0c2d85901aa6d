//! The bytes of an archive that no record and no member accounts for.

use airlock_proto::{Gap, GapKind, Severity};

use super::find::Directory;
use super::open::Opener;
use super::{length, prefix_severity};
use crate::reader::len64;
use crate::sink::{Found, Taken};

/// Most pieces that are handed out; further ones are only counted.
const MOST: usize = 64;

/// Hands out and reports what lies between, before and behind.
pub fn report(opener: &mut Opener<'_, '_, '_, '_>, directories: &[Directory<'_>]) {
    let bytes = opener.bytes;
    if opener.spans.is_empty() && directories.is_empty() {
        let gap = Gap::new(GapKind::Malformed, "it begins as a ZIP archive and no member can be read");
        opener.sink.gap(gap.bytes(len64(bytes.len())));
        return;
    }
    for end in directories.iter().filter_map(|d| d.end.as_ref()) {
        // A comment is a comment, unless an archive stands in it: that was found and is accounted for already.
        opener.covered.add(end.at, end.end);
    }
    let excused = std::mem::take(&mut opener.excused);
    let last = directories.iter().filter_map(|d| d.end.as_ref()).map(|e| e.end).max();
    for (count, hole) in opener.covered.holes(bytes.len()).into_iter().enumerate() {
        let Some(piece) = bytes.get(hole.0..hole.1) else { continue };
        if is_padding(piece) || is_mark(hole.0, piece) || excused.holds(hole.0) {
            continue;
        }
        // Android's signatures stand before the directory; a directory that the end of the file cut off is no secret either.
        let cut = hole.1 == bytes.len() && piece.starts_with(b"PK\x01\x02");
        let signatures = piece.ends_with(b"APK Sig Block 42") || cut;
        let found = if hole.0 == 0 {
            Found::new("zip.prefix").severity(prefix_severity(bytes))
        } else if last.is_some_and(|end| hole.0 >= end) {
            let found = Found::new("zip.tail");
            if piece.len() >= 1024 {
                found.severity(Severity::Medium)
            } else {
                found
            }
        } else if directories.iter().any(|d| d.start == hole.1) {
            Found::new("zip.gap_before_cd")
        } else {
            Found::new("zip.gap_between_entries")
        };
        let behind = found.id == "zip.tail";
        let named = format!("bytes {} to {}", hole.0, hole.1);
        let summary = format!("{} bytes stand {} and belong to no member.", length(hole), place(found.id));
        if !signatures {
            opener.tell(found.at(hole.0, piece.len()).excerpt(piece).summary(summary));
        }
        if hole.0 == 0 || count >= MOST {
            continue;
        }
        let layer = if behind { "zip-tail" } else { "zip-gap" };
        if opener.sink.layer_slice(layer, named, piece) == Taken::Refused {
            break;
        }
    }
}

fn place(id: &str) -> &'static str {
    match id {
        "zip.prefix" => "before the archive",
        "zip.tail" => "behind the archive",
        "zip.gap_before_cd" => "between the last member and the directory",
        _ => "between the members",
    }
}

fn is_padding(piece: &[u8]) -> bool {
    piece.iter().all(|b| *b == 0)
}

/// The mark of a split archive, or of one that once was.
fn is_mark(at: usize, piece: &[u8]) -> bool {
    at == 0 && matches!(piece, b"PK\x07\x08" | b"PK00")
}
