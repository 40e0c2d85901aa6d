//! Internet shortcuts and other Windows configuration texts that make a program reach out as soon as a folder is looked at.

use crate::sink::{Found, Sink};

/// Looks at `.url`, `.scf` and `desktop.ini` texts.
pub fn look(text: &str, sink: &mut Sink<'_, '_>) {
    let [shortcut, shell, folder] = sections(text);
    if shortcut {
        for line in text.lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.get(..32).unwrap_or(key).trim().to_ascii_lowercase();
            if matches!(key.as_str(), "url" | "iconfile" | "workingdirectory") && reaches_out(value.trim(), &key) {
                let sentence = format!("An internet shortcut points to {}.", airlock_proto::text::cut(value.trim(), 120));
                sink.finding(Found::new("url.file_scheme_or_unc").says(line).summary(sentence));
                return;
            }
        }
    }
    let begins = |line: &str, word: &str| {
        let start = line.trim_start();
        start.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    let commands = || shell && text.lines().any(|line| begins(line, "command="));
    if folder || commands() {
        let mut icons = text.lines().filter(|line| begins(line, "iconfile") || begins(line, "iconresource"));
        if let Some(line) = icons.find(|l| l.split_once('=').is_some_and(|(_, v)| v.trim().starts_with("\\\\"))) {
            sink.finding(Found::new("scf_desktopini").says(line));
        }
    }
}

/// Which sections stand anywhere in the text, in any case: of a shortcut, of the shell, of a folder.
fn sections(text: &str) -> [bool; 3] {
    const NAMES: [&str; 3] = ["[internetshortcut]", "[shell]", "[.shellclassinfo]"];
    let mut there = [false; 3];
    for at in memchr::memchr_iter(b'[', text.as_bytes()) {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        for (there, name) in there.iter_mut().zip(NAMES) {
            *there |= rest
                .get(..name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
        }
    }
    there
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
