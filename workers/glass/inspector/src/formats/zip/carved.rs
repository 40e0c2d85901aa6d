//! ZIP archives in the middle of a stream of a compound file: Office keeps its themes so, and `unzip` opens them from the document.

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use super::find;
use super::ranges::Ranges;
use super::record::{Central, END, End, LOCAL, Local};
use crate::formats::ole2::biff;
use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::len64;
use crate::signatures::Signature;
use crate::sink::Sink;

/// Most archives of one stream that are opened.
const MOST: usize = 256;

/// Most end records that are tried in a file that is something else.
const MOST_ENDS: usize = 4096;

/// Bytes by which two readings of an archive are known to begin at the same place.
const HEAD: usize = 48;

/// The format.
pub struct Carved;

impl Format for Carved {
    fn name(&self) -> &'static str {
        "zip-carved"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "ZIP archive within a stream of a compound file",
            spec: "PKWARE APPNOTE 6.3.10; MS-PPT 2.4.17 (round-trip theme); MS-XLS 2.4.58 (Continue)",
            yields: "each archive from its first local header to its end record; in a workbook, what its records hold in one piece",
            limitations: "archives without an end record",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let within = in_stream(input) && !find::begins(input.bytes);
        if within && next(input.bytes, 0).is_some() {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let joined = biff::joined(input.bytes).unwrap_or_default();
        let whole: Vec<&[u8]> = archives(&joined).collect();
        // What the headers of records cut to pieces is an archive where they are joined.
        let is_cut = |raw: &[u8]| whole.iter().any(|w| *w != raw && w.get(..HEAD) == raw.get(..HEAD) && is_sound(w));
        let raw = archives(input.bytes).filter(|raw| !whole.contains(raw) && (is_sound(raw) || !is_cut(raw)));
        for (number, archive) in whole.iter().copied().chain(raw).enumerate() {
            if number == MOST {
                let why = format!("more than {MOST} archives in one stream: the rest was not opened");
                return Err(Gap::new(GapKind::TooMany, why));
            }
            sink.layer_slice("zip-carved", "zip", archive);
        }
        Ok(())
    }
}

/// Archives in the middle of a file that is something else, too far from its end for `unzip` and not for 7-Zip: from where to where.
pub struct Buried<'a> {
    bytes: &'a [u8],
    /// Where to go on; `None` when there is nothing to be found.
    from: Option<usize>,
    left: usize,
}

/// Looks for them.
pub fn buried<'a>(input: &Input<'a>) -> Buried<'a> {
    let first = input.first(Signature::Zip).filter(|first| next(input.bytes, *first).is_some());
    Buried {
        bytes: input.bytes,
        from: first.filter(|_| !in_stream(input) && super::Zip.sniff(input) == Match::No),
        left: MOST_ENDS,
    }
}

impl Buried<'_> {
    /// Where the search was given up; `None` when it came to its end.
    pub fn given_up(&self) -> Option<usize> {
        self.from.filter(|_| self.left == 0)
    }
}

impl Iterator for Buried<'_> {
    type Item = (usize, usize);

    /// From a local header to the first end record behind it that leads to a member: programs that read archives hold the signatures as
    /// words, and an end record may be the bait before the real one.
    fn next(&mut self) -> Option<(usize, usize)> {
        let start = local(self.bytes, self.from?)?;
        for (number, end) in ends(self.bytes, start).enumerate() {
            self.left = self.left.checked_sub(1)?;
            let archive = self.bytes.get(start..end.end).unwrap_or_default();
            let record = End::read(archive, end.at.saturating_sub(start));
            if let Some(first) = record.and_then(|record| find::leads_to_member(archive, record)) {
                self.from = Some(end.end);
                // What stands before a bait is no part of the archive behind it.
                let start = if number == 0 { start } else { start.saturating_add(first) };
                return Some((start, end.end));
            }
        }
        self.from = None;
        None
    }
}

/// Each archive from its first local header to its end record.
fn archives(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ranges = std::iter::from_fn(move || {
        let range = next(bytes, from)?;
        from = range.1;
        Some(range)
    });
    ranges.filter_map(|(start, end)| bytes.get(start..end))
}

/// Whether the directory stands where the end record says, and each of its members where the directory says.
fn is_sound(archive: &[u8]) -> bool {
    let Some(end) = find::near_end(archive).filter(|end| end.end == archive.len()) else {
        return false;
    };
    let directories = find::of_end(archive, end, &[], &Ranges::default());
    let sound = |directory: &find::Directory<'_>| {
        let named = |header: &Central<'_>| {
            find::local_of(archive, header, 0).is_some_and(|local| local.signed && local.fields.name == header.fields.name)
        };
        directory.base == 0 && !directory.searched && len64(directory.headers.len()) == end.count && directory.headers.iter().all(named)
    };
    directories.iter().any(sound)
}

/// The archive that an extractor opens from the end of a file that is something else: from its first member to its end record.
pub fn near_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = find::near_end(bytes).filter(|end| bytes.len().saturating_sub(end.end) <= super::SEARCHED)?;
    let directories = find::of_end(bytes, end, &[], &Ranges::default());
    let members = directories
        .iter()
        .flat_map(|directory| directory.headers.iter().map(move |header| (header, directory.base)));
    let first = members
        .filter_map(|(header, base)| find::local_of(bytes, header, base))
        .map(|local| local.at)
        .min()?;
    Some((first, end.end)).filter(|(first, end)| first < end)
}

/// Whether the bytes are a stream of a compound file of Office.
pub fn in_stream(input: &Input<'_>) -> bool {
    input.layer == "raw" && input.chain.last().is_some_and(|above| crate::formats::ole2::LABELS.contains(above))
}

/// The next archive: from a local header to the end record that follows it.
fn next(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let start = local(bytes, from)?;
    let end = ends(bytes, start).next()?;
    Some((start, end.end))
}

/// The next local header.
fn local(bytes: &[u8], from: usize) -> Option<usize> {
    places(bytes, LOCAL, from).find(|at| Local::read(bytes, *at).is_some())
}

/// The end records from here on that count members.
fn ends(bytes: &[u8], from: usize) -> impl Iterator<Item = End<'_>> {
    places(bytes, END, from).filter_map(|at| End::read(bytes, at).filter(|end| end.count > 0))
}

fn places<'a>(bytes: &'a [u8], word: &'static [u8; 4], from: usize) -> impl Iterator<Item = usize> + 'a {
    let rest = bytes.get(from..).unwrap_or_default();
    memmem::find_iter(rest, word).map(move |at| at.saturating_add(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ole2::cfb::tests::build;
    use crate::formats::ole2::tests::look;
    use airlock_forge::zip::{Archive, Entry};

    /// A workbook stream whose drawing goes on in a Continue record.
    fn workbook(drawing: &[u8]) -> Vec<u8> {
        let mut out = b"\x09\x08\x10\0\0\x06\x05\0".to_vec();
        out.extend([0; 12]);
        let (one, two) = drawing.split_at(drawing.len() / 2);
        for (id, part) in [(0x00ec_u16, one), (0x003c, two)] {
            out.extend(id.to_le_bytes());
            out.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
            out.extend(part);
        }
        out
    }

    #[test]
    fn an_archive_over_two_records_is_opened_whole_and_once() {
        let archive = Archive::of(vec![
            Entry::stored("a.txt", b"first"),
            Entry::stored("b.txt", &b"MARKER ".repeat(100)),
        ])
        .build();
        assert!(is_sound(&archive));
        let seen = look(&build(&[("Workbook", &workbook(&archive))]));
        assert!(seen.node("b.txt", "raw").contains("MARKER"));
        assert_eq!(seen.nodes.iter().filter(|n| n.layer == "zip-carved").count(), 1);
        assert!(seen.findings.iter().all(|(id, _)| !id.starts_with("zip.")), "{:?}", seen.findings);
    }

    #[test]
    fn end_records_that_lead_nowhere_hide_no_archive() {
        let bait = [&END[..], &[0, 0, 0, 0, 1, 0, 1, 0], &[9; 8], &[0, 0]].concat();
        let front = [&b"\x89PNG\r\n\x1a\n"[..], LOCAL, &[0; 22], &[1, 0, 0, 0], b"a", &bait, &[7; 50]].concat();
        let archive = Archive::of(vec![Entry::stored("a.txt", b"MARKER")]).build();
        let file = [&front[..], &bait.repeat(20), &archive, &[5; 70_000]].concat();
        let input = Input::bare(&file);
        let start = front.len() + 20 * bait.len();
        assert_eq!(buried(&input).collect::<Vec<_>>(), [(start, start + archive.len())]);
        let seen = look(&[&front[..], &bait.repeat(MOST_ENDS), &archive, &[5; 70_000]].concat());
        assert!(!seen.gaps.is_empty());
    }
}
