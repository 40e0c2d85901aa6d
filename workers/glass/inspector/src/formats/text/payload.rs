//! Files that travel inside text: `data:` URLs (RFC 2397) and base64 (RFC 4648), wrapped, or in pieces joined by `+`.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};

use super::fold::{fold, fold_list};
use super::html::DataUrl;
use super::runs::{MAX_RUNS, runs, short_lines};
use super::{known, pieces, unfold};
use crate::sink::{Member, Sink};

/// Most payloads of one text that become nodes.
const MAX_PAYLOADS: usize = 2048;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes what can be decoded: both alphabets, with or without padding; a broken end is dropped.
pub fn decode_base64(text: &[u8]) -> Vec<u8> {
    let clean: Vec<u8> = text
        .iter()
        .filter_map(|&b| match b {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b if b.is_ascii_alphanumeric() || b == b'+' || b == b'/' => Some(b),
            _ => None,
        })
        .collect();
    let whole = if clean.len() % 4 == 1 {
        clean.len().saturating_sub(1)
    } else {
        clean.len()
    };
    LENIENT.decode(clean.get(..whole).unwrap_or_default()).unwrap_or_default()
}

/// Hands on what a `data:` URL holds, as the member that a click on it would save.
pub fn data_url(link: &DataUrl, sink: &mut Sink<'_, '_>) {
    let Some((head, body)) = link.url.get(5..).and_then(|rest| rest.split_once(',')) else {
        return;
    };
    let percent = percent_decode(body);
    let bytes = if is_base64(head) { decode_base64(&percent) } else { percent };
    if bytes.is_empty() {
        return;
    }
    let media = head.split(';').next().unwrap_or_default();
    let name = link
        .download
        .clone()
        .filter(|n| !n.is_empty())
        .unwrap_or_else(|| format!("data:{media}"));
    if link.download.is_some() {
        sink.member_slice(Member::named(name), &bytes);
    } else {
        sink.layer_slice("data-url", name, &bytes);
    }
}

/// Whether the head of a `data:` URL says so: blanks may stand around the word (Fetch, section 6, data: URL processor).
fn is_base64(head: &str) -> bool {
    let lower = head.to_ascii_lowercase();
    lower.contains(";base64")
        || lower
            .trim_end()
            .strip_suffix("base64")
            .is_some_and(|rest| rest.trim_end_matches(' ').ends_with(';'))
}

/// The key of what a `data:` URL holds, as the run that stands in the text.
pub fn key_of_url(url: &str) -> Option<Key> {
    url.split_once(',').map(|(_, body)| key(body.as_bytes()))
}

/// Hands on the files and texts that stand as base64 anywhere in the text; gives the runs that were some. Of those that were opened as
/// `data:` URLs before, some are told twice, and they do not count as too many.
pub fn unpack(text: &str, bytes: &[u8], opened: &HashSet<Key>, sink: &mut Sink<'_, '_>) -> HashSet<Key> {
    let mut taken = HashSet::new();
    if let Some(folded) = fold(text) {
        sink.layer_slice("js-folded", "joined strings", folded.as_bytes());
    }
    let listed = fold_list(text);
    let unfolded = unfold::unfold(text);
    let lines = short_lines(bytes);
    let plain = runs(bytes);
    if plain.len() >= MAX_RUNS {
        let why = format!("more than {MAX_RUNS} strings that may be base64: the rest was not looked at");
        sink.gap(airlock_proto::Gap::new(airlock_proto::GapKind::TooMany, why));
    }
    let known: HashSet<&[u8]> = plain.iter().copied().collect();
    let joined = listed.iter().chain(&unfolded).flat_map(|joined| runs(joined.as_bytes()));
    let pieces = pieces::joined(bytes);
    let joined = joined.chain(lines.iter().chain(&pieces).map(Vec::as_slice));
    let mut told: HashSet<Key> = HashSet::new();
    let mut found = 0_usize;
    for run in plain.iter().copied().chain(joined.filter(|run| !known.contains(run))) {
        let Some(bytes) = payload(run) else { continue };
        // What was joined in two ways is one payload; of those that stand there twice each is one.
        if told.contains(&key(&bytes)) && !known.contains(run) {
            continue;
        }
        if found >= MAX_PAYLOADS {
            if opened.contains(&key(run)) {
                continue;
            }
            let gap = airlock_proto::Gap::new(
                airlock_proto::GapKind::TooMany,
                format!("more than {MAX_PAYLOADS} base64 payloads in one text"),
            );
            sink.gap(gap);
            break;
        }
        found = found.saturating_add(1);
        told.insert(key(&bytes));
        taken.insert(key(run));
        sink.layer_slice("base64", "base64", &bytes);
    }
    taken
}

/// What tells one run from another: all of it, for what is taken for another is not looked at.
pub type Key = [u8; 32];

/// The key of a run or literal.
pub fn key(run: &[u8]) -> Key {
    Sha256::digest(run).into()
}

/// What a run holds: as a whole, or from a place on where other letters were glued to its front.
fn payload(run: &[u8]) -> Option<Vec<u8>> {
    let whole = decode_base64(run);
    if worth(&whole) {
        return Some(whole);
    }
    let sure = |bytes: &Vec<u8>| bytes.len() >= 24 && (known::is_surely_file(bytes, "base64") || is_text(bytes));
    starts(run)
        .into_iter()
        .flatten()
        .filter_map(|start| run.get(start..).filter(|rest| start > 0 && !rest.is_empty()))
        .map(decode_base64)
        .find(sure)
}

/// Where a payload may begin within a run: behind the sign of an assignment, behind signs that end a word, or where the first bytes of a
/// file stand.
fn starts(run: &[u8]) -> [Option<usize>; 3] {
    /// Characters at the front that are looked at.
    const FRONT: usize = 256;
    /// The first bytes of files, in base64.
    const FILES: &[&[u8]] = &[
        b"UEsDB",
        b"TVqQ",
        b"TVpQ",
        b"TVpB",
        b"TVNDRg",
        b"JVBERi",
        b"UmFyIR",
        b"N3q8r",
        b"0M8R4",
        b"H4sIA",
        b"QlpoO",
        b"/Td6WF",
        b"KLUv/",
        b"e1xydG",
        b"TAAAAAEUA",
        b"PGh0bW",
        b"PCFET0",
        b"PHNjcm",
        b"PHN2Zy",
        b"PD94bW",
        b"f0VMR",
        b"ITxhcm",
    ];
    let front = run.get(..FRONT).unwrap_or(run);
    let behind = front
        .iter()
        .zip(front.iter().skip(1))
        .rposition(|(sign, next)| *sign == b'=' && *next != b'=');
    let word = front.iter().position(u8::is_ascii_alphanumeric);
    let file = FILES.iter().filter_map(|first| memchr::memmem::find(front, first)).min();
    [behind.map(|sign| sign.saturating_add(1)), word, file]
}

/// A decoded run is a payload when it is a file that somebody recognises, or text; a long word that happens to be base64 is neither.
fn worth(bytes: &[u8]) -> bool {
    if bytes.len() < 24 {
        return false;
    }
    if known::is_file(bytes, "base64") {
        return true;
    }
    is_text(bytes)
}

/// Text of ASCII, in one byte or two each.
fn is_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..512).unwrap_or(bytes);
    let wide = sample.iter().step_by(2).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
        && sample.iter().skip(1).step_by(2).all(|b| *b == 0);
    wide || sample.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
}

/// Decodes `%XX`; anything else stays as it is.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        let pair = (b == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|p| std::str::from_utf8(p).ok())
            .and_then(|p| u8::from_str_radix(p, 16).ok());
        match pair {
            Some(value) => {
                out.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(b);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_wrapped_padded_and_in_either_alphabet() {
        let long = base64::engine::general_purpose::STANDARD.encode("function hello() { return 'a marker that is long enough'; }");
        let wrapped: String = long
            .as_bytes()
            .chunks(60)
            .map(|c| format!("{}\r\n", String::from_utf8_lossy(c)))
            .collect();
        for text in [
            format!("x = \"{long}\";"),
            wrapped,
            long.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned(),
        ] {
            let all = runs(text.as_bytes());
            assert_eq!(all.len(), 1, "{text}");
            assert!(worth(&decode_base64(all[0])) && decode_base64(all[0]).ends_with(b"enough'; }"));
        }
        assert!(runs("the quick brown fox jumps over the lazy dog again and again and again".as_bytes()).is_empty());
    }

    #[test]
    fn what_is_glued_to_the_front_is_none_of_it() {
        let (file, text) = (
            [&b"MZ\x90\0"[..], &[7; 60]].concat(),
            b"WScript.Echo(1); // a text of some length".to_vec(),
        );
        for bytes in [file, text] {
            let digits = data_encoding::BASE64.encode(&bytes);
            for glue in ["B=", "ab=", "abc=", "--", "#/", "/x?d=", "/", "-", "e/d="] {
                let text = format!("{glue}{digits}");
                let all: Vec<Vec<u8>> = runs(text.as_bytes()).into_iter().filter_map(payload).collect();
                assert_eq!(all, std::slice::from_ref(&bytes), "{text}");
            }
        }
        assert_eq!(
            payload(&[b"x/yz/TVqQAAMAAAAE".as_slice(), &[b'A'; 60]].concat()).unwrap().get(..2),
            Some(&b"MZ"[..])
        );
        assert_eq!(payload(b"/usr/share/doc/a-package-with-a-name/and/another/folder/of/it"), None);
    }

    #[test]
    fn runs_that_begin_alike_are_not_one() {
        let (a, b) = (format!("{}a", "x".repeat(60)), format!("{}b", "x".repeat(60)));
        assert!(key(a.as_bytes()) != key(b.as_bytes()) && key(a.as_bytes()) == key(a.as_bytes()));
    }

    #[test]
    fn percent_signs_decode() {
        assert_eq!(percent_decode("a%41%zz%"), b"aA%zz%");
    }
}
