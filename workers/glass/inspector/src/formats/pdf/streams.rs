//! Hands embedded files, decoded streams and form scripts to the sink.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use airlock_proto::{Gap, GapKind, Severity};

use super::actions::file_name;
use super::document::{Doc, named_gap};
use super::filters::{Filter, MAX_FILTERS, chain};
use super::lengths::goes_on;
use super::readings;
use super::scan::Object;
use super::structure::{all_dicts, tail_range};
use super::value::{Dict, Value, get, is_name};
use super::words::{remote, short, suspicious_api};
use super::xfa;
use crate::analysers::extensions;
use crate::formats::{FORMATS, Match};
use crate::input::{Input, extension};
use crate::labels;
use crate::reader::len64;
use crate::sink::{Found, Member, Sink};

/// Bytes of a form's XML that are read for scripts.
const MAX_FORM: u64 = 16 * 1024 * 1024;
/// Forms of a file that are read for scripts.
const MAX_FORMS: usize = 64;

/// Embedded files first, then every other stream in file order, then what stands behind the end.
pub fn hand_over(doc: &Doc<'_>, scripts: &BTreeSet<usize>, sink: &mut Sink<'_, '_>) {
    let embedded = embedded(doc);
    let mut odd = BTreeSet::new();
    for (index, object) in doc.scan.objects.iter().enumerate().filter(|(_, o)| o.stream.is_some()) {
        let Some(dict) = object.value.dict() else { continue };
        if sink.expired() {
            sink.gap(Gap::new(
                GapKind::Time,
                "the time for this scan is over: the rest of the streams was not decoded",
            ));
            return;
        }
        oddities(doc, object, dict, scripts.contains(&index), &mut odd, sink);
        let data = match doc.data(object) {
            Ok(data) => data,
            Err(gap) => {
                // One gap of the document tells of all its locked streams.
                if !doc.locked {
                    sink.gap(gap);
                }
                continue;
            }
        };
        let mut filters = readings::filters(doc, dict);
        let kept = cut_chain(&mut filters);
        let name = embedded.get(&index);
        let title = format!("obj {} {}", object.number, object.generation);
        if let Some(beyond) = kept {
            sink.gap(Gap::new(
                GapKind::Unsupported,
                format!("{title}: more than {MAX_FILTERS} filters, {beyond} were not undone"),
            ));
        }
        if object.missing > 0 {
            let what = format!("{title}: the file ends before the declared end of the stream");
            sink.gap(Gap::new(GapKind::Truncated, what).bytes(len64(object.missing)));
        }
        let text = matches!(filters.first(), Some(Filter::AsciiHex | Filter::Ascii85));
        let end = object.stream.as_ref().map_or(0, |range| range.end);
        if text && memchr::memchr(b'>', &data).is_none() && goes_on(doc.bytes, end) {
            let what = format!("{title}: its digits have no end mark, and more follows them than is read");
            sink.gap(Gap::new(GapKind::Malformed, what));
        }
        let first = readings::of_first(doc, dict).map(|filters| (filters, "the first of repeated keys"));
        let others = readings::others(doc, dict)
            .into_iter()
            .map(|filters| (filters, "as others read it"));
        for (mut filters, why) in first.into_iter().chain(others) {
            cut_chain(&mut filters);
            if let Ok(mut reader) = chain(&data, &filters) {
                sink.layer("pdf-stream", format!("{title} ({why})"), &mut reader);
            }
        }
        let mut reader = match chain(&data, &filters) {
            Ok(reader) => reader,
            Err(error) => {
                sink.gap(named_gap(object, &error).bytes(len64(data.len())));
                continue;
            }
        };
        if let Some(name) = name {
            let member = Member {
                declared: get(dict, b"Params")
                    .and_then(|p| doc.resolve(p).dict())
                    .and_then(|p| get(p, b"Size")?.int())
                    .and_then(|n| u64::try_from(n).ok()),
                encrypted: doc.keys.is_some(),
                ..Member::named(if name.is_empty() { title } else { name.clone() })
            };
            // What no file specification names is no file to a reader: the packets of a form say that they are embedded, too.
            if !name.is_empty() {
                tell_embedded(object, &member.name, sink);
            }
            sink.member(member, &mut reader);
            tell_executable(object, !name.is_empty(), sink);
        } else if !filters.is_empty() || matches!(data, std::borrow::Cow::Owned(_)) {
            sink.layer("pdf-stream", title, &mut reader);
        } else if holds_more(&data) {
            sink.layer_slice("pdf-stream", title, &data);
        }
    }
    forms(doc, sink);
    if let Some((start, stop)) = tail_range(doc)
        && let Some(tail) = doc.bytes.get(start..stop)
        && holds_more(tail)
    {
        sink.member_slice(Member::named("behind the end"), tail);
    }
}

/// Cuts a chain to what is followed; how many filters were cut.
fn cut_chain(filters: &mut Vec<Filter>) -> Option<usize> {
    let mut real = 0_usize;
    let keep = filters
        .iter()
        .take_while(|f| {
            real = real.saturating_add(usize::from(!matches!(f, Filter::Predicted(_) | Filter::Senseless)));
            real <= MAX_FILTERS
        })
        .count();
    let beyond = filters.len().saturating_sub(keep);
    filters.truncate(keep);
    (beyond > 0).then_some(beyond)
}

/// Plain bytes stand in the file and were matched there; they become a node when they are a file of their own.
fn holds_more(data: &[u8]) -> bool {
    let input = Input::bare(data);
    labels::find(data).is_some() || FORMATS.iter().any(|f| matches!(f.sniff(&input), Match::Yes | Match::Also))
}

/// Streams that a file specification embeds, with its name, and those that say themselves that they are embedded.
pub fn embedded(doc: &Doc<'_>) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    let mut seen = HashSet::new();
    all_dicts(doc, &mut |dict| {
        let Some(files) = get(dict, b"EF").and_then(|v| doc.resolve(v).dict()) else {
            return;
        };
        // One that many specifications share is read once.
        if !seen.insert(std::ptr::from_ref(files)) {
            return;
        }
        let name = file_name(
            doc,
            &Value::Dict(dict.iter().filter(|(k, _)| &*k.bytes != b"EF").cloned().collect()),
        );
        for (_, file) in files {
            let Value::Ref(number) = file else { continue };
            // Newest first; a file of copies stays linear, and what is not a member is a layer.
            for (index, _) in doc.bodies(*number).rev().take(64).filter(|(_, o)| o.stream.is_some()) {
                found.entry(index).or_insert_with(|| name.clone());
            }
        }
    });
    for (index, object) in doc.scan.objects.iter().enumerate() {
        if object.stream.is_some() && object.value.dict().is_some_and(|d| is_name(d, b"Type", b"EmbeddedFile")) {
            found.entry(index).or_default();
        }
    }
    found
}

pub fn tell_embedded(object: &Object, name: &str, sink: &mut Sink<'_, '_>) {
    let sentence = format!("The document carries the file {}", short(name));
    sink.finding(Found::new("pdf.embedded_file").at(object.offset, 0).says(name).summary(sentence));
}

/// What the member just handed over turned out to be.
pub fn tell_executable(object: &Object, named: bool, sink: &mut Sink<'_, '_>) {
    let Some((name, format)) = sink
        .children()
        .last()
        .map(|c| (c.member.name.clone(), c.format.unwrap_or_default()))
    else {
        return;
    };
    let program = matches!(
        format,
        "pe" | "elf" | "macho" | "class" | "dex" | "lnk" | "hta" | "jar" | "apk" | "msi"
    );
    let macros = matches!(
        format,
        "docm" | "dotm" | "xlsm" | "xltm" | "xlam" | "pptm" | "ppsm" | "potm" | "ppam"
    );
    let severity = if program || macros || extensions::runs_loudly(&extension(&name)) || extensions::runs(&extension(&name)) {
        Severity::Critical
    } else if named && matches!(format, "html" | "svg") {
        // A page among the papers of a portfolio is common and opens in the browser.
        Severity::Medium
    } else {
        return;
    };
    let sentence = format!("The document carries {}, which runs when it is opened", short(&name));
    sink.finding(
        Found::new("pdf.embedded_exec")
            .at(object.offset, 0)
            .severity(severity)
            .says(&name)
            .summary(sentence),
    );
}

/// Chains of filters that nobody needs.
fn oddities(doc: &Doc<'_>, object: &Object, dict: &Dict, script: bool, told: &mut BTreeSet<String>, sink: &mut Sink<'_, '_>) {
    let filters: Vec<Filter> = readings::filters(doc, dict)
        .into_iter()
        .filter(|f| !matches!(f, Filter::Predicted(_) | Filter::Senseless))
        .collect();
    let flates = filters.iter().filter(|f| **f == Filter::Flate).count();
    let ascii = filters.iter().any(|f| matches!(f, Filter::AsciiHex | Filter::Ascii85));
    let unknown = filters.iter().find_map(|f| match f {
        Filter::Unknown(name) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    });
    let why = if let Some(name) = unknown {
        format!("is packed with the filter {}, which no reader knows", short(&name))
    } else if script && ascii {
        "holds a script and is written as text digits".to_owned()
    } else if flates > 1 {
        "is packed twice the same way".to_owned()
    } else if filters.len() >= 3 {
        format!("goes through {} filters", filters.len())
    } else {
        return;
    };
    if told.len() < 100 && told.insert(why.clone()) {
        let sentence = format!("Stream {} {why}", object.number);
        sink.finding(Found::new("pdf.filter_chain_odd").at(object.offset, 0).summary(sentence));
    }
}

/// Scripts and outside addresses of XFA forms.
fn forms(doc: &Doc<'_>, sink: &mut Sink<'_, '_>) {
    let mut packets = BTreeSet::new();
    let mut seen = HashSet::new();
    all_dicts(doc, &mut |dict| {
        let Some(value) = get(dict, b"XFA") else { return };
        let parts = match doc.resolve(value) {
            Value::Array(parts) => parts.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if !seen.insert(parts.as_ptr()) {
            return;
        }
        for part in parts {
            if let Value::Ref(number) = part {
                packets.extend(
                    doc.bodies(*number)
                        .take(64)
                        .filter(|(_, o)| o.stream.is_some())
                        .map(|(index, _)| index),
                );
            }
        }
    });
    let mut told = BTreeSet::new();
    for index in packets.iter().take(MAX_FORMS) {
        let Some(object) = doc.scan.objects.get(*index) else { continue };
        let mut packet = doc.decoded(object, MAX_FORM).0;
        for other in doc.decoded_otherwise(object, MAX_FORM) {
            packet.extend(other);
        }
        let form = xfa::read(&packet);
        if let Some(first) = form.scripts.first().filter(|_| told.insert("script")) {
            let sentence = format!("A form in the document runs scripts: {}", short(first));
            sink.finding(Found::new("pdf.xfa").at(object.offset, 0).says(first).summary(sentence));
        }
        for script in &form.scripts {
            if let Some((call, what, severity)) =
                suspicious_api(script, &BTreeSet::new()).filter(|(_, _, s)| *s >= Severity::High && told.insert("call"))
            {
                let found = Found::new("pdf.js_suspicious_api")
                    .at(object.offset, 0)
                    .severity(severity)
                    .says(script);
                sink.finding(found.summary(format!("A form script {what} ({call})")));
            }
            sink.layer_slice(
                "pdf-js",
                format!("form script of obj {} {}", object.number, object.generation),
                script.as_bytes(),
            );
        }
        for address in form.external.iter().filter(|a| remote(a)).take(16) {
            let sentence = format!("A form in the document fetches {} by itself", short(address));
            sink.finding(Found::new("pdf.xfa_external").at(object.offset, 0).says(address).summary(sentence));
        }
    }
}
