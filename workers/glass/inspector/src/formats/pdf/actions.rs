//! Actions (ISO 32000-2 section 12.6): what sets them off and what they do. Follows every trigger, then looks at what no trigger reached.

mod effects;

use std::collections::{BTreeSet, HashSet};

use airlock_proto::Severity;
use memchr::memmem;

use super::document::Doc;
use super::value::{Dict, Value, all, get, is_name};
use super::words::{remote, short, text};
use crate::sink::Found;

/// Findings about addresses and other repeating things that one file gets.
const MAX_REPEATS: usize = 64;
/// Texts that actions name which are looked for in the file, and which are kept.
const MAX_SEARCHES: usize = 256;
const MAX_CODED: usize = 4096;
/// Bytes of one script that are read.
const MAX_SCRIPT: u64 = 16 * 1024 * 1024;
/// Bytes of all scripts together.
const MAX_SCRIPTS: usize = 32 * 1024 * 1024;

/// A script as text, with the place it comes from.
pub struct Script {
    /// Name of the layer.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What the actions of a document are.
#[derive(Default)]
pub struct Actions {
    /// Findings in order.
    pub found: Vec<Found>,
    /// Different scripts in order.
    pub scripts: Vec<Script>,
    /// Indices of objects whose stream is a script.
    pub script_streams: BTreeSet<usize>,
    /// What actions start, open and send to, where the file does not have it as it reads: rules are to see it, too.
    pub coded: BTreeSet<String>,
    /// True when there is more of that than is kept.
    pub more_coded: bool,
}

/// Where an action stands and what sets it off.
#[derive(Clone, Copy)]
struct Place<'t> {
    /// Index of the object; past the last one for a trailer.
    object: usize,
    trigger: &'t str,
    auto: bool,
    depth: u32,
}

/// What something is walked as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Walk {
    Names,
    FieldEvents,
    PageEvents,
    Used,
}

struct Hunt<'d> {
    doc: &'d Doc<'d>,
    out: Actions,
    seen: HashSet<usize>,
    addresses: BTreeSet<String>,
    launched: BTreeSet<(String, bool)>,
    named: HashSet<String>,
    /// Addresses of what many may share and is walked once: arrays of name trees, and sets of events.
    walked: HashSet<(Walk, usize)>,
    texts: HashSet<String>,
    script_bytes: usize,
    opened: bool,
    hidden: Option<Severity>,
    pages: BTreeSet<String>,
    told_of_pages: bool,
    looped: bool,
    repeats: usize,
}

/// Looks at every action of the document.
pub fn hunt(doc: &Doc<'_>) -> Actions {
    let mut hunt = Hunt {
        doc,
        out: Actions::default(),
        seen: HashSet::new(),
        addresses: BTreeSet::new(),
        launched: BTreeSet::new(),
        named: HashSet::new(),
        walked: HashSet::new(),
        texts: HashSet::new(),
        script_bytes: 0,
        opened: false,
        hidden: None,
        pages: BTreeSet::new(),
        told_of_pages: false,
        looped: false,
        repeats: 0,
    };
    // Automatic triggers first, so that an action that has one is told with it.
    for pass in 0..3 {
        for (index, object) in doc.scan.objects.iter().enumerate() {
            hunt.sweep(index, &object.value, pass);
        }
        // A catalog may stand in the trailer itself, which is no object.
        for trailer in &doc.scan.trailers {
            hunt.dict(usize::MAX, trailer, pass);
        }
    }
    hunt.out
}

impl Hunt<'_> {
    fn sweep(&mut self, object: usize, value: &Value, pass: u8) {
        match value {
            Value::Array(array) => array.iter().for_each(|v| self.sweep(object, v, pass)),
            Value::Dict(dict) => self.dict(object, dict, pass),
            _ => {}
        }
    }

    fn dict(&mut self, object: usize, dict: &Dict, pass: u8) {
        match pass {
            0 => self.opening(object, dict),
            1 => self.events(object, dict),
            _ => {
                let place = Place {
                    object,
                    trigger: "When somebody uses it",
                    auto: false,
                    depth: 0,
                };
                self.action(dict, place);
            }
        }
        for (_, value) in dict {
            self.sweep(object, value, pass);
        }
    }

    /// `OpenAction`, and the scripts of the name tree, which run when the document is opened.
    fn opening(&mut self, object: usize, dict: &Dict) {
        let place = Place {
            object,
            trigger: "When the document is opened",
            auto: true,
            depth: 0,
        };
        for (name, value) in dict {
            match &*name.bytes {
                b"OpenAction" => self.trigger(value, place),
                b"JavaScript" if value.name().is_none() => self.tree(value, place),
                b"AA" => {
                    let Some(events) = self.doc.resolve(value).dict() else { continue };
                    let field = is_field(dict);
                    if !self.first_walk(if field { Walk::FieldEvents } else { Walk::PageEvents }, events) {
                        continue;
                    }
                    for (event, action) in events {
                        let trigger = match &*event.bytes {
                            b"O" | b"PO" => "When a page is opened",
                            b"C" | b"PC" if !field => "When a page is closed",
                            b"PV" | b"PI" => "When a page is shown",
                            b"WC" => "When the document is closed",
                            b"WS" | b"DS" => "When the document is saved",
                            b"WP" | b"DP" => "When the document is printed",
                            _ => continue,
                        };
                        self.trigger(action, Place { trigger, ..place });
                    }
                }
                _ => {}
            }
        }
    }

    /// Events of form fields, which a person sets off.
    fn events(&mut self, object: usize, dict: &Dict) {
        let Some(events) = get(dict, b"AA").and_then(|v| self.doc.resolve(v).dict()) else {
            return;
        };
        if !self.first_walk(Walk::Used, events) {
            return;
        }
        for (_, action) in events {
            let place = Place {
                object,
                trigger: "When a form field is used",
                auto: false,
                depth: 0,
            };
            self.follow(action, place);
        }
    }

    fn first_walk<T>(&mut self, walk: Walk, what: &T) -> bool {
        self.walked.insert((walk, std::ptr::from_ref(what).addr()))
    }

    fn trigger(&mut self, value: &Value, place: Place<'_>) {
        // A destination, or going to one, is how every second document says on which page it opens.
        let action = self.doc.resolve(value).dict();
        let acts = action.and_then(|d| get(d, b"S")).map(|s| self.doc.resolve(s));
        if let Some(kind) = acts.and_then(Value::name)
            && !matches!(kind, b"GoTo" | b"Named" | b"Hide" | b"Trans" | b"SetOCGState")
            && !self.opened
        {
            self.opened = true;
            let kind = String::from_utf8_lossy(kind).into_owned();
            let sentence = format!("{} an action of kind {} runs", place.trigger, short(&kind));
            self.tell(place, Found::new("pdf.openaction").says(&kind).summary(sentence));
        }
        self.follow(value, place);
    }

    /// Follows a value to all bodies of the action that it names, in every revision.
    fn follow(&mut self, value: &Value, place: Place<'_>) {
        if place.depth > 64 {
            return;
        }
        match value {
            Value::Ref(number) => {
                let doc = self.doc;
                for (index, body) in doc.bodies(*number).take(64) {
                    if !matches!(body.value, Value::Ref(_)) {
                        self.follow(&body.value, Place { object: index, ..place });
                    }
                }
            }
            Value::Dict(dict) => self.action(dict, place),
            Value::Array(array) => {
                // Arrays that name each other would be walked for ever.
                if !self.seen.insert(std::ptr::from_ref(array).addr()) {
                    return;
                }
                for value in array.iter().filter(|v| matches!(v, Value::Dict(_) | Value::Ref(_))).take(1024) {
                    // A destination's first element is a page, which is no action.
                    let action = self.doc.resolve(value).dict();
                    if action.is_some_and(|d| !is_name(d, b"Type", b"Page")) {
                        self.follow(
                            value,
                            Place {
                                depth: place.depth.saturating_add(1),
                                ..place
                            },
                        );
                    }
                }
            }
            _ => {}
        }
    }

    /// A name tree (section 7.9.6), with a guard against circles.
    fn tree(&mut self, root: &Value, place: Place<'_>) {
        let mut open = vec![root];
        let mut seen = HashSet::new();
        let doc = self.doc;
        while let Some(value) = open.pop() {
            let bodies: Vec<&Value> = match value {
                Value::Ref(number) if !seen.insert(*number) => continue,
                Value::Ref(number) => doc.bodies(*number).map(|(_, o)| &o.value).collect(),
                direct => vec![direct],
            };
            for node in bodies.into_iter().filter_map(Value::dict) {
                if let Some(Value::Array(kids)) = get(node, b"Kids").map(|v| doc.resolve(v))
                    && self.first_walk(Walk::Names, kids)
                {
                    open.extend(kids.iter().filter(|k| matches!(k, Value::Ref(_))));
                }
                if let Some(Value::Array(names)) = get(node, b"Names").map(|v| doc.resolve(v))
                    && self.first_walk(Walk::Names, names)
                {
                    for value in names.iter().filter(|v| matches!(v, Value::Ref(_) | Value::Dict(_))) {
                        self.follow(value, place);
                    }
                }
            }
        }
    }

    fn action(&mut self, dict: &Dict, place: Place<'_>) {
        if !self.seen.insert(std::ptr::from_ref(dict).addr()) {
            return;
        }
        let doc = self.doc;
        let kind = get(dict, b"S").map(|s| doc.resolve(s)).and_then(Value::name).unwrap_or_default();
        // Readers differ in which of repeated keys they take.
        for script in all(dict, b"JS") {
            self.script(script, place);
        }
        match kind {
            b"Launch" => self.launch(dict, place),
            b"URI" => self.address(dict, place),
            b"SubmitForm" => self.submit(dict, place),
            b"ImportData" => {
                let target = self.target(dict);
                self.names(place, dict, &target);
                let sentence = format!("{} it imports form data from {}", place.trigger, short(&target));
                self.tell(place, Found::new("pdf.importdata").says(&target).summary(sentence));
            }
            b"GoToR" | b"GoToE" | b"Thread" => {
                let target = self.target(dict);
                if remote(&target) {
                    self.names(place, dict, &target);
                    let sentence = format!("{} it opens a document on another machine: {}", place.trigger, short(&target));
                    self.tell(place, Found::new("pdf.goto_remote").says(&target).summary(sentence));
                }
            }
            _ => {}
        }
        if let Some(next) = get(dict, b"Next") {
            let depth = place.depth.saturating_add(1);
            if let Value::Ref(number) = next
                && !self.looped
                && doc.bodies(*number).take(64).any(|(index, _)| index == place.object)
                && doc
                    .scan
                    .objects
                    .get(place.object)
                    .is_some_and(|o| o.value.dict().is_some_and(|d| std::ptr::eq(d, dict)))
            {
                self.looped = true;
                self.tell(
                    place,
                    Found::new("pdf.dos_loop").summary("An action is followed by itself without end"),
                );
            }
            self.follow(next, Place { depth, ..place });
        }
    }

    /// Keeps what an action names when no bytes that rules see have it.
    fn names(&mut self, place: Place<'_>, dict: &Dict, what: &str) {
        let doc = self.doc;
        if doc.locked || what.is_empty() || !self.named.insert(what.to_owned()) {
            return;
        }
        // An object stream is a layer, which has the text of its actions unless some are coded, or stand elsewhere.
        let held = doc.scan.objects.get(place.object).is_some_and(|o| o.holder.is_some());
        let seen = if held && !refers(dict) {
            !doc.coded_members
        } else {
            self.named.len() <= MAX_SEARCHES && memmem::find(doc.bytes, what.as_bytes()).is_some()
        };
        if seen {
            return;
        }
        if self.out.coded.len() < MAX_CODED {
            self.out.coded.insert(what.to_owned());
        } else {
            self.out.more_coded = true;
        }
    }

    /// That actions stand in object streams is a trait of the whole document: told once, and once more when it weighs more.
    fn hidden(&mut self, place: Place<'_>, severity: Severity, what: &str) {
        if self.hidden < Some(severity) {
            self.hidden = Some(severity);
            self.tell(place, Found::new("pdf.objstm_hidden_action").severity(severity).says(what));
        }
    }

    fn tell_some(&mut self, place: Place<'_>, found: Found) {
        if self.repeats < MAX_REPEATS * 4 {
            self.repeats = self.repeats.saturating_add(1);
            self.tell(place, found);
        }
    }

    fn tell(&mut self, place: Place<'_>, found: Found) {
        let offset = self.doc.scan.objects.get(place.object).map_or(0, |o| o.offset);
        if self.out.found.len() < 1000 {
            self.out.found.push(found.at(offset, 0));
        }
    }
}

/// Whether what an action names may stand in another object.
fn refers(dict: &Dict) -> bool {
    let names = |key: &[u8]| matches!(key, b"URI" | b"F" | b"UF" | b"P" | b"Win" | b"Unix" | b"Mac" | b"DOS");
    dict.iter().any(|(key, value)| {
        names(&key.bytes)
            && match value {
                Value::Ref(_) => true,
                Value::Dict(inner) => inner.iter().any(|(key, value)| names(&key.bytes) && matches!(value, Value::Ref(_))),
                _ => false,
            }
    })
}

fn is_field(dict: &Dict) -> bool {
    get(dict, b"FT").is_some() || get(dict, b"T").is_some()
}

/// The name in a file specification: a string, or its `UF`, `F` and the rest.
pub fn file_name(doc: &Doc<'_>, value: &Value) -> String {
    match value {
        Value::Text(bytes) => text(bytes),
        Value::Dict(dict) => [&b"UF"[..], b"F", b"Unix", b"DOS", b"Mac"]
            .iter()
            .find_map(|key| get(dict, key).and_then(|v| doc.resolve(v).text()))
            .map(text)
            .unwrap_or_default(),
        _ => String::new(),
    }
}
