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
