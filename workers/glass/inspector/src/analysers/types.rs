//! Types that lie (findings 50 and 51): the content is not what the extension or the server says.

use airlock_proto::Severity;

use super::{Analyser, NodeFacts, extensions};
use crate::formats::text;
use crate::input::Input;
use crate::labels;
use crate::sink::Found;

/// See the module.
pub struct Types;

impl Analyser for Types {
    fn name(&self) -> &'static str {
        "types"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        if input.layer != "raw" || input.bytes.is_empty() {
            return;
        }
        let ext = input.extension();
        let program = labels::covers("exe", node.format) || node.format == "lnk";
        if extensions::runs_loudly(&ext) {
            out.push(
                Found::new("ext.executable_class")
                    .says(input.name)
                    .summary(format!("Files that end in .{ext} run when they are opened.")),
            );
        }
        if let Some(reader) = reader(&ext, input.bytes).filter(|_| is_known(node.format)) {
            let format = node.format;
            let sentence = format!("The name ends in .{ext}, the content begins as {format}, and {reader} acts on what stands in it.");
            out.push(
                Found::new("ext.content_mismatch")
                    .says(input.name)
                    .summary(sentence)
                    .severity(Severity::High)
                    .confidence(90),
            );
        } else if mismatch(&ext, node) {
            let sentence = format!("The name ends in .{ext}, and the content is {}.", node.format);
            let found = Found::new("ext.content_mismatch").says(input.name).summary(sentence);
            out.push(if program {
                found.severity(Severity::High).confidence(90)
            } else {
                found
            });
        } else if program && input.declared_type.is_some_and(harmless) {
            let declared = input.declared_type.unwrap_or_default();
            let sentence = format!("The server says {declared}, and the content is {}.", node.format);
            out.push(
                Found::new("ext.content_mismatch")
                    .says(declared)
                    .summary(sentence)
                    .severity(Severity::High)
                    .confidence(90),
            );
        }
    }
}

/// Who goes by the name alone, and finds something to act on in the bytes.
fn reader(ext: &str, bytes: &[u8]) -> Option<&'static str> {
    if extensions::is_page(ext) && text::is_page(bytes) {
        Some("a browser")
    } else if extensions::is_script(ext) && text::is_script(bytes) {
        Some("a script host")
    } else {
        None
    }
}

/// What nobody recognises, and text, contradict nothing: damaged files and plain text under any name are everyday.
fn is_known(format: &str) -> bool {
    format != labels::UNKNOWN.name && !labels::covers("text", format)
}

fn mismatch(ext: &str, node: &NodeFacts<'_>) -> bool {
    let Some(allowed) = extensions::allowed(ext) else { return false };
    let format = node.format;
    is_known(format) && !allowed.contains(&format) && !node.formats.iter().any(|f| allowed.contains(f))
}

fn harmless(media_type: &str) -> bool {
    media_type.starts_with("image/")
        || media_type.starts_with("text/")
        || media_type.starts_with("audio/")
        || media_type == "application/pdf"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(format: &'static str) -> NodeFacts<'a> {
        NodeFacts {
            format,
            formats: &[],
            depth: 0,
            children: &[],
        }
    }

    #[test]
    fn only_contradictions_count() {
        assert!(mismatch("pdf", &facts("pe")) && mismatch("jpg", &facts("zip")) && mismatch("doc", &facts("pdf")));
        for (ext, format) in [
            ("pdf", "pdf"),
            ("pdf", "bin"),
            ("doc", "rtf"),
            ("docx", "ole2"),
            ("dat", "pe"),
            ("html", "txt"),
            ("zip", "jar"),
        ] {
            assert!(!mismatch(ext, &facts(format)), "{ext} {format}");
        }
    }

    #[test]
    fn an_archive_that_a_browser_shows_as_a_page_deceives() {
        let tar = [&[b'a'; 512][..], b"<script>x()</script>"].concat();
        let told = |name: &str| {
            let mut out = Vec::new();
            let input = Input { name, ..Input::bare(&tar) };
            Types.inspect(&input, &facts("tar"), &mut out);
            out.iter().any(|found| found.severity == Some(Severity::High))
        };
        assert!(told("a.html") && told("a.HTA") && !told("a.tar") && !told("a.js"));
    }
}
