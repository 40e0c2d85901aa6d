//! What bytes are: every format is asked, content decides, and all that match are opened.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::formats::{FORMATS, Format, Match, text};
use crate::input::Input;
use crate::labels;

/// Pays the first-use costs of telling types apart, so that forked children find them paid.
pub fn warm() {
    let _ = sniff(&Input::bare(&[0x80, 1, 2, 3]));
}

/// All formats that the bytes are, the main one first, and the label of the node.
pub(crate) fn sniff(input: &Input<'_>) -> (Vec<&'static dyn Format>, labels::Label) {
    // What was made readable of a node is another reading of it as text: as everything else the node itself was asked.
    if input.layer == text::READABLE {
        return (vec![&text::Text], named(&text::Text, input));
    }
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
    // Weak evidence counts only where nothing better speaks, or where it says so itself.
    let strong = best >= Some(Match::Yes) || known.is_some();
    if strong {
        let read = best >= Some(Match::Yes);
        let is_beside = |format: &dyn Format| catch_unwind(AssertUnwindSafe(|| format.is_beside(input, read))).unwrap_or(false);
        matched.retain(|(found, format)| *found != Match::Maybe || is_beside(*format));
    }
    let label = match (matched.first(), known) {
        (Some((Match::Yes, format)), _) | (Some((_, format)), None) => named(*format, input),
        (_, Some(label)) => label,
        (None, None) => labels::UNKNOWN,
    };
    // A label of a container that nobody opens stays a gap, even when some format matched beside it.
    let label = match known {
        Some(known) if known.container && best < Some(Match::Yes) => known,
        _ => label,
    };
    (matched.into_iter().map(|(_, format)| format).collect(), label)
}

/// What a format calls these bytes.
fn named(format: &'static dyn Format, input: &Input<'_>) -> labels::Label {
    labels::Label {
        name: catch_unwind(AssertUnwindSafe(|| format.label(input))).unwrap_or_else(|_| format.name()),
        title: format.doc().title,
        container: false,
    }
}
