//! Where base64 (RFC 4648) stands in a text: in runs, and in lines.

/// Shortest run of base64 that is looked at, in characters.
const MIN_RUN: usize = 48;
/// Most runs of one text that are looked at.
pub const MAX_RUNS: usize = 1_000_000;
/// Shortest and longest line of base64 that is told by its neighbours, which are as long, and how many of them it takes.
const SHORT_LINES: std::ops::Range<usize> = 16..56;
const NEIGHBOURS: usize = 4;

/// Runs of base64 characters, line breaks inside them allowed where the lines are long.
///
/// A run has a window of [`MIN_RUN`] digits, so that looking at every [`MIN_RUN`]th byte finds it: ordinary text costs next to nothing.
pub fn runs(bytes: &[u8]) -> Vec<&[u8]> {
    const LAST: usize = MIN_RUN.saturating_sub(1);
    let mut found = Vec::new();
    let mut at = 0_usize;
    while let Some(window) = bytes.get(at..at.saturating_add(MIN_RUN)) {
        if let Some(gap) = window.iter().rposition(|b| !is_digit(*b)) {
            at = at.saturating_add(gap).saturating_add(1);
            if gap < LAST && !is_digit(bytes.get(at.saturating_add(LAST)).copied().unwrap_or_default()) {
                at = at.saturating_add(MIN_RUN.saturating_sub(gap).saturating_sub(1));
            }
            continue;
        }
        let end = run_end(bytes, at);
        push_run(bytes.get(at..end).unwrap_or_default(), &mut found);
        at = end.saturating_add(1);
    }
    found
}

/// A character of either alphabet, or padding.
pub fn is_digit(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_')
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut line = 0_usize;
    for (n, &b) in bytes.iter().enumerate().skip(start) {
        if is_digit(b) {
            line = line.saturating_add(1);
        } else if matches!(b, b'\r' | b'\n') && (line >= 56 || line == 0) {
            line = 0;
        } else {
            return n;
        }
    }
    bytes.len()
}

/// Base64 in lines that are shorter than any tool makes them by itself, and all of one length but the last.
pub fn short_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let (mut block, mut count, mut length) = (Vec::new(), 0_usize, 0_usize);
    let ends = |count: usize, block: &mut Vec<u8>, found: &mut Vec<Vec<u8>>| {
        let block = std::mem::take(block);
        if count >= NEIGHBOURS && !block.iter().all(u8::is_ascii_hexdigit) {
            found.push(block);
        }
    };
    let mut from = 0_usize;
    // Every text comes here: its lines are found by vector instructions.
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = bytes.get(from..end).unwrap_or_default().trim_ascii();
        from = end.saturating_add(1);
        let fits = SHORT_LINES.contains(&line.len()) && line.iter().all(|b| is_digit(*b));
        if fits && count > 0 && line.len() == length {
            block.extend_from_slice(line);
            count = count.saturating_add(1);
            continue;
        }
        let last = count > 0 && line.len() < length && !line.is_empty() && line.iter().all(|b| is_digit(*b));
        if last {
            block.extend_from_slice(line);
        }
        ends(count, &mut block, &mut found);
        count = 0;
        if fits && !last {
            block.extend_from_slice(line);
            (count, length) = (1, line.len());
        }
    }
    ends(count, &mut block, &mut found);
    found
}

fn push_run<'a>(run: &'a [u8], found: &mut Vec<&'a [u8]>) {
    if run.len() >= MIN_RUN && !run.iter().all(u8::is_ascii_hexdigit) && found.len() < MAX_RUNS {
        found.push(run);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn short_lines_are_joined_where_they_are_as_long() {
        let long = base64::engine::general_purpose::STANDARD.encode("function hello() { return 'a marker that is long enough'; }");
        let wrapped = |n: usize| {
            long.as_bytes()
                .chunks(n)
                .map(|c| format!("{}\r\n", String::from_utf8_lossy(c)))
                .collect::<String>()
        };
        for length in [16, 19, 20] {
            assert_eq!(
                short_lines(format!("Dear all,\n\n{}\nyours", wrapped(length)).as_bytes()),
                [long.as_bytes()]
            );
        }
        assert!(short_lines(b"internationalise\nconstitutional\nan ordinary line\n").is_empty());
        assert!(short_lines("da39a3ee5e6b4b0d3255bfef95601890afd80709\n".repeat(9).as_bytes()).is_empty());
    }
}
