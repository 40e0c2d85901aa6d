//! Words of Windows scripts and of scripts in pages that data does not hold by chance.
//!
//! Of each word three bytes are looked for, in each case, by vector instructions; the word is compared where they stand.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::needles::Needles;

/// Bytes of a word that are looked for.
const CORE: usize = 3;

/// Each word, and where the bytes stand in it that are looked for: those that few other words hold, or few cases.
const WORDS: [(&str, usize); 16] = [
    ("activexobject", 8),
    ("createobject", 7),
    ("wscript.", 5),
    ("executeglobal", 1),
    ("shellexecute", 0),
    ("frombase64string", 7),
    ("invoke-expression", 5),
    ("powershell", 5),
    ("cmd.exe", 2),
    ("cmd /c", 2),
    ("mshta", 1),
    ("certutil -", 7),
    ("regsvr32", 5),
    ("rundll32", 5),
    ("unescape(", 6),
    ("eval(", 2),
];
/// Those that only languages know whose names have one case.
const EXACT: [(&str, usize); 2] = [("fromCharCode", 3), ("atob(", 2)];

/// The bytes that are looked for.
static CORES: LazyLock<Needles> = LazyLock::new(|| Needles::new(&cores()));

fn cores() -> Vec<Vec<u8>> {
    let core = |(word, at): &(&'static str, usize)| word.get(*at..at.saturating_add(CORE));
    let exact = EXACT.iter().filter_map(core).map(|core| core.as_bytes().to_vec());
    let all: BTreeSet<Vec<u8>> = WORDS.iter().filter_map(core).flat_map(cases).chain(exact).collect();
    all.into_iter().collect()
}

/// The bytes with each of their letters in both cases.
fn cases(word: &str) -> Vec<Vec<u8>> {
    word.bytes().fold(vec![Vec::new()], |begun, byte| {
        let longer = |byte: u8| begun.iter().map(move |begun| [begun.as_slice(), &[byte]].concat());
        longer(byte.to_ascii_lowercase()).chain(longer(byte.to_ascii_uppercase())).collect()
    })
}

/// Where the words stand.
pub fn words(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let there = move |core: usize, (word, at): &(&'static str, usize)| {
        let start = core.checked_sub(*at)?;
        Some((start, bytes.get(start..start.saturating_add(word.len()))?))
    };
    CORES.find(bytes).filter_map(move |(core, _)| {
        let any = WORDS.iter().filter_map(|word| Some((there(core, word)?, word.0)));
        let exact = EXACT.iter().filter_map(|word| Some((there(core, word)?, word.0)));
        let mut found = any
            .filter(|((_, there), word)| there.eq_ignore_ascii_case(word.as_bytes()))
            .chain(exact.filter(|((_, there), word)| *there == word.as_bytes()));
        found.next().map(|((start, _), _)| start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_in_any_case_and_behind_any_part_of_another() {
        let mut parts: Vec<Vec<u8>> = cores();
        parts.extend(cores().iter().flat_map(|core| [core[..1].to_vec(), core[..2].to_vec()]));
        let found = |word: &str| {
            for part in &parts {
                let bytes = [&part[..], word.as_bytes(), &[0; 90]].concat();
                assert_eq!(words(&bytes).next(), Some(part.len()), "{word} behind {part:?}");
            }
        };
        for (word, _) in WORDS {
            let mixed = |(n, c): (usize, char)| if n % 2 == 0 { c.to_ascii_uppercase() } else { c };
            found(word);
            found(&word.to_uppercase());
            found(&word.chars().enumerate().map(mixed).collect::<String>());
        }
        EXACT.iter().for_each(|(word, _)| found(word));
    }

    #[test]
    fn other_words_are_none() {
        for text in [
            &b"evaluate (this), shelled, she shall exec the object"[..],
            b"cmd",
            b"",
            b"\0\x01obj",
        ] {
            assert_eq!(words(text).next(), None);
        }
    }

    #[test]
    fn vector_instructions_take_as_many() {
        assert!(cores().len() <= 64, "{}", cores().len());
    }
}
