//! VBA projects (MS-OVBA): finds them in a compound file, decompresses the source of every module and hands it on as layer `vba`.

mod calls;
mod code;
mod compress;
mod findings;
mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Error, ErrorKind, Read};

use airlock_proto::{Gap, GapKind};
use memchr::memmem;

use super::ole2::cfb::{Cfb, Entry, Kind};
use super::{Doc, Format, Match};
use crate::input::Input;
use crate::sink::{Found, Sink, Taken};
pub use code::Module;
pub use project::{decode, encoding};

/// Longest stream that is read for VBA, in bytes.
const MAX_STREAM: usize = 64 * 1024 * 1024;
/// Longest source of one module, in bytes.
const MAX_SOURCE: usize = 32 * 1024 * 1024;
/// Sources found in one stream when there is no directory.
const MAX_SOURCES: usize = 64;
/// Modules that the call graph is made of.
const MAX_GRAPH: usize = 500;
/// Bytes of source that the call graph is made of.
const MAX_GRAPH_BYTES: usize = 8 * 1024 * 1024;
/// How an `Attribute` line begins inside a compressed container: one flag byte and eight letters.
const MARK: &[u8] = b"\0Attribut";

/// The decoded source of one module, as a node of its own.
pub struct VbaSource;

impl Format for VbaSource {
    fn name(&self) -> &'static str {
        "vba"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "VBA source",
            spec: "MS-OVBA 2.3.4.3, MS-VBAL",
            yields: "nothing: it is text",
            limitations: "compiled p-code is matched and not decompiled",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.layer == "vba" { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let module = Module::parse(input.name, &String::from_utf8_lossy(input.bytes));
        findings::of_module(&module, sink);
        Ok(())
    }
}

/// Decodes every VBA project of a compound file.
pub fn unpack(cfb: &Cfb<'_>, sink: &mut Sink<'_, '_>) {
    let mut storages: BTreeMap<Option<usize>, Vec<&Entry>> = BTreeMap::new();
    for (_, entry) in cfb.entries().filter(|(_, e)| e.kind == Kind::Stream) {
        storages.entry(entry.parent).or_default().push(entry);
    }
    for streams in storages.values() {
        let named = |name: &str| streams.iter().any(|e| e.name.eq_ignore_ascii_case(name));
        let inside = streams.first().is_some_and(|e| cfb.storage(e).eq_ignore_ascii_case("VBA"));
        if inside || named("_VBA_PROJECT") || (named("dir") && streams.len() > 1) {
            project_of(cfb, streams, sink);
        }
    }
}

/// The modules of one project.
fn project_of(cfb: &Cfb<'_>, streams: &[&Entry], sink: &mut Sink<'_, '_>) {
    let dir = streams.iter().find(|e| e.name.eq_ignore_ascii_case("dir"));
    let project = dir.and_then(|entry| {
        let (packed, _) = cfb.read(entry, MAX_STREAM);
        let dir = compress::decompress(&packed, MAX_SOURCE)?;
        sink.pay(dir.bytes.len());
        Some(project::parse(&dir.bytes))
    });
    let whole = project.as_ref().is_some_and(|p| p.whole);
    let project = project.unwrap_or_default();
    if dir.is_some() && !whole {
        sink.finding(Found::new("vba.dir_stream_inconsistent").summary("The list of modules of this VBA project is damaged."));
    }
    let listed_by: BTreeMap<String, &project::Module> = project.modules.iter().map(|m| (m.stream.to_lowercase(), m)).collect();
    let storages = cfb.entries().filter(|(_, e)| e.kind == Kind::Storage && e.parent.is_some());
    let forms: BTreeSet<String> = storages.map(|(_, e)| e.name.to_lowercase()).collect();
    let mut modules = Vec::new();
    let mut parsed = 0_usize;
    let mut unseen = Vec::new();
    for stream in streams {
        if sink.expired() {
            break;
        }
        if stream.name.eq_ignore_ascii_case("dir") || stream.name.starts_with("__SRP_") {
            continue;
        }
        let listed = listed_by.get(&stream.name.to_lowercase()).copied();
        let (bytes, _) = cfb.read(stream, MAX_STREAM);
        if !sink.pay(bytes.len()) {
            let what = "the limit of all unpacked bytes is reached: the other VBA modules were not decoded";
            sink.gap(Gap::new(GapKind::OverBudget, what));
            break;
        }
        let found = match listed {
            Some(module) => listed_source(module, &bytes),
            None => marked(&bytes),
        };
        if listed.is_none() && !found.is_empty() && !stream.name.eq_ignore_ascii_case("_VBA_PROJECT") {
            unseen.push(stream.name.clone());
        }
        if found.is_empty() {
            if let Some(module) = listed {
                sink.finding(Found::new("vba.compression_malformed").says(&module.name));
                let what = format!("the source of the VBA module {} cannot be decompressed", module.name);
                sink.gap(Gap::new(GapKind::Malformed, what));
            }
            continue;
        }
        for source in found {
            let name = module_name(listed, stream, &forms, &source.bytes, project.codepage);
            let module = hand_over(&name, &source, project.codepage, sink);
            // What is kept for the call graph has an end; every module is looked at as a node of its own.
            parsed = parsed.saturating_add(source.bytes.len().min(code::MAX_PARSED));
            if modules.len() < MAX_GRAPH && parsed <= MAX_GRAPH_BYTES {
                modules.extend(module.map(|text| Module::parse(&name, &text)));
            }
        }
    }
    tell_inconsistent(&project, streams, &unseen, whole, sink);
    if !modules.is_empty() {
        findings::of_project(&modules, sink);
    }
}

/// The source where `dir` says it is, or else wherever one begins in the stream.
fn listed_source(module: &project::Module, bytes: &[u8]) -> Vec<compress::Decompressed> {
    let there = bytes.get(module.offset..).and_then(|at| compress::decompress(at, MAX_SOURCE));
    match there {
        Some(source) if source.whole || !source.bytes.is_empty() => vec![source],
        _ => marked(bytes),
    }
}

/// Every container in a stream whose first line is an `Attribute` line.
fn marked(bytes: &[u8]) -> Vec<compress::Decompressed> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while let Some(next) = bytes.get(at..).and_then(|rest| memmem::find(rest, MARK)) {
        let mark = at.saturating_add(next);
        at = mark.saturating_add(MARK.len());
        let container = mark.checked_sub(3).and_then(|start| bytes.get(start..));
        if let Some(source) = container.and_then(|c| compress::decompress(c, MAX_SOURCE)) {
            found.push(source);
        }
        if found.len() >= MAX_SOURCES {
            break;
        }
    }
    found
}

fn module_name(listed: Option<&project::Module>, stream: &Entry, forms: &BTreeSet<String>, source: &[u8], codepage: u16) -> String {
    let Some(module) = listed else {
        return format!("{}.bas", source_name(source, codepage).unwrap_or_else(|| stream.name.clone()));
    };
    let form = forms.contains(&module.name.to_lowercase());
    let ending = match (module.procedural, form) {
        (true, _) => "bas",
        (false, true) => "frm",
        (false, false) => "cls",
    };
    format!("{}.{ending}", module.name)
}

/// What `Attribute VB_Name = "…"` says.
fn source_name(source: &[u8], codepage: u16) -> Option<String> {
    let first = source.split(|b| *b == b'\n').next()?;
    let text = decode(codepage, first);
    let (_, after) = text.split_once('"')?;
    let (name, _) = after.split_once('"')?;
    (!name.is_empty() && name.len() < 200).then(|| name.to_owned())
}

fn tell_inconsistent(project: &project::Project, streams: &[&Entry], unseen: &[String], whole: bool, sink: &mut Sink<'_, '_>) {
    if !whole {
        return;
    }
    let there: BTreeSet<String> = streams.iter().map(|e| e.name.to_lowercase()).collect();
    let missing = project.modules.iter().find(|m| !there.contains(&m.stream.to_lowercase()));
    if let Some(module) = missing {
        sink.finding(
            Found::new("vba.dir_stream_inconsistent")
                .summary("The VBA project lists a module whose stream is not there.")
                .says(&module.name),
        );
    }
    if let Some(stream) = unseen.first() {
        sink.finding(
            Found::new("vba.dir_stream_inconsistent")
                .summary("A stream holds VBA source that the project does not list.")
                .says(stream),
        );
    }
}

/// Hands the source on as a layer, and gives its text back when it was taken.
fn hand_over(name: &str, source: &compress::Decompressed, codepage: u16, sink: &mut Sink<'_, '_>) -> Option<String> {
    let text = decode(codepage, &source.bytes);
    let taken = if source.whole {
        sink.layer("vba", name, &mut text.as_bytes())
    } else {
        sink.finding(Found::new("vba.compression_malformed").says(name));
        sink.layer("vba", name, &mut Cursor::new(text.as_bytes()).chain(Broken))
    };
    (taken != Taken::Refused).then_some(text)
}

/// A reader that only fails: the source went on and could not be decoded.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(Error::new(
            ErrorKind::InvalidData,
            "a chunk of the compressed source contradicts its own length",
        ))
    }
}

#[cfg(test)]
mod tests;
