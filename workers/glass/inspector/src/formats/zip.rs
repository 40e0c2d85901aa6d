//! ZIP, read raw: the union of what any extractor would hand out, and every difference between the readings as a finding.
//!
//! Order of work: the directories that end records lead to, from the last to the first; then what those did not account for:
//! further end records, stray directory headers, local headers that no directory names; last the bytes that nobody claims.

pub mod carved;
mod crypt;
mod decode;
mod differ;
mod find;
mod hand_out;
pub mod label;
mod leftovers;
mod names;
mod open;
mod ranges;
mod record;
mod structure;
mod trial;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use airlock_proto::{Gap, GapKind, Severity};

use self::find::{Directory, Hits};
use self::open::Opener;
use self::ranges::Ranges;
use self::record::{Central, End};
use self::view::Entry;
use super::{Doc, FORMATS, Format, Match, pdf};
use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::sink::{Found, Sink};

/// Most end records that are followed.
const MOST_ENDS: usize = 4096;

/// The format.
pub struct Zip;

impl Format for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "ZIP archive",
            spec: "PKWARE APPNOTE 6.3.10; WinZip AES; ECMA-376 part 2 (OPC); ODF 1.3 part 2",
            yields: "members by the directory and by the local headers, by every method that fits; bytes between members (zip-gap) and behind the archive (zip-tail); cells of spreadsheets (cells)",
            limitations: "zstd, WavPack, JPEG, MP3 and DCL members; strong encryption; further volumes of a split archive",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if find::begins(input.bytes) {
            return Match::Yes;
        }
        let Some(end) = find::near_end(input.bytes) else {
            let remains = find::has_remains(input.bytes) && claimed(input).is_none();
            return if remains { Match::Maybe } else { Match::No };
        };
        match claimed(input) {
            None => Match::Yes,
            Some(Claim::Holds) => Match::No,
            Some(Claim::Program) => Match::Also,
            // Themes in the streams of Office are no polyglots.
            Some(Claim::Other) if carved::in_stream(input) => Match::No,
            // Nor is an archive that a PDF carries unpacked as its attachment: the PDF hands it out.
            Some(Claim::Other) if carved::near_end(input.bytes).is_some_and(|range| pdf::holds(&pdf::attached(input.bytes), range)) => {
                Match::No
            }
            Some(Claim::Other) if input.bytes.len().saturating_sub(end.end) <= SEARCHED => Match::Also,
            Some(Claim::Other) => Match::No,
        }
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        label::of(input.bytes)
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let bytes = input.bytes;
        let label = label::of(bytes);
        let hits = Hits::scan(bytes);
        let mut opener = Opener::new(bytes, &hits, sink);
        let mut main = Vec::new();
        let mut homeless = Homeless::new();
        by_end_records(&mut opener, &hits, &mut main, &mut homeless);
        let unindexed = the_rest(&mut opener, &hits, &mut main, &mut homeless);
        if opener.split && main.iter().all(|directory| directory.end.is_none()) {
            let why = "the directory of this split archive stands in another part: its members are not known";
            opener.sink.gap(Gap::new(GapKind::Truncated, why));
        }
        structure::report(&mut opener, &main, unindexed, label);
        leftovers::report(&mut opener, &main);
        secrets(&mut opener);
        if hits.cut {
            let gap = Gap::new(
                GapKind::TooMany,
                "more headers than are looked at: the rest of the members was not opened",
            );
            opener.sink.gap(gap);
            opener.tell(Found::new("zip.many_entries"));
        }
        if let Some(Claim::Other) = claimed(input).filter(|_| !find::begins(bytes)) {
            opener.tell(Found::new("poly.multi_format").summary("The file is of another type and a ZIP archive at once."));
        }
        expansion(input, opener.sink);
        super::opc::beside(label, input, opener.sink);
        Ok(())
    }
}

/// The alarm of a bomb: much comes out, and very much more than went in.
fn expansion(input: &Input<'_>, sink: &mut Sink<'_, '_>) {
    let limits = &sink.walk.job.limits;
    let out = sink.children().iter().map(|c| c.size).fold(0, u64::saturating_add);
    let packed = len64(input.bytes.len()).max(1);
    if out >= limits.alarm_bytes && out > packed.saturating_mul(limits.alarm_ratio) {
        let summary = format!("{packed} bytes unpack to {out} bytes and more.");
        sink.finding(Found::new("zip.ratio_bomb").summary(summary));
    }
}

/// How far from the end of a file extractors search for the end record: its own 22 bytes and the longest comment (APPNOTE 4.3.16).
const SEARCHED: usize = 65_557;

/// Whether the bytes begin as an archive does.
pub(super) fn begins(bytes: &[u8]) -> bool {
    find::begins(bytes)
}

/// Where members stand that are neither packed nor encrypted.
pub(super) fn stored(bytes: &[u8]) -> Vec<Range<usize>> {
    find::stored(bytes)
}

enum Claim {
    /// A container that may hold a stored ZIP as a member, last: it opens that itself.
    Holds,
    /// A program that an archive was glued to.
    Program,
    /// Anything else that is recognised.
    Other,
}

/// Who else says that the bytes are theirs.
fn claimed(input: &Input<'_>) -> Option<Claim> {
    let bytes = input.bytes;
    let tar = bytes.get(257..262) == Some(b"ustar");
    if tar || bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(Claim::Holds);
    }
    if bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF") {
        return Some(Claim::Program);
    }
    let other = FORMATS
        .iter()
        .any(|f| !matches!(f.name(), "zip" | "behind") && f.sniff(input) != Match::No);
    (other || labels::find(bytes).is_some()).then_some(Claim::Other)
}

/// Directories that end records lead to. The last end record comes first: it is the one that most readers take, and what its
/// members cover is theirs (a stored archive inside has end records of its own).
fn by_end_records<'a>(opener: &mut Opener<'a, '_, '_, '_>, hits: &Hits, main: &mut Vec<Directory<'a>>, homeless: &mut Homeless<'a>) {
    let bytes = opener.bytes;
    let mut claimed = Ranges::default();
    let mut read = Ranges::default();
    let mut found = Vec::new();
    for &at in hits.ends.iter().rev().take(MOST_ENDS) {
        if claimed.holds(at) || read.holds(at) {
            continue;
        }
        let Some(end) = End::read(bytes, at) else { continue };
        let directories = find::of_end(bytes, end, &hits.centrals, &read);
        opener.split |= end.split && (!directories.is_empty() || end.end == bytes.len());
        if directories.is_empty() && end.count != 0 {
            continue;
        }
        cover_end(&mut read, &end);
        opener.covered.add(end.at.min(end.directory_end), record_end(&end));
        if directories.is_empty() {
            found.push(Directory {
                end: Some(end),
                start: at,
                stop: at,
                headers: Vec::new(),
                base: 0,
                searched: false,
            });
        }
        for directory in directories {
            read.add(directory.start, directory.stop);
            for header in &directory.headers {
                if let Some(local) = find::local_of(bytes, header, directory.base) {
                    claimed.add(local.data, local.data.saturating_add(crate::reader::size(header.fields.packed)));
                }
            }
            found.push(directory);
        }
    }
    found.sort_by_key(|d| d.start);
    for directory in found {
        open_directory(opener, &directory, homeless);
        main.push(directory);
    }
}

/// Only the record itself: its comment may hold another archive.
fn record_end(end: &End<'_>) -> usize {
    end.at.saturating_add(22)
}

fn cover_end(read: &mut Ranges, end: &End<'_>) {
    read.add(end.at.min(end.directory_end), record_end(end));
}

/// Directory headers whose place holds no local header, by name: a lone local header may be theirs.
type Homeless<'a> = BTreeMap<&'a [u8], Vec<Central<'a>>>;

fn open_directory<'a>(opener: &mut Opener<'a, '_, '_, '_>, directory: &Directory<'a>, homeless: &mut Homeless<'a>) {
    opener.covered.add(directory.start, directory.stop);
    for central in &directory.headers {
        let local = find::local_of(opener.bytes, central, directory.base);
        if local.is_none() {
            homeless.entry(central.fields.name).or_default().push(*central);
            continue;
        }
        opener.open(&Entry {
            local,
            central: Some(*central),
        });
    }
}

/// What no end record led to; the offsets of local headers that no directory names.
fn the_rest<'a>(
    opener: &mut Opener<'a, '_, '_, '_>,
    hits: &Hits,
    main: &mut Vec<Directory<'a>>,
    homeless: &mut Homeless<'a>,
) -> Vec<usize> {
    let bytes = opener.bytes;
    for &at in hits.ends.iter().rev().take(MOST_ENDS) {
        if opener.covered.holds(at) {
            continue;
        }
        let Some(end) = End::read(bytes, at) else { continue };
        for directory in find::of_end(bytes, end, &hits.centrals, &opener.covered) {
            opener.covered.add(end.at.min(end.directory_end), record_end(&end));
            open_directory(opener, &directory, homeless);
            main.push(directory);
        }
    }
    for directory in find::orphans(bytes, &hits.centrals, &opener.covered) {
        open_directory(opener, &directory, homeless);
        main.push(directory);
    }
    let named: BTreeSet<usize> = opener.spans.iter().map(|(start, _)| *start).collect();
    let mut lone = Vec::new();
    for &at in &hits.locals {
        if opener.covered.holds(at) || named.contains(&at) {
            continue;
        }
        let Some(local) = find::lone(bytes, at) else { continue };
        let central = homeless.get_mut(local.fields.name).and_then(Vec::pop);
        match central {
            Some(central) => opener.tell(Found::new("zip.cd_offset_wrong").at(central.at, 46).excerpt(central.fields.name)),
            None => lone.push(at),
        }
        opener.open(&Entry {
            local: Some(local),
            central,
        });
    }
    for central in homeless.values().flatten() {
        opener.open(&Entry {
            local: None,
            central: Some(*central),
        });
    }
    lone
}

/// One gap for all members that no password opens; that they are encrypted is told from what the sink was told of them.
fn secrets(opener: &mut Opener<'_, '_, '_, '_>) {
    if opener.locked > 0 {
        let why = format!(
            "{} encrypted members: no password that was offered or is well known opens them",
            opener.locked
        );
        opener.sink.gap(Gap::new(GapKind::PasswordNeeded, why).bytes(opener.locked_bytes));
    }
}

/// The weight of bytes in front of an archive: none for a program that unpacks itself.
fn prefix_severity(bytes: &[u8]) -> Severity {
    let program = bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"#!");
    if program { Severity::Info } else { Severity::Medium }
}

/// Length of a range as the report wants it.
fn length(range: (usize, usize)) -> u64 {
    len64(range.1.saturating_sub(range.0))
}

#[cfg(test)]
mod tests;
