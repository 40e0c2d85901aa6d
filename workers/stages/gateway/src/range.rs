//! One range of bytes (RFC 9110 section 14): from a header to an interval, or to the whole.

/// What a request asks for of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// The bytes `from..to`, at least one.
    Part {
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
    },
    /// A range that lies outside of the file.
    Nothing,
}

/// Reads a `Range` header for a file of `size` bytes. What is no single range of bytes is passed over, as the standard allows:
/// the whole file is the answer to it.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, spec)) = header.and_then(|text| text.split_once('=')) else {
        return Wanted::Whole;
    };
    let spec = spec.trim();
    let (true, Some((first, last))) = (
        unit.trim().eq_ignore_ascii_case("bytes") && !spec.contains(','),
        spec.split_once('-'),
    ) else {
        return Wanted::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => part(first, last.saturating_add(1), size),
        (Some(first), None) if last.is_empty() => part(first, size, size),
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(suffix)) if first.is_empty() => part(size.saturating_sub(suffix), size, size),
        _ => Wanted::Whole,
    }
}

fn part(from: u64, to: u64, size: u64) -> Wanted {
    let to = to.min(size);
    if from < to { Wanted::Part { from, to } } else { Wanted::Nothing }
}

fn number(text: &str) -> Option<u64> {
    // `parse` would take a sign; a number that does not fit lies behind the end of every file.
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_the_standard_has_them() {
        let part = |from, to| Wanted::Part { from, to };
        let cases = [
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-499", part(0, 500)),
            ("Bytes= 500-", part(500, 1000)),
            ("bytes=999-5000", part(999, 1000)),
            ("bytes=-1", part(999, 1000)),
            ("bytes=-5000", part(0, 1000)),
            ("bytes=0-99999999999999999999999", part(0, 1000)),
            ("bytes=1000-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=--1", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(Some(header), 1000), expected, "{header}");
        }
        assert_eq!(wanted(None, 1000), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Nothing);
    }
}
