//! What a script passes to `atob`, however short: literals with their escapes, in pieces joined by `+` or in a list.

use memchr::memmem;

use super::escapes;
use super::payload::decode_base64;

/// Shortest argument that is decoded, in characters.
const MIN_ARGUMENT: usize = 16;
/// Most arguments of one text.
pub const MOST: usize = 4096;

/// One argument, joined and decoded.
#[derive(Debug)]
pub struct Argument {
    /// What it decodes to.
    pub bytes: Vec<u8>,
    /// The argument, when it is one literal without escapes and decoded once.
    pub plain: Option<String>,
}

/// All arguments, as far as they are literals.
pub fn arguments(text: &str) -> Vec<Argument> {
    const CALL: &str = "atob(";
    let mut found = Vec::new();
    let mut from = 0_usize;
    for at in memmem::find_iter(text.as_bytes(), CALL) {
        if at < from || found.len() >= MOST {
            continue;
        }
        let start = at.saturating_add(CALL.len());
        let Some((joined, plain, end)) = literals(text, start) else {
            continue;
        };
        from = end;
        if joined.len() < MIN_ARGUMENT {
            continue;
        }
        let mut bytes = decode_base64(joined.as_bytes());
        let twice = text.get(..at).is_some_and(|before| before.trim_end().ends_with(CALL));
        if twice {
            bytes = decode_base64(&bytes);
        }
        if !bytes.is_empty() {
            let plain = (plain && !twice).then_some(joined);
            found.push(Argument { bytes, plain });
        }
    }
    found
}

/// The literals from `at` on that `+`, commas or a list join: their text, whether it is one without escapes, and where they end.
fn literals(text: &str, at: usize) -> Option<(String, bool, usize)> {
    let (mut joined, mut whole, mut pieces) = (String::new(), true, 0_usize);
    let mut rest = text.get(at..)?.trim_start().trim_start_matches(['[', '(']);
    while let Some((value, plain, tail)) = literal(rest.trim_start()) {
        joined.push_str(&value);
        whole &= plain;
        pieces = pieces.saturating_add(1);
        rest = tail;
        let Some(next) = tail.trim_start().strip_prefix(['+', ',']) else {
            break;
        };
        rest = next;
    }
    (pieces > 0).then_some((joined, whole && pieces == 1, text.len().saturating_sub(rest.len())))
}

/// The literal at the start: its value, whether it holds no escape, and what follows it.
fn literal(text: &str) -> Option<(String, bool, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let mut rest = text.get(1..)?;
    let (mut value, mut plain) = (String::new(), true);
    loop {
        let at = rest.find([quote, '\\'])?;
        value.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        if rest.starts_with(quote) {
            return Some((value, plain, rest.get(1..)?));
        }
        plain = false;
        if let Some((c, length)) = escapes::escape(rest) {
            value.push(c);
            rest = rest.get(length..)?;
        } else {
            // A line that goes on; anything else stands for itself, and blanks do not matter here, however they are written.
            let mut behind = rest.get(1..)?.chars();
            value.extend(behind.next().filter(|c| !matches!(c, '\r' | '\n' | 'n' | 'r' | 't' | 'f' | 'v')));
            rest = behind.as_str();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_arguments_are_decoded_however_they_are_written() {
        let plain = |text: &str| {
            arguments(text)
                .into_iter()
                .map(|a| String::from_utf8(a.bytes).unwrap())
                .collect::<Vec<_>>()
        };
        for text in [
            "atob('YSBzaG9ydCB3b3Jk')",
            "atob( \"YSBz\" + 'aG9ydCB3b3Jk' )",
            "atob([`YSBz`,`aG9ydCB3b3Jk`].join(''))",
            "atob('YSBz\\\naG9y\\x64CB3b3J\\u{6b}')",
            "atob('YSBz\\naG9y\\r\\n\\tdCB3b3Jk')",
            "atob(atob('WVNCemFHOXlkQ0IzYjNKaw=='))",
        ] {
            assert_eq!(plain(text), ["a short word"], "{text}");
        }
        assert!(plain("atob(x) atob('short') atob('never closed").is_empty());
    }
}
