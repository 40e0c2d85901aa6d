//! Findings about what the headers of one member say, and about how often they are made.

use std::collections::BTreeMap;

use airlock_proto::Severity;

use super::decode::method_name;
use super::names;
use super::record::{Central, Fields, Local, extra_is_broken};
use super::view::Entry;
use crate::sink::{Found, Sink};

/// Findings of one id that an archive gets; further ones are left out.
const MOST: u32 = 8;

/// Makes findings, a few of each kind.
#[derive(Debug, Default)]
pub struct Teller {
    made: BTreeMap<&'static str, u32>,
}

impl Teller {
    /// Makes the finding unless there are enough of it.
    pub fn tell(&mut self, sink: &mut Sink<'_, '_>, found: Found) {
        let made = self.made.entry(found.id).or_default();
        *made = made.saturating_add(1);
        if *made <= MOST {
            sink.finding(found);
        }
    }

    /// Whether a finding of this id was made.
    pub fn told(&self, id: &str) -> bool {
        self.made.contains_key(id)
    }
}

/// Compares the headers of a member with one another and with themselves.
pub fn headers(entry: &Entry<'_>, out: &mut Vec<Found>) {
    if let (Some(local), Some(central)) = (&entry.local, &entry.central) {
        between(local, central, out);
    }
    if let Some(central) = &entry.central {
        alone(&central.fields, central.at, out);
        if central.attributes & 0x06 != 0 && !central.fields.name.ends_with(b"/") {
            out.push(about("zip.hidden_attr", central.at, &central.fields));
        }
        if central.disk != 0 {
            out.push(about("zip.multi_disk", central.at, &central.fields));
        }
    } else if let Some(local) = &entry.local {
        alone(&local.fields, local.at, out);
    }
    if let Some(local) = entry.local.as_ref().filter(|l| !l.signed) {
        out.push(about("zip.bad_first_magic", local.at, &local.fields));
    }
}

fn between(local: &Local<'_>, central: &Central<'_>, out: &mut Vec<Found>) {
    let (l, c) = (&local.fields, &central.fields);
    if l.name != c.name && !l.name.is_empty() {
        let (one, other) = (names::text(c), names::text(l));
        let mut found = about("zip.name_mismatch", local.at, l).summary(format!(
            "The directory calls a member “{one}” and its own header calls it “{other}”."
        ));
        // Some packers write the separators of Windows in one place alone.
        if one.replace('\\', "/") == other.replace('\\', "/") {
            found = found.severity(Severity::Low);
        }
        out.push(found);
    }
    if l.method != c.method {
        out.push(about("zip.method_mismatch", local.at, l).summary(format!(
            "The directory says {} and the member's own header says {}.",
            method_name(c.method),
            method_name(l.method)
        )));
    }
    // With bit 3 the local header may leave these at zero; what it does say still has to be true.
    let odd = |one: u64, other: u64| one != other && !(l.streamed() && one == 0) && !l.zip64_missing;
    if odd(l.packed, c.packed) || odd(l.plain, c.plain) {
        out.push(about("zip.size_mismatch", local.at, l).summary(format!(
            "The directory says {} packed and {} plain bytes, the member's own header {} and {}.",
            c.packed, c.plain, l.packed, l.plain
        )));
    }
    if odd(u64::from(l.crc), u64::from(c.crc)) {
        out.push(about("zip.crc_mismatch_headers", local.at, l));
    }
    if l.encrypted() != c.encrypted() {
        out.push(about("zip.encflag_mismatch", local.at, l));
    }
}

fn alone(fields: &Fields<'_>, at: usize, out: &mut Vec<Found>) {
    let sized = !fields.streamed() || fields.packed != 0;
    if fields.method == 0 && fields.packed != fields.plain && sized && !fields.encrypted() {
        out.push(about("zip.stored_size_mismatch", at, fields).summary(format!(
            "A member is said to be stored as it is and yet to have {} packed and {} plain bytes.",
            fields.packed, fields.plain
        )));
    }
    if let Some((name, fits)) = names::unicode_path(fields)
        && (!fits || names::differs(&names::text(fields), &name))
    {
        out.push(about("zip.unicode_path_differs", at, fields).summary(format!(
            "A member is called “{}”, and “{name}” in its Unicode field.",
            names::text(fields)
        )));
    }
    if fields.name.iter().any(|b| *b < 0x20 || *b == 0x7f) {
        out.push(about("zip.name_control_chars", at, fields));
    }
    if extra_is_broken(fields.extra) {
        out.push(about("zip.extra_field_malformed", at, fields));
    }
    if fields.zip64_missing {
        out.push(about("zip.zip64_inconsistent", at, fields));
    }
    if fields.strong() {
        out.push(about("zip.strong_encryption", at, fields));
    }
    if matches!(fields.method, 1..=6 | 14 | 20 | 93 | 95 | 98) {
        out.push(about("zip.rare_method", at, fields).summary(format!(
            "A member is packed with {}, which only some tools can open.",
            method_name(fields.method)
        )));
    }
}

fn about(id: &'static str, at: usize, fields: &Fields<'_>) -> Found {
    Found::new(id).at(at, fields.name.len()).excerpt(fields.name)
}
