//! Names of members as text: UTF-8 where the flag or the bytes say so, otherwise code page 437 (APPNOTE appendix D).

use super::record::{Fields, extras};
use crate::reader::Reader;

const UPPER: &str =
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name in a header.
pub fn text(fields: &Fields<'_>) -> String {
    match std::str::from_utf8(fields.name) {
        Ok(name) => name.to_owned(),
        Err(_) if fields.flags & 0x800 != 0 => String::from_utf8_lossy(fields.name).into_owned(),
        Err(_) => fields.name.iter().map(|b| code_page_437(*b)).collect(),
    }
}

fn code_page_437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(upper) => UPPER.chars().nth(usize::from(upper)).unwrap_or('\u{fffd}'),
    }
}

/// The name that the Info-ZIP Unicode path field (4.6.9) gives, and whether its checksum is that of the header's name.
pub fn unicode_path(fields: &Fields<'_>) -> Option<(String, bool)> {
    let (_, body) = extras(fields.extra).find(|(id, _)| *id == 0x7075)?;
    let mut r = Reader::new(body);
    r.skip(1)?;
    let fits = r.u32()? == crc32fast::hash(fields.name);
    Some((String::from_utf8_lossy(r.rest()).into_owned(), fits))
}

/// True when the two names differ in more than how they spell one file: both are plain ASCII, or they end differently.
pub fn differs(one: &str, other: &str) -> bool {
    let kind = |name: &str| crate::input::extension(name);
    one != other && ((one.is_ascii() && other.is_ascii() && !one.contains('?')) || kind(one) != kind(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(flags: u16, name: &[u8]) -> Fields<'_> {
        Fields {
            flags,
            method: 0,
            time: 0,
            crc: 0,
            packed: 0,
            plain: 0,
            name,
            extra: &[],
            zip64_missing: false,
        }
    }

    #[test]
    fn names_are_read_as_their_writers_meant_them() {
        assert_eq!(UPPER.chars().count(), 128);
        assert_eq!(text(&fields(0, b"gr\x81n.txt")), "grün.txt");
        assert_eq!(text(&fields(0, "grün".as_bytes())), "grün");
        assert_eq!(text(&fields(0x800, b"a\xff")), "a\u{fffd}");
    }

    #[test]
    fn a_transliteration_is_no_difference_and_an_extension_is() {
        assert!(!differs("ñ.txt", "n.txt"));
        assert!(differs("ñ.txt", "n.exe"));
        assert!(differs("safe.text", "evil.text"));
    }
}
