//! Colours for a terminal; `anstream` drops them where nobody sees them or `NO_COLOR` asks for it.

use std::fmt;
use std::io::{self, Write as _};

use airlock_proto::Severity;

/// Bold.
pub const BOLD: &str = "\x1b[1m";
/// Dim.
pub const DIM: &str = "\x1b[2m";
/// Red.
pub const RED: &str = "\x1b[31m";
/// Green.
pub const GREEN: &str = "\x1b[32m";
/// Yellow.
pub const YELLOW: &str = "\x1b[33m";
/// Magenta.
pub const MAGENTA: &str = "\x1b[35m";
/// Back to plain.
pub const OFF: &str = "\x1b[0m";

/// Prints a line. A full disk or a closed pipe is an error of the command, where the macros of the library would panic.
pub fn line(text: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The colour of a severity.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => MAGENTA,
        Severity::Info => DIM,
    }
}

/// The word of a severity.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// A size as a person says it (`12 B`, `3.4 KiB`).
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_well() {
        assert_eq!(
            [0, 1023, 1024, 1536, 1 << 20, 5 << 30].map(super::size),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 GiB"]
        );
    }
}
