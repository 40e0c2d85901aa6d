//! Hexadecimal digits that are a file: in one string, in lines, in the pieces of a script, or in pairs with a sign between them.

use super::joined::{Joined, pieces};
use super::known;

/// Shortest hexadecimal string that is looked at, in digits.
const MIN_HEX: usize = 128;
/// Shortest piece of one.
const PIECE: usize = 16;
/// Length of the digests that have so many digits (SHA-512), in bytes.
const DIGEST: usize = 64;

/// Hexadecimal strings of at least [`MIN_HEX`] digits whose bytes are a file that somebody recognises, or text.
pub fn strings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut joined = Joined::new(u8::is_ascii_hexdigit);
    for (at, piece) in pieces(bytes, PIECE, u8::is_ascii_hexdigit) {
        if piece.len() >= MIN_HEX {
            found.extend(decode(piece).filter(|decoded| is_worth(decoded)));
        }
        found.extend(joined.add(bytes, at, piece).and_then(|digits| file(&digits)));
    }
    found.extend(joined.end(bytes).and_then(|digits| file(&digits)));
    pairs(bytes, &mut found);
    found
}

fn decode(digits: &[u8]) -> Option<Vec<u8>> {
    let even = digits.get(..digits.len() & !1)?;
    data_encoding::HEXLOWER_PERMISSIVE.decode(even).ok()
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
        || std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()))
        || known::wide_text(bytes).is_some()
}

/// A digest may begin as a file does.
fn is_worth(bytes: &[u8]) -> bool {
    let file = || known::is_file(bytes, "hex") || known::is_surely_file(bytes, "hex");
    is_text(bytes) || bytes.starts_with(b"PK\x03\x04") || bytes.len() != DIGEST && file()
}

/// The file that joined pieces are.
fn file(digits: &[u8]) -> Option<Vec<u8>> {
    let worth = |bytes: &Vec<u8>| known::is_surely_file(bytes, "hex") || is_text(bytes);
    (digits.len() >= MIN_HEX).then(|| decode(digits)).flatten().filter(worth)
}

/// Pairs of digits with a blank, a hyphen or a colon between them, in one line or more.
fn pairs(bytes: &[u8], found: &mut Vec<Vec<u8>>) {
    /// So far apart are the places that are asked: half of the shortest row that counts. Wherever a line ends in a window, two pairs stand
    /// before or behind it there.
    const STEP: usize = MIN_HEX / 2 * 3 / 2;
    let mut at = 0_usize;
    let mut free = 0_usize;
    while let Some(window) = bytes.get(at..at.saturating_add(9)) {
        let window = bytes.get(at..at.saturating_add(WINDOW)).unwrap_or(window);
        let start = phase(window).map(|phase| at.saturating_add(phase));
        at = at.saturating_add(STEP);
        let Some(start) = start else { continue };
        let Some(sign) = bytes.get(start.saturating_add(2)).copied() else {
            continue;
        };
        let mut first = start;
        while let Some(before) = pair_before(bytes, free, first, sign) {
            first = before;
        }
        let row = Row::read(bytes, first, sign);
        (at, free) = (at.max(row.end), row.end);
        found.extend(row.file());
    }
}

/// Bytes that are looked at for two pairs: a line may end in them, with two bytes.
const WINDOW: usize = 13;

/// Where in the window two pairs begin that one sign divides.
fn phase(window: &[u8]) -> Option<usize> {
    window.windows(5).position(|five| {
        let (pair, rest) = five.split_at_checked(2).unwrap_or_default();
        let sign = rest.first().copied().unwrap_or_default();
        matches!(sign, b' ' | b'-' | b':') && is_pair(pair) && is_pair(rest.get(1..).unwrap_or_default())
    })
}

/// Where the pair before a pair begins.
fn pair_before(bytes: &[u8], free: usize, first: usize, sign: u8) -> Option<usize> {
    let head = bytes.get(free..first)?;
    let gap = gap(head.iter().rev(), sign);
    let pair = head.len().checked_sub(gap)?.checked_sub(2)?;
    (gap > 0 && is_pair(head.get(pair..)?)).then(|| free.saturating_add(pair))
}

/// How many signs and blanks stand between two pairs.
fn gap<'b>(bytes: impl Iterator<Item = &'b u8>, sign: u8) -> usize {
    bytes.take(32).take_while(|b| **b == sign || b.is_ascii_whitespace()).count()
}

fn is_pair(row: &[u8]) -> bool {
    row.iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2
}

/// Pairs in a row.
struct Row {
    bytes: Vec<u8>,
    /// Where some of the first lines begin: other numbers may stand before.
    lines: Vec<usize>,
    /// Where the row ends.
    end: usize,
}

impl Row {
    /// The pairs from a place on. A line may end with the sign or without.
    fn read(text: &[u8], from: usize, sign: u8) -> Self {
        const LINES: usize = 8;
        let (mut digits, mut lines) = (Vec::new(), vec![0]);
        let mut at = from;
        while let Some(pair) = text.get(at..at.saturating_add(2)).filter(|pair| is_pair(pair)) {
            digits.extend_from_slice(pair);
            at = at.saturating_add(2);
            let rest = text.get(at..).unwrap_or_default();
            let gap = gap(rest.iter(), sign);
            if gap == 0 {
                break;
            }
            if lines.len() < LINES && memchr::memchr(b'\n', rest.get(..gap).unwrap_or_default()).is_some() {
                lines.push(digits.len() / 2);
            }
            at = at.saturating_add(gap);
        }
        let bytes = decode(&digits).unwrap_or_default();
        Self { bytes, lines, end: at }
    }

    fn file(self) -> Option<Vec<u8>> {
        let from = self.lines.iter().filter_map(|line| self.bytes.get(*line..));
        let mut files = from.filter(|bytes| bytes.len().saturating_mul(2) >= MIN_HEX);
        files
            .find(|bytes| known::is_surely_file(bytes, "hex") || is_text(bytes))
            .map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> (Vec<u8>, String) {
        let bytes = [&b"\x1f\x8b\x08\0"[..], &(0..=199).collect::<Vec<u8>>()].concat();
        let digits = data_encoding::HEXLOWER.encode(&bytes);
        (bytes, digits)
    }

    fn cut(digits: &str, length: usize, between: &str) -> String {
        let pieces: Vec<&str> = digits
            .as_bytes()
            .chunks(length)
            .map(|piece| std::str::from_utf8(piece).unwrap_or_default())
            .collect();
        pieces.join(between)
    }

    #[test]
    fn a_digest_is_no_file() {
        assert!(strings(format!("1f9d{}  file\n", "a7".repeat(62)).as_bytes()).is_empty());
        assert_eq!(strings(format!("1f9d{}\n", "a700".repeat(40)).as_bytes()).len(), 1);
        let list = |end: &str| (0..99).map(|n| format!("1f9d{n:060x}{end}\n")).collect::<String>();
        for end in ["", "  file", "\",", "  1.txt"] {
            assert!(strings(list(end).as_bytes()).is_empty());
        }
    }

    #[test]
    fn the_pieces_of_a_script_are_joined() {
        let (bytes, digits) = archive();
        for text in [
            format!("x='{digits}'"),
            format!("(echo {})>>a.hex\ncertutil", cut(&digits, 64, ")>>a.hex\r\n(echo ")),
            format!("(echo {}", cut(&digits, 64, ")>a.hex\n(echo ").replacen(")>a", ") >> a", 2)),
            format!("h = \"{}\"", cut(&digits, 60, "\" & _\r\n    \"")),
            format!("$h=@'\n{}\n'@", cut(&digits, 64, "\n")),
            format!("h1=\"{}\"", cut(&digits, 66, "\"\nh2=\"")),
            format!("x='{}'", cut(&digits, 2, " ")),
            format!("see b {}", cut(&digits, 2, ":").to_uppercase()),
            cut(&cut(&digits, 32, "\n"), 33, "")
                .split('\n')
                .map(|line| cut(line, 2, "-"))
                .collect::<Vec<_>>()
                .join("\r\n"),
        ] {
            assert_eq!(strings(text.as_bytes()), std::slice::from_ref(&bytes), "{text}");
        }
    }

    #[test]
    fn foreign_digits_before_the_pieces_hide_nothing() {
        let (bytes, digits) = archive();
        let lines = cut(&digits, 64, ")>>a.hex\r\n(echo ");
        for text in [
            format!("set k=0123456789abcdef\n(echo {lines})>>a.hex"),
            format!("set k=0123456789abcdef\n(ECHO {})>>a.hex", lines.replacen("echo", "Echo", 1)),
        ] {
            assert_eq!(strings(text.as_bytes()), std::slice::from_ref(&bytes), "{text}");
        }
    }

    #[test]
    fn short_lines_of_pairs_are_read_wherever_they_stand() {
        let (bytes, digits) = archive();
        for (pairs, end) in [(4, "\n"), (8, "\n"), (8, "\r\n"), (7, "\r\n"), (16, " \n")] {
            let lines: Vec<String> = digits
                .as_bytes()
                .chunks(pairs * 2)
                .map(|l| cut(&String::from_utf8_lossy(l), 2, " "))
                .collect();
            for before in 0..30 {
                for junk in ["", "10 20 30\n"] {
                    let text = format!("{}\n{junk}{}", "x".repeat(before), lines.join(end));
                    assert_eq!(strings(text.as_bytes()), std::slice::from_ref(&bytes), "{text}");
                }
            }
        }
    }

    #[test]
    fn ordinary_pairs_are_no_files() {
        let key = (0..256_u32)
            .map(|n| format!("{:02x}", (n * 7 + 3) % 256))
            .collect::<Vec<_>>()
            .join(":");
        assert!(strings(format!("Modulus:\n  00:{key}\n").as_bytes()).is_empty());
        assert!(strings(b"12 34 56 78 the quick brown fox 1f 8b 08 00").is_empty());
    }
}
