//! Literals that a script joins (`"abc" + "def"`, `["abc","def"]`), as the text that they are together.

/// Joins neighbouring string literals (`"abc" + "def"`), which scripts use to hide words; `None` when there is nothing to join.
pub fn fold(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0_usize;
    let mut joined = 0_usize;
    for plus in memchr::memchr_iter(b'+', bytes) {
        if plus < copied {
            continue;
        }
        let before = bytes.get(copied..plus)?;
        let kept = before.trim_ascii_end();
        let after = bytes.get(plus.saturating_add(1)..)?;
        let next = after.trim_ascii_start();
        let quote = *kept.last().unwrap_or(&0);
        // The quotes may differ ('a'+"b"): both end and begin a literal all the same.
        let ends = matches!(quote, b'"' | b'\'' | b'`') && kept.get(kept.len().saturating_sub(2)) != Some(&b'\\');
        if !ends || !matches!(next.first(), Some(b'"' | b'\'' | b'`')) {
            continue;
        }
        out.extend_from_slice(kept.get(..kept.len().saturating_sub(1))?);
        copied = bytes.len().saturating_sub(next.len()).saturating_add(1);
        joined = joined.saturating_add(1);
    }
    if joined < 4 {
        return None;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Joins the literals of a list (`["abc","def"]`), which scripts do with `join("")`, whatever blanks stand between them; `None` when there
/// are too few to matter.
pub fn fold_list(text: &str) -> Option<String> {
    const FEWEST: usize = 4;
    between(text).nth(FEWEST.saturating_sub(1))?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0_usize;
    for (start, end) in between(text) {
        out.push_str(text.get(from..start).unwrap_or_default());
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Some(out)
}

/// Where a comma stands between two literals: from the quote that ends the one to behind the quote that opens the other.
fn between(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    const QUOTES: [char; 3] = ['"', '\'', '`'];
    let bytes = text.as_bytes();
    let mut free = 0_usize;
    memchr::memchr_iter(b',', bytes).filter_map(move |comma| {
        let (before, behind) = (text.get(..comma)?, text.get(comma..)?.get(1..)?);
        let start = before.trim_ascii_end().strip_suffix(QUOTES)?.len();
        let rest = behind.trim_ascii_start().strip_prefix(QUOTES)?;
        let end = text.len().saturating_sub(rest.len());
        let fits = start >= free;
        free = free.max(end);
        fits.then_some((start, end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_joined() {
        assert_eq!(
            fold("a = 'p' + 'o' + 'w' + 'er' +\n\"shell\";").as_deref(),
            Some("a = 'powershell\";")
        );
        assert_eq!(fold("a + b + 'c'"), None);
    }

    #[test]
    fn lists_are_joined() {
        assert_eq!(fold_list("['ab','cd','ef','gh','ij']").as_deref(), Some("['abcdefghij']"));
        assert_eq!(fold_list("['ab','cd']"), None);
        let mixed = "[\"Mon\",\"Tue\",\"Wed\",\"Thu\",\"Fri\"]; ['ab','cd',`ef`,`gh`]";
        assert_eq!(fold_list(mixed).as_deref(), Some("[\"MonTueWedThuFri\"]; ['abcdefgh`]"));
    }
}
