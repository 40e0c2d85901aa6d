//! Whether bytes are text, and the same text in UTF-8.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a file is looked at to tell text from data.
const SAMPLE: usize = 64 * 1024;
/// How much of it, around its first byte beyond ASCII, the encoding is guessed from: guessing costs a hundred times what decoding does.
const GUESSED: usize = 2048;
/// How much of that stands before the byte.
const BEFORE: usize = 256;
/// Longest text that is turned into UTF-8 in one piece (64 MiB); longer 8-bit text stays as it is and was matched as it is.
const MAX_DECODED: usize = 64 * 1024 * 1024;

/// True for text in an encoding that some program would show as text.
pub fn is_text(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    wide(bytes).is_some() || is_single_bytes(bytes) || is_text_with_nuls(bytes)
}

/// Text with a NUL here and there, or filled up with them: no reader minds. Most of it is ASCII, so that a short record is none.
fn is_text_with_nuls(bytes: &[u8]) -> bool {
    const SHORTEST: usize = 16;
    let kept = before_padding(bytes);
    let sample = kept.get(..SAMPLE).unwrap_or(kept);
    let plain = sample.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
    kept.len() >= SHORTEST && plain.saturating_mul(4) >= sample.len().saturating_mul(3) && holds_few_controls(sample)
}

/// The same for encodings whose ASCII is single bytes, and without a NUL.
pub fn is_single_bytes(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    holds_few_controls(bytes) && memchr::memchr(0, sample).is_none()
}

/// Up to one byte of 33: readers of text pass over a control or a NUL, so it makes no data of a script.
fn holds_few_controls(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let odd = sample
        .iter()
        .filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x08))
        .count();
    !sample.is_empty() && odd.saturating_mul(33) <= sample.len()
}

/// The bytes before the NULs with which a file is filled up.
fn before_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last.saturating_add(1));
    bytes.get(..end).unwrap_or_default()
}

/// The text as UTF-8 when it is in another encoding; `None` when it is UTF-8 (or ASCII) already, or not to be told.
pub fn to_utf8(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_DECODED {
        return None;
    }
    if let Some(kind) = wide(bytes) {
        return Some(kind.decode(bytes));
    }
    if utf7(bytes) {
        return Some(decode_utf7(bytes));
    }
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    if !is_text_throughout(bytes) {
        return None;
    }
    // Old 8-bit text: a guess, which changes only what lies beyond ASCII.
    let first = bytes.iter().position(|b| !b.is_ascii()).unwrap_or_default();
    let from = first.saturating_sub(BEFORE);
    let sample = bytes.get(from..from.saturating_add(GUESSED).min(bytes.len())).unwrap_or(bytes);
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Allow);
    if encoding == UTF_8 || !encoding.is_ascii_compatible() {
        return None;
    }
    let (text, _, _) = encoding.decode(bytes);
    Some(text.into_owned())
}

/// True for text in UTF-16 or UTF-32 that is too long to be turned into UTF-8: nothing that it says was looked at.
pub fn is_too_long(bytes: &[u8]) -> bool {
    bytes.len() > MAX_DECODED && (wide(bytes).is_some() || Encoding::for_bom(bytes).is_some_and(|(encoding, _)| encoding != UTF_8))
}

/// The text as UTF-8 when it is in UTF-16 or UTF-32; for labels, where ASCII is all that counts.
pub fn from_wide(bytes: &[u8]) -> Option<String> {
    wide(bytes).map(|kind| kind.decode(bytes))
}

/// The text in UTF-8 of bytes that begin with the byte order mark of UTF-16, whatever follows it: a browser reads it so.
pub fn marked(bytes: &[u8]) -> Option<String> {
    let (encoding, skip) = Encoding::for_bom(bytes).filter(|(encoding, _)| *encoding != UTF_8 && bytes.len() <= MAX_DECODED)?;
    let (text, _) = encoding.decode_without_bom_handling(bytes.get(skip..)?);
    Some(text.into_owned())
}

/// The text in UTF-8 of bytes that the server declares to be UTF-16.
pub fn declared(bytes: &[u8], media_type: &str) -> Option<String> {
    let lower = media_type.to_ascii_lowercase();
    let (_, name) = lower.split_once("charset=")?;
    let name = name.trim_matches(['"', '\'', ' ']);
    let encoding = match name {
        _ if bytes.len() > MAX_DECODED => return None,
        _ if name.starts_with("utf-16be") => UTF_16BE,
        _ if name.starts_with("utf-16") => UTF_16LE,
        _ => return None,
    };
    Some(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// True for text that looks like UTF-16 or UTF-32 and does not say so by a byte order mark.
pub fn is_unmarked_wide(bytes: &[u8]) -> bool {
    matches!(wide(bytes), Some(Wide::Utf16(_, 0) | Wide::Utf32 { skip: 0, .. }))
}

/// False for data that merely begins like text: some places all over it hold what no 8-bit text holds.
fn is_text_throughout(bytes: &[u8]) -> bool {
    let (odd, places) = odd_places(bytes);
    odd == 0 && places > 0
}

/// False for data when more than a quarter of some places all over it hold what no 8-bit text holds.
pub fn is_mostly_text(bytes: &[u8]) -> bool {
    let (odd, places) = odd_places(bytes);
    odd.saturating_mul(4) <= places
}

/// Places all over the bytes that hold what no 8-bit text holds, and all places that were looked at.
fn odd_places(bytes: &[u8]) -> (usize, usize) {
    const PLACES: usize = 32;
    const WINDOW: usize = 1024;
    let step = bytes.len().checked_div(PLACES).unwrap_or_default().max(WINDOW);
    let window = |at: usize| bytes.get(at..at.saturating_add(WINDOW).min(bytes.len())).unwrap_or_default();
    let is_odd = |at: &usize| {
        let odd = window(*at)
            .iter()
            .filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x08))
            .count();
        odd.saturating_mul(33) > WINDOW
    };
    let places = || (0..bytes.len()).step_by(step);
    (places().filter(is_odd).count(), places().count())
}

/// Encodings of two or four bytes a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    Utf16(&'static Encoding, usize),
    Utf32 { big: bool, skip: usize },
}

impl Wide {
    fn decode(self, bytes: &[u8]) -> String {
        match self {
            Wide::Utf16(encoding, skip) => {
                let (text, _) = encoding.decode_without_bom_handling(bytes.get(skip..).unwrap_or_default());
                text.into_owned()
            }
            Wide::Utf32 { big, skip } => {
                let units = bytes.get(skip..).unwrap_or_default().as_chunks::<4>().0.iter();
                units
                    .map(|u| char::from_u32(if big { u32::from_be_bytes(*u) } else { u32::from_le_bytes(*u) }).unwrap_or('\u{fffd}'))
                    .collect()
            }
        }
    }
}

/// By byte order mark, else by the NULs that ASCII text in UTF-16 has in every second place.
fn wide(bytes: &[u8]) -> Option<Wide> {
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) && bytes.len() >= 8 {
        return Some(Wide::Utf32 { big: false, skip: 4 });
    }
    if bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Some(Wide::Utf32 { big: true, skip: 4 });
    }
    if let Some(big) = bare_utf32(bytes) {
        return Some(Wide::Utf32 { big, skip: 0 });
    }
    for (mark, encoding) in [([0xff, 0xfe], UTF_16LE), ([0xfe, 0xff], UTF_16BE)] {
        if bytes.starts_with(&mark) && plausible(bytes.get(2..)?, encoding) {
            return Some(Wide::Utf16(encoding, 2));
        }
    }
    if let Some(encoding) = begins_wide(bytes) {
        return Some(Wide::Utf16(encoding, 0));
    }
    let sample = bytes.get(..4096).unwrap_or(bytes);
    let pairs = sample.as_chunks::<2>().0;
    if pairs.len() < 8 {
        return None;
    }
    let ascii = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    let little = pairs.iter().filter(|[a, b]| ascii(*a) && *b == 0).count();
    let big = pairs.iter().filter(|[a, b]| *a == 0 && ascii(*b)).count();
    let most = |n: usize| n.saturating_mul(10) >= pairs.len().saturating_mul(9);
    if most(little) {
        return Some(Wide::Utf16(UTF_16LE, 0));
    }
    most(big).then_some(Wide::Utf16(UTF_16BE, 0))
}

/// UTF-16 without a mark that begins with `<` and two more characters of ASCII: markup, whatever language follows (WHATWG HTML, section
/// 13.2.3.2, prescan; XML 1.0, appendix F).
fn begins_wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = bytes.get(..6)?.as_chunks::<2>();
    let letter = |b: u8| b.is_ascii_graphic();
    match pairs {
        [[b'<', 0], [a, 0], [b, 0]] if letter(*a) && letter(*b) => Some(UTF_16LE),
        [[0, b'<'], [0, a], [0, b]] if letter(*a) && letter(*b) => Some(UTF_16BE),
        _ => None,
    }
}

/// The text of ISO-2022-JP, whose escapes stand between letters and are none: a browser drops them where the page or the server declares
/// it, or guesses, which takes text of seven bits (WHATWG Encoding, section 13.2).
pub fn without_escapes(bytes: &[u8], media_type: Option<&str>) -> Option<String> {
    let behind = |at: usize| bytes.get(at.saturating_add(1)..at.saturating_add(3));
    let switches = |at: usize| matches!(behind(at), Some([b'(', b'B' | b'J' | b'I'] | [b'$', b'@' | b'B']));
    if bytes.len() > MAX_DECODED || !memchr::memchr_iter(0x1b, bytes).any(switches) {
        return None;
    }
    let declares = |text: &[u8]| {
        let names = |at: usize| {
            text.get(at..)
                .is_some_and(|rest| begins(rest, b"2022-jp") || begins(rest, b"2022jp"))
        };
        memchr::memmem::find_iter(text, b"2022").any(names)
    };
    if !bytes.is_ascii() && !declares(bytes) && !media_type.is_some_and(|said| declares(said.as_bytes())) {
        return None;
    }
    let (text, _) = encoding_rs::ISO_2022_JP.decode_without_bom_handling(bytes);
    Some(text.into_owned())
}

fn begins(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// UTF-32 without a mark, and whether its units are big-endian: nine of ten units are characters that text has, most of them of ASCII.
fn bare_utf32(bytes: &[u8]) -> Option<bool> {
    let units = bytes.get(..4096).unwrap_or(bytes).as_chunks::<4>().0;
    let fits = |big: bool| {
        let values = || {
            units
                .iter()
                .map(|u| if big { u32::from_be_bytes(*u) } else { u32::from_le_bytes(*u) })
        };
        let text = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
        let readable = values().filter_map(char::from_u32).filter(text).count();
        let ascii = values().filter(|n| matches!(n, 9 | 10 | 13 | 0x20..=0x7e)).count();
        readable.saturating_mul(10) >= units.len().saturating_mul(9) && ascii.saturating_mul(10) >= units.len().saturating_mul(7)
    };
    (units.len() >= 8).then(|| [false, true].into_iter().find(|big| fits(*big)))?
}

/// The two bytes of a mark alone prove little (MP3 begins so): most of what follows must be characters and not controls.
fn plausible(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let sample = bytes.get(..4096).unwrap_or(bytes);
    let even = sample.get(..sample.len() & !1).unwrap_or_default();
    let (text, _) = encoding.decode_without_bom_handling(even);
    // What is cut or damaged is no character: the last pair of a sample for one.
    let is_odd = |c: &char| *c == '\u{fffd}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    let odd = text.chars().filter(is_odd).count();
    odd.saturating_mul(20) <= text.chars().count()
}

/// UTF-7 that hides markup: `+ADw-` is `<` (RFC 2152). Only such text is decoded, since any ASCII text is valid UTF-7.
fn utf7(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    memchr::memmem::find(sample, b"+ADw").is_some() && sample.is_ascii()
}

fn decode_utf7(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some((before, after)) = rest.split_once('+') {
        out.push_str(before);
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/')
            .unwrap_or(after.len());
        let (code, tail) = after.split_at(end);
        if code.is_empty() {
            out.push('+');
        } else {
            let raw = super::payload::decode_base64(code.as_bytes());
            let (decoded, _) = UTF_16BE.decode_without_bom_handling(raw.get(..raw.len() & !1).unwrap_or_default());
            out.push_str(&decoded);
        }
        rest = tail.strip_prefix('-').unwrap_or(tail);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })
            .collect()
    }

    #[test]
    fn a_pair_that_the_sample_cuts_and_damaged_letters_leave_it_text() {
        let wide = |text: &str| -> Vec<u8> { [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect() };
        let mut text = "\u{436}".repeat(2047);
        text.push_str("\u{1f600} and more");
        assert!(to_utf8(&wide(&text)).is_some_and(|plain| plain.ends_with("\u{1f600} and more")));
        let mut damaged = wide(&"\u{4e2d}".repeat(400));
        damaged[100..102].copy_from_slice(&[0, 0xd8]);
        assert!(to_utf8(&damaged).is_some());
        assert!(is_too_long(&wide(&"a".repeat(MAX_DECODED / 2 + 8))) && !is_too_long(&wide("a")));
    }

    #[test]
    fn every_encoding_becomes_utf8() {
        let words = "hello marker, hello";
        assert_eq!(to_utf8(&utf16(words, false)).as_deref(), Some(words));
        assert_eq!(to_utf8(&utf16(words, true)).as_deref(), Some(words));
        let mut marked = vec![0xff, 0xfe];
        marked.extend(utf16("Привет, мир! 你好", false));
        assert_eq!(to_utf8(&marked).as_deref(), Some("Привет, мир! 你好"));
        let wide: Vec<u8> = std::iter::once('\u{feff}')
            .chain("abc".chars())
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect();
        assert_eq!(to_utf8(&wide).as_deref(), Some("abc"));
        let bare = |big: bool| -> Vec<u8> {
            let unit = |c: char| {
                if big {
                    u32::from(c).to_be_bytes()
                } else {
                    u32::from(c).to_le_bytes()
                }
            };
            words.chars().flat_map(unit).collect()
        };
        assert_eq!(to_utf8(&bare(false)).as_deref(), Some(words));
        assert_eq!(to_utf8(&bare(true)).as_deref(), Some(words));
        assert_eq!(to_utf8(b"+ADw-script+AD4-x").as_deref(), Some("<script>x"));
        assert_eq!(
            to_utf8(&utf16("<?xml version='1.0'?><!-- 中文中文中文中文中文中文 -->", false)).as_deref(),
            Some("<?xml version='1.0'?><!-- 中文中文中文中文中文中文 -->")
        );
        assert_eq!(without_escapes(b"<fo\x1b(Brm>", None).as_deref(), Some("<form>"));
        assert_eq!(without_escapes(b"\x1b[31mred", None), None);
        let data = b"\xff<fo\x1b(Brm>";
        assert_eq!(without_escapes(data, None), None);
        assert_eq!(
            without_escapes(data, Some("text/html; charset=ISO-2022-JP")).as_deref(),
            Some("\u{fffd}<form>")
        );
        assert!(without_escapes(b"\xff<meta charset=csISO2022JP><fo\x1b(Brm>", None).is_some());
        assert_eq!(declared(&utf16("<a>", true), "text/html; charset=UTF-16BE").as_deref(), Some("<a>"));
        assert_eq!(to_utf8("grüße".as_bytes()), None);
        assert_eq!(to_utf8(b"gr\xfc\xdfe aus M\xfcnchen").as_deref(), Some("grüße aus München"));
    }

    #[test]
    fn data_is_not_text() {
        assert!(is_text(b"hello") && !is_text(b"") && !is_text(&[0, 1, 2, 3, 4, 5, 6, 7]));
        assert!(!is_text(&(0..=255).collect::<Vec<u8>>()) && !is_text(&[0; 64]));
        for text in [
            &b"@echo off\r\nexit /b\r\n\0"[..],
            b"REM a\0b and more words behind it, as long as it takes\r\n",
            &[b"plain words of a text".as_slice(), &[0; 4096]].concat(),
        ] {
            assert!(is_text(text) && !is_single_bytes(text));
        }
        assert!(!is_text(&(0..400_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>()));
    }
}
