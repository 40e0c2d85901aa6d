//! HTML and SVG by the tokenizer of the WHATWG specification: scripts, handlers, `data:` URLs, nested pages and the visible text.
//!
//! Only the tokenizer: building a tree is quadratic in nesting, and nothing here needs one.

mod attributes;
mod conclude;
mod content;
pub mod marks;
mod names;
mod page;

use std::collections::HashSet;

use airlock_proto::{Gap, GapKind};

pub use self::page::DataUrl;
use self::page::tokenize;
use super::payload::Key;
use super::{css, payload};
use crate::sink::Sink;

/// Most scripts, handlers and pages within a page that are layers of their own; further ones are one layer together.
const MAX_LAYERS: usize = 512;
/// Most `data:` URLs of a page that are opened.
const MAX_URLS: usize = 4096;

/// True when markup stands at the beginning of bytes that need not be text throughout; see [`marks`] for what stands further behind.
pub fn begins_like_html(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    // Most data has no markup, and is not worth being made readable.
    memchr::memchr(b'<', head).is_some() && (is_marked(&String::from_utf8_lossy(head), HEAD) || marks::elements(head).next().is_some())
}

/// How far the beginning of a text goes, in bytes.
const HEAD: usize = 16 * 1024;

/// True when an element of HTML opens in the first bytes of the text.
pub fn is_marked(text: &str, within: usize) -> bool {
    const MARKS: &[&str] = &[
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<svg",
        "<form",
        "<meta ",
        "<table",
        "<div",
        "<a href",
        "<title",
        "<img ",
        "<hta:",
        "<object",
        "<embed",
        "<base ",
        "<style",
        "<link ",
        "<p>",
        "<br",
        "<h1",
        "<input",
    ];
    // Most text has no markup at all, and is asked this several times.
    if memchr::memchr(b'<', text.as_bytes()).is_none() {
        return false;
    }
    let mut end = within.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let head: String = text
        .get(..end)
        .unwrap_or_default()
        .chars()
        .filter(|c| *c != '\0')
        .collect::<String>()
        .to_ascii_lowercase();
    MARKS.iter().any(|mark| head.contains(mark))
}

/// What has no room for a layer of its own, as one.
fn together<'a>(layer: &'static str, all: impl Iterator<Item = &'a str>, sink: &mut Sink<'_, '_>) {
    let rest: Vec<&str> = all.skip(MAX_LAYERS).collect();
    if !rest.is_empty() {
        sink.layer_slice(layer, "further ones", rest.join("\n").as_bytes());
    }
}

/// What was found in a page beside its layers.
#[derive(Debug, Default)]
pub struct Opened {
    /// A browser has something to run in it.
    pub acts: bool,
    /// The scripts that do not stand in the text as they are.
    pub hidden: String,
    /// All scripts, one by one.
    pub scripts: Vec<String>,
    /// The `data:` URLs that were opened, as the runs that stand in the text.
    pub urls: HashSet<Key>,
}

/// Hands on what is in the page; not what it shows when it is itself what a page shows.
pub fn unpack(text: &str, shown: bool, sink: &mut Sink<'_, '_>) -> Opened {
    let (shortened, all) = attributes::shortened(text);
    if !all {
        sink.gap(Gap::new(GapKind::TooMany, "a tag has more attributes than are looked at"));
    }
    let page = tokenize(&shortened, &|| sink.expired());
    if page.unread {
        sink.gap(Gap::new(
            GapKind::Time,
            "the time for this scan is over: the rest of the page was not read",
        ));
    }
    for (name, script) in page.scripts.iter().take(MAX_LAYERS) {
        sink.layer_slice("script", name.clone(), script.as_bytes());
    }
    together("script", page.scripts.iter().map(|(_, script)| script.as_str()), sink);
    for source in page.srcdocs.iter().take(MAX_LAYERS) {
        sink.layer_slice("srcdoc", "srcdoc", source.as_bytes());
    }
    together("srcdoc", page.srcdocs.iter().map(String::as_str), sink);
    // What stands in a style without references is found in the whole text; the same address counts once.
    let mut known: HashSet<String> = if page.styled.is_empty() {
        HashSet::new()
    } else {
        css::data_urls(text).into_iter().collect()
    };
    let styled = page.styled.iter().filter(|link| known.insert(link.url.clone()));
    for (number, link) in page.data_urls.iter().chain(styled).enumerate() {
        if number == MAX_URLS {
            let why = format!("more than {MAX_URLS} data: URLs in one page: the rest was not opened");
            sink.gap(Gap::new(GapKind::TooMany, why));
            break;
        }
        payload::data_url(link, sink);
    }
    if !shown && page.entities && !page.text.trim().is_empty() {
        sink.layer_slice("html-text", "text", page.text.as_bytes());
    }
    // Source code that holds a picture in a literal is none itself.
    let svg = page.svg
        && text
            .trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
            .starts_with('<');
    conclude::conclude(&page, svg, sink);
    let acts = !page.scripts.is_empty() || !page.srcdocs.is_empty() || page.data_urls.iter().any(|link| link.navigates);
    let urls = page.data_urls.iter().filter_map(|link| payload::key_of_url(&link.url)).collect();
    Opened {
        acts,
        hidden: page.hidden,
        scripts: page.scripts.into_iter().map(|(_, script)| script).collect(),
        urls,
    }
}
