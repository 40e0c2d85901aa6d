//! Rich text (RTF 1.9.1): text, objects, pictures and templates, read as Word reads it and not as it should be written.

mod data;
mod fields;
mod prose;
mod tokens;
mod walk;

use airlock_proto::{Gap, GapKind};

use self::data::Object;
use self::walk::Walk;
use super::ole_package::{self, parse_ole1};
use super::ole2::cfb::MAGIC;
use super::{Doc, Format, Match};
use crate::input::{Input, extension};
use crate::reader::len64;
use crate::sink::{Found, Member, Sink};

/// An RTF document.
pub struct Rtf;

impl Format for Rtf {
    fn name(&self) -> &'static str {
        "rtf"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "RTF document",
            spec: "RTF 1.9.1; MS-OLEDS 2.2",
            yields: "objects (layer rtf-object), pictures, its text (layer rtf-text)",
            limitations: "objects of programs that we do not know are handed out as they are",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        match begin(input.bytes) {
            Some(at) if input.from(at).get(4).is_some_and(|c| *c == b'f') => Match::Yes,
            Some(_) => Match::Maybe,
            None => Match::No,
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let begin = begin(input.bytes).unwrap_or_default();
        let mut walk = Walk::new(input.bytes, begin);
        while let Some(object) = walk.next_object(&|| sink.expired()) {
            hand_over(object, sink);
        }
        header(input, begin, sink);
        losses(&walk, sink);
        for found in walk.found {
            sink.finding(found);
        }
        let text = walk.prose.flush();
        if !text.trim().is_empty() {
            sink.layer("rtf-text", "text", &mut text.as_bytes());
        }
        Ok(())
    }
}

/// What was not looked at.
fn losses(walk: &Walk<'_>, sink: &mut Sink<'_, '_>) {
    if walk.expired {
        sink.gap(Gap::new(GapKind::Time, "the time for this scan is over: the rest was not read"));
    }
    if walk.lost > 0 {
        let why = format!("{} objects stand deeper within others than is read", walk.lost);
        sink.gap(Gap::new(GapKind::TooMany, why));
    }
    if walk.prose.lost > 0 {
        let why = "more text than is looked at: the rest of it was not";
        sink.gap(Gap::new(GapKind::OverBudget, why).bytes(len64(walk.prose.lost)));
    }
}

/// Where the document begins: after white space, zeros or a byte order mark, with `{\rt`.
fn begin(bytes: &[u8]) -> Option<usize> {
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let near = marked.get(..1024.min(marked.len())).unwrap_or_default();
    let blank = near.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0)).count();
    let at = bytes.len().checked_sub(marked.len())?.checked_add(blank)?;
    bytes.get(at..)?.starts_with(b"{\\rt").then_some(at)
}

fn header(input: &Input<'_>, begin: usize, sink: &mut Sink<'_, '_>) {
    if !input.from(begin).starts_with(b"{\\rtf1") {
        let start = input.from(begin).get(..16).unwrap_or_default();
        sink.finding(Found::new("rtf.header_variant").at(begin, start.len()).excerpt(start));
    }
}

fn hand_over(object: Object, sink: &mut Sink<'_, '_>) {
    let Object { picture, at, bytes, class } = object;
    if picture {
        sink.member(Member::named("picture"), &mut bytes.as_slice());
        return;
    }
    let class = parse_ole1(&bytes).map_or(class, |o| o.class);
    let lower = class.to_lowercase();
    if lower.starts_with("equation") || holds(&bytes, EQUATION) {
        sink.finding(Found::new("rtf.equation").at(at, 0).says(&class));
    }
    let target = super::ole2::remote_target(&bytes);
    let linked = parse_ole1(&bytes).filter(|o| o.linked && remote(&o.topic)).map(|o| o.topic);
    if let Some(target) = target.or(linked) {
        sink.finding(
            Found::new("rtf.ole2link")
                .at(at, 0)
                .says(&target)
                .summary(format!("An RTF object links to {target}.")),
        );
    }
    package(&bytes, at, sink);
    sink.layer(
        "rtf-object",
        if class.is_empty() { "object" } else { &class },
        &mut bytes.as_slice(),
    );
    // Word takes the object from where it finds one, whatever stands before it.
    if parse_ole1(&bytes).is_none()
        && let Some(start) = memchr::memmem::find(&bytes, MAGIC).filter(|start| *start > 0)
    {
        sink.member_slice(Member::named("compound file"), bytes.get(start..).unwrap_or_default());
    }
}

/// The class of Equation Editor 3.0 as bytes.
const EQUATION: &[u8] = b"\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(bytes, what).is_some()
}

fn package(bytes: &[u8], at: usize, sink: &mut Sink<'_, '_>) {
    let native = parse_ole1(bytes).map_or(bytes, |o| o.data);
    let Some(package) = ole_package::parse(native) else { return };
    // What kind of file it is weighs where it is opened (ole.package, ole.package_exec).
    let ends = extension(&package.label);
    let sentence = format!("An RTF object holds the file {} ({ends}).", package.label);
    sink.finding(Found::new("rtf.object_package").at(at, 0).says(&package.label).summary(sentence));
}

/// True when a path or URL leads to another machine.
fn remote(target: &str) -> bool {
    let lower = target.trim().to_ascii_lowercase();
    let there = ["http:", "https:", "ftp:", "mhtml:", "\\\\", "file://"]
        .iter()
        .any(|start| lower.starts_with(start));
    there && !lower.starts_with("file:///")
}

#[cfg(test)]
mod tests;
