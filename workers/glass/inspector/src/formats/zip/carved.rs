//! ZIP archives in the middle of a stream of a compound file: Office keeps its themes so, and `unzip` opens them from the document.

use airlock_proto::Gap;
use memchr::memmem;

use super::find;
use super::ranges::Ranges;
use super::record::{END, End, LOCAL, Local};
use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::sink::Sink;

/// Most archives of one stream; further ones are a gap of the walk's own limits or stay bytes that the rules matched.
const MOST: usize = 256;

/// The format.
pub struct Carved;

impl Format for Carved {
    fn name(&self) -> &'static str {
        "zip-carved"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "ZIP archive within a stream of a compound file",
            spec: "PKWARE APPNOTE 6.3.10; MS-PPT 2.4.17 (round-trip theme)",
            yields: "each archive from its first local header to its end record",
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
        let mut from = 0;
        for _ in 0..MOST {
            let Some((start, end)) = next(input.bytes, from) else { break };
            sink.layer_slice("zip-carved", "zip", input.bytes.get(start..end).unwrap_or_default());
            from = end;
        }
        Ok(())
    }
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
    let places = |word, from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        memmem::find_iter(rest, word).map(move |at| at.saturating_add(from))
    };
    let start = places(LOCAL, from).find(|at| Local::read(bytes, *at).is_some())?;
    let end = places(END, start).find_map(|at| End::read(bytes, at).filter(|end| end.count > 0))?;
    Some((start, end.end))
}
