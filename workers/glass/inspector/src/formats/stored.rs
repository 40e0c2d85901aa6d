//! Containers that store other files as they are: what is found somewhere inside is a member, which they hand out themselves.

use std::ops::Range;

use crate::input::Input;
use crate::labels;

/// True for an archive whose own reader looks at all of its bytes, and for one that is a gap as a whole. What only a search finds inside
/// is no second reading of it.
pub(super) fn holds_files(input: &Input<'_>) -> bool {
    const MAGICS: &[&[u8]] = &[b"Rar!\x1a\x07", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];
    MAGICS.iter().any(|magic| input.starts_with(magic))
        || super::zip::begins(input.bytes)
        || super::tar::begins(input.bytes)
        || super::lha::begins(input.bytes)
        || labels::find(input.bytes).is_some_and(|label| label.container)
}

/// The member of an archive that begins at an offset as it is: its reader hands it out, and a reader that looks for it by its first
/// bytes finds the same.
pub(super) fn member<'a>(input: &Input<'a>, at: usize) -> Option<&'a [u8]> {
    match members(input) {
        Some(members) => {
            let range = members.into_iter().find(|range| range.start == at)?;
            input.bytes.get(range)
        }
        None if super::lha::begins(input.bytes) => None,
        None => holds_files(input).then(|| input.from(at)),
    }
}

/// What stands between the members that are stored as they are, before the first and behind the last; nothing where that is not known.
pub(super) fn between(input: &Input<'_>) -> Vec<Range<usize>> {
    let Some(members) = members(input) else { return Vec::new() };
    let mut from = 0;
    let mut out = Vec::new();
    for member in members {
        if member.start > from {
            out.push(from..member.start);
        }
        from = from.max(member.end);
    }
    out.push(from..input.bytes.len());
    out
}

/// Where the members stand that are stored as they are, in order; `None` for an archive whose headers are not walked here.
fn members(input: &Input<'_>) -> Option<Vec<Range<usize>>> {
    let bytes = input.bytes;
    if super::zip::begins(bytes) {
        Some(super::zip::stored(bytes))
    } else if super::tar::begins(bytes) {
        Some(super::tar::stored(bytes))
    } else if super::rar::begins(bytes) {
        Some(super::rar::stored(bytes))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlock_forge::{tarball, zip};

    #[test]
    fn the_first_member_is_one_and_what_stands_elsewhere_is_none() {
        let plain = &b"%PDF-1.4"[..];
        for archive in [
            zip::Archive::of(vec![zip::Entry::stored("a", plain)]).build(),
            tarball::simple(&[("a", plain)]),
        ] {
            let at = memchr::memmem::find(&archive, plain).unwrap();
            let input = Input::bare(&archive);
            assert_eq!((member(&input, at), member(&input, at - 1)), (Some(plain), None));
        }
        assert_eq!(member(&Input::bare(b"words %PDF-1.4"), 6), None);
    }

    #[test]
    fn what_stands_between_members_is_all_but_them() {
        let archive = zip::Archive::of(vec![zip::Entry::stored("a", b"first"), zip::Entry::stored("b", b"second")]).build();
        let input = Input::bare(&archive);
        let rest: Vec<u8> = between(&input).into_iter().flat_map(|range| archive[range].to_vec()).collect();
        assert_eq!(rest.len(), archive.len() - "firstsecond".len());
        assert!(between(&Input::bare(b"words")).is_empty());
    }
}
