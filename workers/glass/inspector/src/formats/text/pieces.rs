//! Base64 (RFC 4648) in pieces that a script puts together, each too short for itself or with other words around it: `echo …>>a.b64`,
//! `x = x & "…"`, `["…","…"]`, lines that are indented.

use super::joined::{Joined, pieces};
use super::runs::is_digit;

/// Shortest piece, in characters: hardly any word is as long, so that ordinary text costs next to nothing.
const PIECE: usize = 32;
/// Fewest characters of a joined payload.
const SHORTEST: usize = 48;

/// The joined pieces, those that go together each.
pub fn joined(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut joined = Joined::new(|b| is_digit(*b));
    for (at, run) in pieces(bytes, PIECE, |b| is_digit(*b)) {
        let glued = glued(bytes.get(..at).unwrap_or_default(), run);
        let piece = run.get(glued..).unwrap_or_default();
        found.extend(joined.add(bytes, at.saturating_add(glued), piece).filter(|digits| is_worth(digits)));
    }
    found.extend(joined.end(bytes).filter(|digits| is_worth(digits)));
    found
}

/// How many characters before a piece look like its own: those of `\n`, and those up to the sign that gives it a name.
fn glued(before: &[u8], run: &[u8]) -> usize {
    let named = run
        .iter()
        .zip(run.iter().skip(1))
        .rposition(|(sign, next)| *sign == b'=' && *next != b'=');
    if let Some(sign) = named {
        return sign.saturating_add(1);
    }
    usize::from(before.ends_with(b"\\") && matches!(run.first(), Some(b'n' | b'r' | b't')))
}

fn is_worth(digits: &[u8]) -> bool {
    digits.len() >= SHORTEST && !digits.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_hides_nothing_behind_it() {
        let decoy = format!("{0},{0}\n{1}\n", "a".repeat(32), "- ".repeat(50));
        let text = format!("{}\"{1}\"+\"{1}\"", decoy.repeat(5000), "TVqQ".repeat(8));
        assert_eq!(joined(text.as_bytes()).last(), Some(&"TVqQ".repeat(16).into_bytes()));
    }

    #[test]
    fn what_a_script_does_with_one_piece_it_does_with_the_next() {
        let bytes = [&b"MZ\x90\0"[..], &(0..=250).collect::<Vec<u8>>()].concat();
        let digits = data_encoding::BASE64.encode(&bytes);
        let cut = |length: usize, between: &str| {
            let pieces: Vec<&str> = digits
                .as_bytes()
                .chunks(length)
                .map(|piece| std::str::from_utf8(piece).unwrap())
                .collect();
            pieces.join(between)
        };
        for text in [
            format!("@echo off\necho {}>>a.b64\ncertutil", cut(40, ">>a.b64\r\necho ")),
            format!("(echo {}", cut(76, ")>a.b64\n(echo ").replacen(")>a", ") >> a", 2)),
            format!("x = \"{}\"\nExecute", cut(60, "\"\nx = x & \"")),
            format!("$x+='{}'", cut(64, "';$x+='")),
            format!("f([\"{}\"].join(''))", cut(120, "\",\"")),
            format!("{{\"k\":\"{}\"}}", cut(64, "\\r\\n")),
            format!("<data>\n\t\t{}\n\t</data>", cut(36, "\n\t\t")),
            format!("<pre>{}</pre>", cut(32, "\n")),
            format!("<k>{}</k>", cut(64, "&#10;")),
            format!("set B={}", cut(64, "\nset B=%B%")),
        ] {
            assert!(joined(text.as_bytes()).contains(&digits.clone().into_bytes()), "{text}");
        }
    }
}
