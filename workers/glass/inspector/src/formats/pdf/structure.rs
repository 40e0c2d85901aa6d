//! What the file's structure says: header, tail, escaped names, revisions, objects that contradict each other, polyglots.

use std::collections::{BTreeMap, BTreeSet};

use airlock_proto::Severity;
use memchr::memmem;

use super::document::Doc;
use super::lexer::is_space;
use super::scan::Object;
use super::value::{Dict, Value, get, is_name};
use super::words::{remote, short};
use crate::sink::Found;

/// Names that act, open or decode: nobody has a reason to write their letters as `#xx`.
const ACTIVE: &[&[u8]] = &[
    b"JavaScript",
    b"JS",
    b"OpenAction",
    b"AA",
    b"Launch",
    b"URI",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"EF",
    b"Filespec",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"RichMedia",
    b"XFA",
    b"ObjStm",
    b"Encrypt",
    b"FlateDecode",
    b"LZWDecode",
    b"ASCIIHexDecode",
    b"ASCII85Decode",
    b"RunLengthDecode",
    b"Crypt",
    b"DCTDecode",
    b"JBIG2Decode",
    b"Filter",
    b"Action",
    b"AcroForm",
    b"Type",
    b"Win",
];
/// Bytes behind the last `%%EOF` from which they are told of.
const TAIL: usize = 500;

/// All findings about the structure, in order.
pub fn look(doc: &Doc<'_>, header: Option<usize>) -> Vec<Found> {
    let mut out = Vec::new();
    if let Some(header) = header.filter(|at| *at > 0) {
        let sentence = format!("The PDF begins {header} bytes into the file");
        out.push(Found::new("pdf.header_offset").at(header, 8).excerpt(doc.bytes).summary(sentence));
    }
    if header.is_none() {
        let sentence = "The PDF has no header where readers look for it: only those that repair documents open it";
        out.push(Found::new("pdf.header_offset").at(0, 8).excerpt(doc.bytes).summary(sentence));
    }
    tail(doc, &mut out);
    mht(doc, &mut out);
    escaped(doc, &mut out);
    media(doc, &mut out);
    lengths(doc, &mut out);
    late_actions(doc, &mut out);
    duels(doc, &mut out);
    out
}

/// Bytes behind the last end mark, blanks aside, when they are many.
pub fn tail_range(doc: &Doc<'_>) -> Option<(usize, usize)> {
    let end = memmem::rfind(doc.bytes, b"%%EOF")?.saturating_add(5);
    let rest = doc.bytes.get(end..)?;
    let start = end.saturating_add(rest.iter().take_while(|b| is_space(**b)).count());
    let blank = rest.iter().rev().take_while(|b| is_space(**b)).count();
    let stop = doc.bytes.len().saturating_sub(blank);
    (stop.saturating_sub(start) >= TAIL).then_some((start, stop))
}

fn tail(doc: &Doc<'_>, out: &mut Vec<Found>) {
    if let Some((start, stop)) = tail_range(doc) {
        let length = stop.saturating_sub(start);
        let found = Found::new("pdf.tail_data")
            .at(start, length)
            .excerpt(doc.bytes.get(start..stop).unwrap_or_default());
        out.push(found.summary(format!("{length} bytes stand behind the end of the document")));
    }
}

/// A mail archive in the same bytes, outside every stream: Word opens it as a web page with macros.
fn mht(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let found = memchr::memchr_iter(b'-', doc.bytes)
        .map(|dash| dash.saturating_sub(4))
        .filter(|at| {
            doc.bytes
                .get(*at..at.saturating_add(13))
                .is_some_and(|w| w.eq_ignore_ascii_case(b"mime-version:"))
        })
        .take(256)
        .find(|at| !in_stream(doc, *at));
    let Some(at) = found else { return };
    let end = at.saturating_add(256 * 1024).min(doc.bytes.len());
    let rest = doc.bytes.get(at..end).unwrap_or_default().to_ascii_lowercase();
    let parts = [&b"multipart/related"[..], b"edit-time-data", b"application/x-mso", b"activemime"];
    if parts.iter().any(|part| memmem::find(&rest, part).is_some()) {
        out.push(
            Found::new("pdf.mht_polyglot")
                .at(at, 13)
                .excerpt(doc.bytes.get(at..).unwrap_or_default()),
        );
    }
}

fn in_stream(doc: &Doc<'_>, at: usize) -> bool {
    doc.scan.objects.iter().any(|o| o.stream.as_ref().is_some_and(|s| s.contains(&at)))
}

fn escaped(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let mut told = BTreeSet::new();
    for object in &doc.scan.objects {
        names(&object.value, &mut |name| {
            let word = String::from_utf8_lossy(name).into_owned();
            if ACTIVE.contains(&name) && told.insert(word.clone()) {
                let sentence = format!("The name {word} is written with escapes, which hides it from simple scanners");
                out.push(Found::new("pdf.name_escaped").at(object.offset, 0).says(&word).summary(sentence));
            }
        });
    }
}

fn names(value: &Value, told: &mut dyn FnMut(&[u8])) {
    match value {
        Value::Name(name) if name.escaped => told(&name.bytes),
        Value::Array(array) => array.iter().for_each(|v| names(v, told)),
        Value::Dict(dict) => {
            for (name, value) in dict {
                if name.escaped {
                    told(&name.bytes);
                }
                names(value, told);
            }
        }
        _ => {}
    }
}

/// Every dictionary of the document, those of trailers, in which a catalog may stand, too.
pub fn all_dicts<'d>(doc: &'d Doc<'_>, see: &mut dyn FnMut(&'d Dict)) {
    for object in &doc.scan.objects {
        dicts(&object.value, see);
    }
    for trailer in &doc.scan.trailers {
        see(trailer);
        trailer.iter().for_each(|(_, value)| dicts(value, see));
    }
}

/// Every dictionary of an object.
pub fn dicts<'v>(value: &'v Value, see: &mut dyn FnMut(&'v Dict)) {
    match value {
        Value::Array(array) => array.iter().for_each(|v| dicts(v, see)),
        Value::Dict(dict) => {
            see(dict);
            for (_, value) in dict {
                dicts(value, see);
            }
        }
        _ => {}
    }
}

fn media(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let mut told = BTreeSet::new();
    for object in &doc.scan.objects {
        let mut tell = |id: &'static str, what: String, severity: Option<Severity>| {
            if told.insert((id, what.clone())) && told.len() < 100 {
                let mut found = Found::new(id).at(object.offset, 0).says(&what);
                found.severity = severity;
                out.push(found.summary(what));
            }
        };
        dicts(&object.value, &mut |dict| {
            let kind = get(dict, b"Subtype").and_then(Value::name).unwrap_or_default();
            match kind {
                b"RichMedia" | b"3D" | b"Movie" if get(dict, b"Rect").is_some() => {
                    let kind = String::from_utf8_lossy(kind);
                    tell(
                        "pdf.richmedia_3d",
                        format!("A page holds content of kind {kind}, which a plug-in plays"),
                        None,
                    );
                }
                _ => {}
            }
            if get(dict, b"Collection").is_some_and(|c| doc.resolve(c).dict().is_some()) && is_name(dict, b"Type", b"Catalog") {
                tell(
                    "pdf.portfolio",
                    "The document is a portfolio: its pages are a cover for embedded files".into(),
                    None,
                );
            }
        });
        // A stream whose data lies in another file (section 7.3.8.2).
        if object.stream.is_some()
            && let Some(file) = object.value.dict().and_then(|d| get(d, b"F")).map(|f| doc.resolve(f))
        {
            let target = super::actions::file_name(doc, file);
            let severity = (!remote(&target)).then_some(Severity::Medium);
            if !target.is_empty() {
                tell(
                    "pdf.external_stream",
                    format!("A stream is loaded from outside: {}", short(&target)),
                    severity,
                );
            }
        }
    }
}

fn lengths(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let mut lies = doc.scan.objects.iter().filter(|o| o.length_lies.is_some());
    if let Some(first) = lies.next() {
        let found = first.stream.as_ref().map_or(0, ExactSizeIterator::len);
        let sentence = format!(
            "Stream {} says {} bytes and holds {found}; {} streams do so",
            first.number,
            first.length_lies.unwrap_or_default(),
            lies.count().saturating_add(1)
        );
        out.push(Found::new("pdf.stream_length_lies").at(first.offset, 0).summary(sentence));
    }
    if doc.scan.length_loop {
        out.push(Found::new("pdf.dos_loop").summary("The length of a stream refers to the stream itself"));
    }
}

fn acts(object: &Object) -> Option<&'static str> {
    let mut kind = None;
    dicts(&object.value, &mut |dict| {
        let name = get(dict, b"S").and_then(Value::name).unwrap_or_default();
        if name == b"Launch" && ["F", "Win", "Unix", "Mac"].iter().any(|k| get(dict, k.as_bytes()).is_some()) {
            kind = Some("starts a program");
        } else if kind.is_none() && get(dict, b"JS").is_some() {
            kind = Some("runs JavaScript");
        }
    });
    kind
}

/// An action that only a later revision brings.
fn late_actions(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let mut earlier = BTreeSet::new();
    for object in &doc.scan.objects {
        let Some(kind) = acts(object) else { continue };
        if object.revision == 0 {
            earlier.insert(kind);
        } else if earlier.insert(kind) {
            let severity = if kind == "starts a program" {
                Severity::High
            } else {
                Severity::Medium
            };
            let sentence = format!("A later revision of the document adds an action that {kind}");
            out.push(
                Found::new("pdf.incremental_action")
                    .at(object.offset, 0)
                    .severity(severity)
                    .summary(sentence),
            );
        }
    }
}

/// Two bodies of one object in one revision: readers differ in which they take.
fn duels(doc: &Doc<'_>, out: &mut Vec<Found>) {
    let mut bodies: BTreeMap<(u32, u32, usize), &Object> = BTreeMap::new();
    for object in doc.scan.objects.iter().filter(|o| o.holder.is_none()) {
        let key = (object.number, object.generation, object.revision);
        let Some(first) = bodies.insert(key, object) else { continue };
        let data = |o: &Object| o.stream.clone().and_then(|s| doc.bytes.get(s)).unwrap_or_default();
        let differ = first.value != object.value || data(first) != data(object);
        // Damaged and regenerated files repeat tables and metadata; what acts or is shown is what somebody would swap.
        let kind = object
            .value
            .dict()
            .and_then(|d| get(d, b"Type"))
            .and_then(Value::name)
            .unwrap_or_default();
        let shown = matches!(kind, b"Catalog" | b"Pages" | b"Page" | b"Action") || acts(object).is_some() || acts(first).is_some();
        if differ && shown {
            let sentence = format!("Object {} stands twice in one revision with different content", object.number);
            out.push(Found::new("pdf.object_confusion").at(object.offset, 0).summary(sentence));
            return;
        }
    }
}
