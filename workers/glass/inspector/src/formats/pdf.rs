//! PDF (ISO 32000-2): every object of every revision, its streams decoded, its scripts, actions and embedded files.

mod actions;
mod crypt;
mod document;
mod filters;
mod headless;
mod heads;
mod lengths;
mod lexer;
mod named;
mod predictor;
mod readings;
mod scan;
mod second;
mod streams;
mod structure;
#[cfg(test)]
mod tests;
mod trailers;
mod value;
mod words;
mod xfa;

use std::collections::BTreeSet;
use std::ops::Range;

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use super::{Doc as About, Format, Match, stored};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::{Found, Sink};
use crypt::Locked;

/// Bytes at the start of a file in which readers look for the header.
const HEADER_WINDOW: usize = 1024;

/// PDF documents.
pub struct Pdf;

impl Format for Pdf {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn doc(&self) -> About {
        About {
            title: "PDF document",
            spec: "ISO 32000-2:2020; XFA specification 3.3",
            yields: "embedded files; the streams of all revisions and object streams, decoded; JavaScript of actions, names and XFA as text; what actions start and open, where its strings are coded",
            limitations: "images stay as their codec left them; public-key encryption; filters outside ISO 32000",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        match header(input.bytes) {
            Some(0) => Match::Yes,
            Some(at) if stored::member(input, at).is_some_and(built_like_one) && !goes_on(input) => Match::No,
            Some(_) if built_like_one(input.bytes) => Match::Also,
            _ if headless::built_like_one(input) => Match::Also,
            _ => Match::No,
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let bytes = input.bytes;
        let header = header(bytes);
        let scan = named::scan(bytes, header.unwrap_or_default(), &|| sink.expired());
        let live = trailers::live(bytes, header.unwrap_or_default(), &scan.objects);
        let choices = crypt::choices(&scan, live.as_ref());
        let passwords = sink.passwords();
        let (opened, locked) = match crypt::open_first(&scan, &choices.first, &passwords) {
            Ok(opened) => (opened, None),
            Err(why) => (None, Some(why)),
        };
        let (keys, number) = opened.map_or((None, None), |(keys, number)| (Some(keys), number));
        tell_encryption(keys.as_ref(), locked, &scan, sink);
        let others = others(&choices, &scan, &passwords, sink);
        let kept = (!others.is_empty()).then(|| scan.clone());
        let mut doc = document::Doc::new(bytes, scan, keys, locked.is_some(), number);
        let (gaps, looped) = doc.expand(&|| sink.expired());
        gaps.into_iter().for_each(|gap| sink.gap(gap));
        if looped {
            sink.finding(Found::new("pdf.dos_loop").summary("Object streams extend each other in a circle"));
        }
        if let Some(at) = doc.scan.stopped_at {
            let unseen = len64(bytes.len().saturating_sub(at));
            sink.gap(Gap::new(GapKind::OverBudget, "more objects than a scan reads: the rest was not looked at").bytes(unseen));
        }
        if doc.scan.too_deep > 0 {
            let what = format!("{} objects are nested deeper than is read", doc.scan.too_deep);
            sink.gap(Gap::new(GapKind::Malformed, what));
        }
        if doc.scan.unclosed > 0 {
            let what = format!(
                "{} objects are not closed: what stands behind the damage in them was not read",
                doc.scan.unclosed
            );
            sink.gap(Gap::new(GapKind::Malformed, what));
        }
        if doc.scan.cut {
            let what = "the document has more comments, lengths or offsets than are followed";
            sink.gap(Gap::new(GapKind::TooMany, what));
        }
        let actions = actions::hunt(&doc);
        let mut told = BTreeSet::new();
        for found in structure::look(&doc, header).into_iter().chain(actions.found) {
            told.insert(found.id);
            sink.finding(found);
        }
        for script in actions.scripts {
            sink.layer_slice("pdf-js", script.name, script.text.as_bytes());
        }
        if !actions.coded.is_empty() {
            let lines: Vec<String> = actions.coded.into_iter().collect();
            sink.layer_slice("pdf-actions", "what actions name", lines.join("\n").as_bytes());
        }
        if actions.more_coded {
            sink.gap(Gap::new(GapKind::TooMany, "actions name more than is read of them"));
        }
        streams::hand_over(&doc, &actions.script_streams, sink);
        drop(doc);
        for (other, scan) in others.into_iter().zip(std::iter::repeat_n(kept, 8).flatten()) {
            second::look(bytes, scan, other, &told, sink);
        }
        Ok(())
    }
}

/// Where the streams stand that say they are embedded files and are not packed.
pub(super) fn attached(bytes: &[u8]) -> Vec<Range<usize>> {
    let Some(header) = header(bytes).filter(|_| memmem::find(bytes, b"/EmbeddedFile").is_some()) else {
        return Vec::new();
    };
    let plain = |dict: &value::Dict| value::is_name(dict, b"Type", b"EmbeddedFile") && value::get(dict, b"Filter").is_none();
    let objects = scan::scan(bytes, header, &|| false).objects;
    let embedded = objects.into_iter().filter(|object| object.value.dict().is_some_and(plain));
    embedded.filter_map(|object| object.stream).collect()
}

/// Whether a range lies within one of the streams.
pub(super) fn holds(streams: &[Range<usize>], range: (usize, usize)) -> bool {
    streams.iter().any(|stream| stream.start <= range.0 && range.1 <= stream.end)
}

/// Offset of the header within the first 1,024 bytes.
fn header(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes.get(..HEADER_WINDOW).unwrap_or(bytes), b"%PDF-")
}

/// Text that only speaks of PDF has no objects with a trailer behind them.
fn built_like_one(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| memmem::find(bytes, word).is_some();
    has(b" obj") && has(b"endobj") && (has(b"trailer") || has(b"startxref"))
}

/// Whether a piece of a document stands between the members of an archive: whoever reads the archive as a document takes it for an
/// update, and nobody hands it out.
fn goes_on(input: &Input<'_>) -> bool {
    let bytes = input.bytes;
    let piece = |range: Range<usize>| {
        // A word may begin in a member, and end in one.
        let from = range.start.saturating_sub(8);
        let part = bytes.get(from..range.end.saturating_add(8).min(bytes.len())).unwrap_or_default();
        let within = |at: usize, len: usize| at < range.end && at.saturating_add(len) > range.start;
        let places = |word| memmem::find_iter(part, word).map(|at| at.saturating_add(from));
        places(&b"startxref"[..]).any(|at| within(at, 9)) || places(&b"obj"[..]).any(|at| within(at, 3) && is_object(bytes, at))
    };
    stored::between(input).into_iter().any(piece)
}

/// Whether `obj` stands there as it does behind a number: comments may stand between the two, so that a line may end before it.
fn is_object(bytes: &[u8], at: usize) -> bool {
    let blank = |b: &u8| lexer::is_space(*b) && *b != 0;
    let before = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(blank);
    let behind = bytes.get(at.saturating_add(3));
    let alone = before && behind.is_some_and(|b| blank(b) || matches!(b, b'<' | b'[' | b'(' | b'%'));
    alone || heads::head_before(bytes.get(..at).unwrap_or_default())
}

/// The keys of the readings beside the first, none for a document in clear; a gap where one does not open that is all that hides
/// something.
fn others(
    choices: &crypt::Choices,
    scan: &scan::Scan,
    passwords: &[String],
    sink: &mut Sink<'_, '_>,
) -> Vec<Option<(crypt::Keys, Option<u32>)>> {
    let mut readings = Vec::new();
    if choices.unsure {
        readings.push(None);
    }
    for other in &choices.others {
        match crypt::open(scan, other, passwords) {
            Ok(keys) => readings.push(Some((keys, other.number))),
            Err(_) if choices.first.is_empty() && other.has_handler() => {
                let what = "another trailer of the document has it encrypted, and none of the passwords opens that";
                sink.gap(Gap::new(GapKind::PasswordNeeded, what));
            }
            Err(_) => {}
        }
    }
    if choices.more {
        sink.gap(Gap::new(
            GapKind::TooMany,
            "the document says in more ways how it is encrypted than are tried",
        ));
    }
    readings
}

fn tell_encryption(keys: Option<&crypt::Keys>, locked: Option<Locked>, scan: &scan::Scan, sink: &mut Sink<'_, '_>) {
    if let Some(keys) = keys {
        let sentence = if keys.password.is_empty() {
            "The document is encrypted and opens without a password"
        } else {
            "The document is encrypted and was opened with a password"
        };
        sink.finding(Found::new("pdf.encrypted_open").summary(sentence));
    }
    let Some(locked) = locked else { return };
    let size: usize = scan
        .objects
        .iter()
        .filter_map(|o| o.stream.as_ref())
        .map(ExactSizeIterator::len)
        .sum();
    sink.finding(Found::new("pdf.encrypted_password"));
    let gap = match locked {
        Locked::Password => Gap::new(
            GapKind::PasswordNeeded,
            "the document is encrypted and none of the passwords opens it",
        ),
        Locked::Handler => Gap::new(
            GapKind::PasswordNeeded,
            "the document is encrypted in a way that is not supported (a certificate or an unknown handler)",
        ),
    };
    sink.gap(gap.bytes(len64(size)));
}
