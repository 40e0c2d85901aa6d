//! What bytes are: every format is asked, content decides, and all that match are opened.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::formats::{FORMATS, Format, Match};
use crate::input::Input;
use crate::labels;

/// All formats that the bytes are, the main one first, and the label of the node.
pub(crate) fn sniff(input: &Input<'_>) -> (Vec<&'static dyn Format>, labels::Label) {
    let mut matched: Vec<(Match, &'static dyn Format)> = Vec::new();
    for format in FORMATS {
        let found = catch_unwind(AssertUnwindSafe(|| format.sniff(input))).unwrap_or(Match::No);
        if found != Match::No {
            matched.push((found, *format));
        }
    }
    // A stable sort: the slice's order decides between equals.
    matched.sort_by_key(|(found, _)| std::cmp::Reverse(*found));
    let best = matched.first().map(|(found, _)| *found);
    let known = labels::find(input.bytes);
    // Weak evidence counts only where nothing better speaks.
    let strong = best >= Some(Match::Yes) || known.is_some();
    if strong {
        matched.retain(|(found, _)| *found != Match::Maybe);
    }
    let label = match (matched.first(), known) {
        (Some((Match::Yes | Match::Maybe, format)), _) => {
            let name = catch_unwind(AssertUnwindSafe(|| format.label(input))).unwrap_or_else(|_| format.name());
            labels::Label {
                name,
                title: format.doc().title,
                container: false,
            }
        }
        (_, Some(label)) => label,
        (Some((_, format)), None) => labels::Label {
            name: format.label(input),
            title: format.doc().title,
            container: false,
        },
        (None, None) => labels::UNKNOWN,
    };
    // A label of a container that nobody opens stays a gap, even when some format matched beside it.
    let label = match known {
        Some(known) if known.container && best < Some(Match::Yes) => known,
        _ => label,
    };
    (matched.into_iter().map(|(_, format)| format).collect(), label)
}
