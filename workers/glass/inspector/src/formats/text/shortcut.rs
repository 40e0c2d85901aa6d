//! Internet shortcuts and other Windows configuration texts that make a program reach out as soon as a folder is looked at.

use crate::sink::{Found, Sink};

/// Looks at `.url`, `.scf` and `desktop.ini` texts.
pub fn look(text: &str, sink: &mut Sink<'_, '_>) {
    let mut end = 65_536.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let head = text.get(..end).unwrap_or_default();
    let lower = head.to_ascii_lowercase();
    if lower.contains("[internetshortcut]") {
        for line in head.lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim().to_ascii_lowercase();
            if matches!(key.as_str(), "url" | "iconfile" | "workingdirectory") && reaches_out(value.trim(), &key) {
                let sentence = format!("An internet shortcut points to {}.", airlock_proto::text::cut(value.trim(), 120));
                sink.finding(Found::new("url.file_scheme_or_unc").says(line).summary(sentence));
                return;
            }
        }
    }
    if (lower.contains("[shell]") && lower.contains("command=")) || lower.contains("[.shellclassinfo]") {
        let icon = head
            .lines()
            .find(|l| l.to_ascii_lowercase().trim_start().starts_with("iconfile") || l.to_ascii_lowercase().starts_with("iconresource"));
        if let Some(line) = icon.filter(|l| l.split_once('=').is_some_and(|(_, v)| v.trim().starts_with("\\\\"))) {
            sink.finding(Found::new("scf_desktopini").says(line));
        }
    }
}

fn reaches_out(value: &str, key: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let remote = lower.starts_with("\\\\")
        || (lower.starts_with("file:") && !lower.starts_with("file:///c:"))
        || lower.starts_with("mhtml:")
        || lower.contains("!x-usc");
    remote
        || (key == "url" && [".url", ".lnk", ".hta", ".cpl", ".vbs", ".js"].iter().any(|e| lower.ends_with(e)) && lower.starts_with("file"))
}
