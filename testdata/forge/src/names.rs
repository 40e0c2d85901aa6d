//! Archives whose member names lie: one archive for each naming finding, and tar, RAR and LHA twins of some.

use crate::zip::{Archive, Entry};
use crate::{lha, payload, rar, tarball};

/// Label, and the name that a member has; the label is also the seed of the marker in its bytes.
pub fn odd_names() -> Vec<(&'static str, String)> {
    let own = str::to_owned;
    vec![
        ("traversal", own("../../evil.txt")),
        ("traversal-backslash", own("..\\..\\evil.txt")),
        ("traversal-space", own(".. /.. /evil.txt")),
        ("traversal-inside", own("folder/../../evil.txt")),
        ("traversal-percent", own("..%2f..%2fevil.txt")),
        ("absolute", own("/etc/cron.d/evil")),
        ("absolute-drive", own("C:\\Windows\\evil.dll")),
        ("absolute-unc", own("\\\\server.example\\share\\evil.txt")),
        ("backslash", own("folder\\evil.txt")),
        ("ads", own("invoice.txt:evil.js")),
        ("rtlo", own("invoice\u{202e}fdp.exe")),
        ("isolate", own("invoice\u{2066}fdp\u{2069}.exe")),
        ("double-extension", own("invoice.pdf.exe")),
        ("padded", format!("invoice.pdf{}.exe", " ".repeat(60))),
        ("padded-braille", format!("invoice.pdf{}.exe", "\u{2800}".repeat(30))),
        ("zero-width", format!("invoice.pdf{}.exe", "\u{200b}".repeat(12))),
        ("trailing-dot", own("evil.exe.")),
        ("trailing-space", own("evil.exe ")),
        ("confusable", own("\u{0440}\u{0430}yp\u{0430}l.txt")),
        ("reserved-device", own("CON.txt")),
        ("lure-exec", own("payment-scan.js")),
        ("control", own("in\u{7}voice.txt")),
        ("newline", own("invoice.txt\nevil.js")),
        ("very-long", format!("{}.txt", "invoice-".repeat(40))),
        ("plain", own("folder/notes.txt")),
    ]
}

/// Every archive: file name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for (label, name) in odd_names() {
        let seed = |kind: &str| format!("{label}-{kind}");
        let zip = Archive::of(vec![Entry::deflated(&name, &payload(&seed("zip")))]).build();
        out.push((format!("{}.zip", seed("zip")), zip));
        if name.len() <= 100 {
            out.push((format!("{}.tar", seed("tar")), tarball::simple(&[(&name, &payload(&seed("tar")))])));
        }
        out.push((
            format!("{}.rar", seed("rar")),
            rar::Rar5::new().file(&name, &payload(&seed("rar"))).build(),
        ));
        if name.is_ascii() && name.len() <= 200 {
            let member = lha::Member::new(&name, &payload(&seed("lzh")), 1, true);
            out.push((format!("{}.lzh", seed("lzh")), lha::build(&[member])));
        }
    }
    let twice = |first: &str, second: &str, seed: &str| {
        Archive::of(vec![Entry::deflated(first, b"harmless"), Entry::deflated(second, &payload(seed))]).build()
    };
    out.push(("same-name.zip".to_owned(), twice("notes.txt", "notes.txt", "same-name")));
    out.push(("same-name-case.zip".to_owned(), twice("notes.txt", "NOTES.TXT", "same-name-case")));
    out.push((
        "exe-beside-dll.zip".to_owned(),
        twice("viewer.exe", "version.dll", "exe-beside-dll"),
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_names_reach_the_archives_unchanged() {
        for (label, name) in odd_names() {
            let (_, bytes) = samples().into_iter().find(|(file, _)| *file == format!("{label}-zip.zip")).unwrap();
            assert!(bytes.windows(name.len()).filter(|w| *w == name.as_bytes()).count() >= 2, "{label}");
        }
    }
}
