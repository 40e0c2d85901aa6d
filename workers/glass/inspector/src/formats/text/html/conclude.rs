//! What a page gives away by its elements: scripts in pictures, password forms, and addresses that do more than show a page.

use super::page::Page;
use crate::sink::{Found, Sink};

/// Tells what the page asks for and where it leads.
pub(super) fn conclude(page: &Page, svg: bool, sink: &mut Sink<'_, '_>) {
    if svg && page.scripts.is_empty() && page.svg_active.is_none() && page.data_urls.iter().all(|d| !d.navigates) {
        // A drawing that does nothing.
    } else if let (true, Some(what)) = (svg, &page.svg_active) {
        if what == "<script>" || !page.scripts.is_empty() {
            sink.finding(Found::new("svg.script").says(page.scripts.first().map_or(what.as_str(), |(_, s)| s.as_str())));
        }
        if let Some(what) = &page.foreign_active {
            sink.finding(Found::new("svg.foreignobject_html").says(what));
        }
    }
    if page.password_inputs > 0 {
        // Relative addresses stand below the base.
        let base = page.base.as_ref().filter(|_| !page.forms.is_empty());
        let foreign = page.forms.iter().chain(base).find(|action| is_absolute(action));
        if let Some(action) = foreign {
            let sentence = format!(
                "The page asks for a password and sends it to {}.",
                airlock_proto::text::cut(action, 120)
            );
            sink.finding(Found::new("html.credential_form").says(action).summary(sentence));
        } else if page.scripts.iter().any(|(_, s)| sends(s)) {
            sink.finding(Found::new("html.credential_form").summary("The page asks for a password and sends it away by script."));
        }
    }
    for target in page
        .refresh
        .iter()
        .filter_map(|content| content.split_once(['=']).map(|(_, url)| url.trim()))
    {
        if let Some(found) = refresh(target) {
            sink.finding(found.says(target));
        }
    }
    if let Some(link) = page.links.iter().find(|link| is_handler(link)) {
        sink.finding(Found::new("html.protocol_handler").says(link));
    }
    if let Some(link) = page.links.iter().find(|link| is_unc_or_file(link)) {
        sink.finding(Found::new("html.unc_or_file").says(link));
    }
    if let Some(source) = page.srcdocs.iter().find(|s| s.to_ascii_lowercase().contains("<script")) {
        sink.finding(Found::new("html.iframe_srcdoc").says(source));
    }
    for link in &page.data_urls {
        let media = link
            .url
            .get(5..)
            .unwrap_or_default()
            .split([',', ';'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        // A template of a script has nothing in it yet.
        let empty = link
            .url
            .split_once(',')
            .is_some_and(|(_, body)| body.trim().len() < 4 || body.starts_with("${"));
        if empty {
            continue;
        }
        if link.navigates && (media == "text/html" || media == "image/svg+xml") {
            sink.finding(Found::new("html.data_uri_html").says(&link.url));
        } else if link.navigates
            && (link.download.is_some() || media.starts_with("application/"))
            && !matches!(media.as_str(), "application/pdf" | "application/json")
        {
            let sentence = format!(
                "A link holds a whole file of type {} instead of an address.",
                airlock_proto::text::cut(&media, 60)
            );
            sink.finding(Found::new("html.data_uri_download").says(&link.url).summary(sentence));
        }
    }
}

fn is_absolute(url: &str) -> bool {
    let lower = url.trim().to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("//")
}

/// A script that sends something to an absolute address.
fn sends(script: &str) -> bool {
    let calls = [
        "fetch(",
        "XMLHttpRequest",
        "sendBeacon(",
        "$.post(",
        "$.ajax(",
        "axios",
        "new Image",
    ]
    .iter()
    .any(|c| script.contains(c));
    calls && (script.contains("http://") || script.contains("https://"))
}

fn refresh(target: &str) -> Option<Found> {
    let bare = target.trim_matches(['\'', '"', ' ']);
    if is_handler(bare) || is_unc_or_file(bare) {
        return Some(
            Found::new("html.meta_refresh")
                .severity(airlock_proto::Severity::Critical)
                .confidence(90),
        );
    }
    bare.to_ascii_lowercase()
        .starts_with("data:")
        .then(|| Found::new("html.meta_refresh"))
}

/// Whether something is told of an address that stands in an attribute.
pub(super) fn is_told(url: &str) -> bool {
    is_handler(url) || is_unc_or_file(url)
}

/// Addresses that start a program on the visitor's machine.
fn is_handler(url: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "ms-msdt:",
        "ms-officecmd:",
        "ms-appinstaller:",
        "search-ms:",
        "search:query",
        "shell:",
        "jnlp:",
        "ms-word:ofe",
        "ms-excel:ofe",
        "ms-cxh",
        "ms-search:",
    ];
    let lower = url.trim().get(..24).unwrap_or(url.trim()).to_ascii_lowercase();
    SCHEMES.iter().any(|s| lower.starts_with(s))
}

fn is_unc_or_file(url: &str) -> bool {
    let lower = url.trim().get(..24).unwrap_or(url.trim()).to_ascii_lowercase();
    // file:///C:/… is a saved page's own leftovers; a host in it sends credentials there.
    (lower.starts_with("\\\\") && lower.len() > 4)
        || (lower.starts_with("file://") && !lower.starts_with("file:///"))
        || lower.starts_with("file:////")
}
