//! The document once more, as readers have it that take another trailer for the one that says how it is encrypted.
//!
//! One of the readings is of no sense: what cannot be decoded in this one is no gap.

use std::collections::BTreeSet;

use airlock_proto::{Gap, GapKind};

use super::actions;
use super::crypt::Keys;
use super::document::Doc;
use super::scan::Scan;
use super::streams::{embedded, tell_embedded, tell_executable};
use crate::reader::len64;
use crate::sink::{Member, Sink};

/// Decoded bytes of one stream that are read, and of all together.
const MAX_STREAM: u64 = 64 * 1024 * 1024;
const MAX_STREAMS: u64 = 512 * 1024 * 1024;

/// Hands over what this reading finds; `told` are the findings that the first one had.
pub fn look(bytes: &[u8], scan: Scan, opened: Option<(Keys, Option<u32>)>, told: &BTreeSet<&'static str>, sink: &mut Sink<'_, '_>) {
    let (keys, number) = opened.map_or((None, None), |(keys, number)| (Some(keys), number));
    let mut doc = Doc::new(bytes, scan, keys, false, number);
    let _ = doc.expand(&|| sink.expired());
    let actions = actions::hunt(&doc);
    for found in actions.found.into_iter().filter(|found| !told.contains(found.id)) {
        sink.finding(found);
    }
    for script in actions.scripts {
        sink.layer_slice("pdf-js", format!("{} (by another trailer)", script.name), script.text.as_bytes());
    }
    let lines: Vec<String> = actions.coded.into_iter().collect();
    if !lines.is_empty() {
        sink.layer_slice("pdf-actions", "what actions name (by another trailer)", lines.join("\n").as_bytes());
    }
    let files = embedded(&doc);
    let mut left = MAX_STREAMS;
    for (index, object) in doc.scan.objects.iter().enumerate().filter(|(_, o)| o.stream.is_some()) {
        if sink.expired() || left == 0 {
            let what = "the document was not read to its end as another of its trailers has it encrypted";
            sink.gap(Gap::new(GapKind::OverBudget, what));
            return;
        }
        let (data, gap) = doc.decoded(object, MAX_STREAM.min(left));
        left = left.saturating_sub(len64(data.len()));
        if let Some(gap) = gap.filter(|gap| gap.kind == GapKind::OverBudget) {
            sink.gap(gap);
        }
        if data.is_empty() {
            continue;
        }
        let title = format!("obj {} {} (by another trailer)", object.number, object.generation);
        match files.get(&index) {
            Some(name) => {
                let member = Member::named(if name.is_empty() { title } else { name.clone() });
                if !name.is_empty() {
                    tell_embedded(object, name, sink);
                }
                sink.member_slice(member, &data);
                tell_executable(object, !name.is_empty(), sink);
            }
            None => {
                sink.layer_slice("pdf-stream", title, &data);
            }
        }
    }
}
