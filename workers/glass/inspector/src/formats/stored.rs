//! Containers that store other files as they are: what is found somewhere inside is a member, which they hand out themselves.

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
    if super::zip::begins(input.bytes) {
        super::zip::stored_at(input.bytes, at)
    } else if super::tar::begins(input.bytes) {
        super::tar::stored_at(input.bytes, at)
    } else {
        holds_files(input).then(|| input.from(at))
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
}
