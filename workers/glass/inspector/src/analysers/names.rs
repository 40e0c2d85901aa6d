//! Names that lie (findings 39 to 49): what a person reads is not what the file is or where it goes.

use airlock_proto::Severity;
use airlock_proto::text::saved_name;

use super::{Analyser, NodeFacts, extensions};
use crate::input::{Input, extension};
use crate::labels;
use crate::sink::Found;

/// See the module.
pub struct Names;

impl Analyser for Names {
    fn name(&self) -> &'static str {
        "names"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        if input.layer == "raw" {
            look(input.name, input.chain.last().copied(), out);
        }
        // Members that were listed and not opened have no node of their own: their names are this node's.
        for child in node.children.iter().filter(|c| c.node.is_none() && !c.member.dir) {
            look(&child.member.name, Some(node.format), out);
        }
    }
}

/// `within` is the format of the container that gave the name; `None` for the root.
fn look(name: &str, within: Option<&str>, out: &mut Vec<Found>) {
    let archive = within.is_some_and(unpacks_to_paths);
    if archive {
        paths(name, within.unwrap_or_default(), out);
    }
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let ext = extension(base);
    let found = |id: &'static str| Found::new(id).says(name);
    if let Some(strong) = turns_direction(base) {
        let found = found("name.rtlo");
        out.push(if strong { found } else { found.severity(Severity::Low) });
    }
    let before = saved_name(base).rsplit_once('.').map_or("", |(stem, _)| stem);
    let inner = extension(before.trim_end());
    if extensions::runs(&ext) && extensions::PAPER.contains(&inner.as_str()) && inner != ext {
        out.push(
            found("name.double_extension").summary(format!("The name ends in .{inner}.{ext}: it looks like a {inner} file and runs.")),
        );
    }
    if let Some(blanks) = padding(before) {
        let severity = if extensions::runs(&ext) { Severity::High } else { Severity::Low };
        out.push(
            found("name.padded")
                .severity(severity)
                .summary(format!("{blanks} blanks push the extension .{ext} out of sight.")),
        );
    }
    if archive && !base.is_empty() && base != "." && base != ".." && base.ends_with(['.', ' ']) {
        out.push(found("name.trailing_dot_space"));
    }
    if mixes_scripts(base) {
        out.push(found("name.confusable"));
    }
    if archive && is_device(base) {
        out.push(found("name.reserved_device"));
    }
    let lower = base.to_lowercase();
    if extensions::runs_loudly(&ext) && extensions::LURES.iter().any(|word| lower.contains(word)) {
        out.push(found("name.lure_exec"));
    }
}

/// Containers whose members an extractor writes to paths made of their names.
fn unpacks_to_paths(format: &str) -> bool {
    labels::covers("archive", format) || matches!(format, "epub" | "xps") || (labels::covers("office", format) && is_zip_office(format))
}

fn is_zip_office(format: &str) -> bool {
    !matches!(
        format,
        "ole2" | "doc" | "xls" | "ppt" | "rtf" | "msg" | "msi" | "pub" | "vsd" | "mpp"
    )
}

fn paths(name: &str, within: &str, out: &mut Vec<Found>) {
    let flat = name
        .replace('\\', "/")
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%5c", "/")
        .replace("%5C", "/")
        .replace("%2e", ".")
        .replace("%2E", ".");
    let climbs = flat.split('/').any(|part| part.trim_end_matches([' ', '\u{a0}']) == "..");
    if climbs {
        out.push(Found::new("name.traversal").says(name));
    }
    let mut letters = name.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    if flat.starts_with('/') || (drive && matches!(letters.next(), Some('/' | '\\'))) {
        out.push(Found::new("name.absolute").says(name));
    }
    if name.contains('\\') && within != "rar" && within != "lha" {
        out.push(Found::new("name.backslash").says(name));
    }
    let rest = if drive { name.get(2..).unwrap_or_default() } else { name };
    if let Some((_, stream)) = rest.rsplit_once(':') {
        let loud = extensions::runs(&extension(stream)) || climbs;
        // A colon is an ordinary character outside Windows, and tar comes from there.
        if loud || within != "tar" {
            out.push(
                Found::new("name.ads")
                    .says(name)
                    .severity(if loud { Severity::High } else { Severity::Low }),
            );
        }
    }
}

/// Some(true) for overrides and isolates, Some(false) for mere marks of direction.
fn turns_direction(name: &str) -> Option<bool> {
    let strong = name.chars().any(|c| matches!(u32::from(c), 0x202a..=0x202e | 0x2066..=0x2069));
    let weak = name.chars().any(|c| matches!(u32::from(c), 0x200e | 0x200f));
    strong.then_some(true).or(weak.then_some(false))
}

/// Length of the longest run of at least ten blanks of any kind.
fn padding(stem: &str) -> Option<usize> {
    let mut longest = 0_usize;
    let mut run = 0_usize;
    for c in stem.chars() {
        let blank = c.is_whitespace() || matches!(u32::from(c), 0x2800 | 0x3164 | 0x115f | 0x200b..=0x200d | 0xfeff | 0xffa0);
        run = if blank { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    (longest >= 10).then_some(longest)
}

/// True when one word has Latin letters and look-alike Greek or Cyrillic ones.
fn mixes_scripts(name: &str) -> bool {
    name.split(|c: char| !c.is_alphabetic()).any(|word| {
        let latin = word.chars().any(|c| c.is_ascii_alphabetic());
        let other = word.chars().any(|c| matches!(u32::from(c), 0x370..=0x4ff));
        latin && other
    })
}

fn is_device(base: &str) -> bool {
    let stem = base.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.chars().all(|c| ('1'..='9').contains(&c)))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(name: &str, within: Option<&str>) -> Vec<&'static str> {
        let mut out = Vec::new();
        look(name, within, &mut out);
        out.into_iter().map(|f| f.id).collect()
    }

    #[test]
    fn lying_names_are_told() {
        assert_eq!(ids("a/../../etc/passwd", Some("zip")), ["name.traversal"]);
        assert_eq!(ids("a/.. /b", Some("rar")), ["name.traversal"]);
        assert_eq!(ids("..%2f..%2fx", Some("zip")), ["name.traversal"]);
        assert_eq!(ids("/etc/passwd", Some("tar")), ["name.absolute"]);
        assert_eq!(ids("C:\\x", Some("zip")), ["name.absolute", "name.backslash"]);
        assert_eq!(ids("a.txt:b.exe", Some("tar")), ["name.ads"]);
        assert_eq!(ids("photo\u{202e}gpj.exe", None), ["name.rtlo"]);
        assert_eq!(ids("report.pdf.exe", None), ["name.double_extension"]);
        assert_eq!(ids("a.pdf            .scr", None), ["name.double_extension", "name.padded"]);
        assert_eq!(ids("a. ", Some("zip")), ["name.trailing_dot_space"]);
        for end in [".", " ", ". .", "\u{a0}", "\u{2003}"] {
            assert_eq!(ids(&format!("report.pdf.exe{end}"), None), ["name.double_extension"]);
            assert_eq!(ids(&format!("invoice.exe{end}"), None), ["name.lure_exec"]);
        }
        assert_eq!(ids("pаypal.html", None), ["name.confusable"]);
        assert_eq!(ids("x/con.txt", Some("zip")), ["name.reserved_device"]);
        assert_eq!(ids("Invoice 2026.exe", None), ["name.lure_exec"]);
    }

    #[test]
    fn ordinary_names_are_not() {
        for (name, within) in [
            ("word/document.xml", Some("docx")),
            ("a..b/c...txt", Some("zip")),
            ("backup-12:30.log", Some("tar")),
            ("\u{1}CompObj", Some("doc")),
            ("jquery.min.js", None),
            ("archive.tar.gz", None),
            ("Отчёт за год.docx", None),
            ("../x", None),
        ] {
            assert!(ids(name, within).is_empty(), "{name}");
        }
    }
}
