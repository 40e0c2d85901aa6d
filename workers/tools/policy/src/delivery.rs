//! Delivery and listed: is the person sent on to a page or handed a file, and is it a type that the service searches for.

use airlock_proto::{Delivery, HeaderFacts, Report};

use crate::formats::{is_archive, is_listed, is_text};

/// Page or download: a page is HTML or plain text that the answer shows inline; everything else is handed out.
///
/// `root_format` is the format of what the browser would show ([`shown_format`]). The labels among text formats are one
/// to this rule, because a name can change them. A declared type that browsers save instead of show makes a download.
pub fn delivery(headers: &HeaderFacts, root_format: &str) -> Delivery {
    if headers.attachment {
        return Delivery::Download;
    }
    let page = root_format == "html" || is_text(root_format);
    if page && headers.declared_type.as_deref().is_none_or(shown_inline) {
        Delivery::Page
    } else {
        Delivery::Download
    }
}

/// Format of what a browser shows: of the root, or of what is left after the answer's content encodings are undone.
pub fn shown_format<'a>(report: &'a Report, headers: &HeaderFacts) -> &'a str {
    let mut at = 0_usize;
    for coding in headers.content_encoding.iter().filter(|c| !c.eq_ignore_ascii_case("identity")) {
        let Some(node) = report.nodes.get(at) else { break };
        if !encodes(coding, &node.format) {
            break;
        }
        let Some(child) = report.nodes.iter().position(|n| n.parent == u32::try_from(at).ok()) else {
            break;
        };
        at = child;
    }
    report.nodes.get(at).map_or("bin", |n| n.format.as_str())
}

/// True when the root, or the root of an archive's content, is one of the seeds' types (REQUIREMENTS B19 to B24).
///
/// The roots of an archive's content are its own members, and theirs where a member is an archive in turn; what is
/// embedded in a program or a document does not count.
pub fn listed(report: &Report) -> bool {
    let mut roots = vec![false; report.nodes.len()];
    for (index, node) in report.nodes.iter().enumerate() {
        let parent = node.parent.and_then(|p| usize::try_from(p).ok()).filter(|p| *p < index);
        let root = match parent {
            None => index == 0,
            Some(p) => {
                node.layer == "raw" && roots.get(p).copied().unwrap_or(false) && report.nodes.get(p).is_some_and(|n| is_archive(&n.format))
            }
        };
        if root && is_listed(&node.format) {
            return true;
        }
        if let Some(slot) = roots.get_mut(index) {
            *slot = root;
        }
    }
    false
}

/// Media types that browsers show and do not save; anything that is not known to be shown is saved.
fn shown_inline(media: &str) -> bool {
    if matches!(
        media,
        "text/csv" | "text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory" | "text/rtf"
    ) {
        return false;
    }
    media.is_empty()
        || media.starts_with("text/")
        || matches!(
            media,
            "application/xhtml+xml"
                | "application/xml"
                | "application/json"
                | "application/javascript"
                | "application/x-javascript"
                | "application/ecmascript"
        )
}

fn encodes(coding: &str, format: &str) -> bool {
    matches!(
        (coding.to_ascii_lowercase().as_str(), format),
        ("gzip" | "x-gzip", "gzip") | ("deflate", "zlib" | "deflate") | ("br", "br") | ("zstd", "zstd")
    )
}
