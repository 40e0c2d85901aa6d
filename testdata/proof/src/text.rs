//! Small helpers for lines that a person reads.

/// At most `width` characters, the last one `…` when something was cut; line ends and control characters become spaces.
pub fn fit(text: &str, width: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= width {
        return clean;
    }
    let mut cut: String = clean.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A share as per cent with one decimal; an empty whole is 100.
pub fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Bytes in MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_control_characters_do_not_reach_the_terminal() {
        assert_eq!(fit("a\u{1b}[31mb", 20), "a [31mb");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert!((percent(1, 4) - 25.0).abs() < 1e-9 && (percent(0, 0) - 100.0).abs() < 1e-9);
    }
}
