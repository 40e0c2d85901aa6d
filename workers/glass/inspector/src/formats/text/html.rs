//! HTML and SVG by the tokenizer of the WHATWG specification: scripts, handlers, `data:` URLs, nested pages and the visible text.
//!
//! Only the tokenizer: building a tree is quadratic in nesting, and nothing here needs one.

mod conclude;

use std::cell::RefCell;

use airlock_proto::{Gap, GapKind};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::payload;
use crate::reader::len64;
use crate::sink::Sink;

/// Most attributes of one tag: the tokenizer compares each with all before it.
const MAX_ATTRIBUTES: usize = 4_000;
/// Most scripts and handlers that become layers; all of them are in the raw bytes, too, which the rules have matched.
const MAX_LAYERS: usize = 512;

/// True when a browser that is given these bytes without a type would show a page, or a picture with scripts.
pub fn looks_like_html(text: &str) -> bool {
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
    let mut end = 16_384.min(text.len());
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

/// Hands on what is in the page.
pub fn unpack(text: &str, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
    if longest_tag(text.as_bytes()) > MAX_ATTRIBUTES {
        let gap = Gap::new(
            GapKind::Malformed,
            format!("one tag has more than {MAX_ATTRIBUTES} attributes: the page was matched and not taken apart"),
        );
        return Err(gap.bytes(len64(text.len())));
    }
    let page = tokenize(text);
    let svg = page.svg;
    for (name, script) in page.scripts.iter().take(MAX_LAYERS) {
        sink.layer_slice("script", name.clone(), script.as_bytes());
    }
    for source in page.srcdocs.iter().take(MAX_LAYERS) {
        sink.layer_slice("srcdoc", "srcdoc", source.as_bytes());
    }
    for link in page.data_urls.iter().take(MAX_LAYERS) {
        payload::data_url(link, sink);
    }
    if !page.text.trim().is_empty() && page.entities {
        sink.layer_slice("html-text", "text", page.text.as_bytes());
    }
    conclude::conclude(&page, svg, sink);
    Ok(())
}

/// What the tokens said.
#[derive(Debug, Default)]
struct Page {
    scripts: Vec<(String, String)>,
    srcdocs: Vec<String>,
    data_urls: Vec<DataUrl>,
    text: String,
    entities: bool,
    in_script: Option<String>,
    svg: bool,
    svg_active: Option<String>,
    foreign: bool,
    foreign_active: Option<String>,
    password_inputs: usize,
    forms: Vec<String>,
    refresh: Vec<String>,
    links: Vec<String>,
    base: Option<String>,
}

/// A `data:` URL with what its element says of it.
#[derive(Debug, Clone)]
pub struct DataUrl {
    /// The URL.
    pub url: String,
    /// The `download` attribute.
    pub download: Option<String>,
    /// True for links, frames and refreshes: places to which a person is sent.
    pub navigates: bool,
}

struct Collector(RefCell<Page>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => page.tag(&tag),
            Token::CharacterTokens(text) => {
                page.characters(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

fn tokenize(text: &str) -> Page {
    let queue = BufferQueue::default();
    let mut rest = text;
    while !rest.is_empty() {
        // Tendrils are limited to 4 GiB and cheap to make: pieces keep their copies small.
        let mut end = (1 << 20).min(rest.len());
        while !rest.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let (piece, tail) = rest.split_at(end);
        queue.push_back(StrTendril::from_slice(piece));
        rest = tail;
    }
    let collector = Collector(RefCell::new(Page {
        entities: text.contains('&'),
        ..Page::default()
    }));
    let tokenizer = Tokenizer::new(collector, TokenizerOpts::default());
    // The collector never asks for a pause, so that one call takes all.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    page.close_script();
    page
}

impl Page {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = tag.name.as_ref();
        if tag.kind == TagKind::EndTag {
            if name == "script" {
                self.close_script();
            }
            return TokenSinkResult::Continue;
        }
        self.attributes(name, tag);
        match name {
            "script" => {
                if !tag.self_closing || !self.svg {
                    self.in_script = Some(String::new());
                    // Inside SVG a script is ordinary markup whose text may be CDATA.
                    if !self.svg {
                        return TokenSinkResult::RawData(RawKind::ScriptData);
                    }
                }
                TokenSinkResult::Continue
            }
            "svg" => {
                self.svg = true;
                TokenSinkResult::Continue
            }
            "foreignobject" => {
                self.foreign = true;
                TokenSinkResult::Continue
            }
            "style" | "xmp" | "noembed" | "noframes" if !self.svg => TokenSinkResult::RawData(RawKind::Rawtext),
            "textarea" | "title" if !self.svg => TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn attributes(&mut self, element: &str, tag: &Tag) {
        let attr = |wanted: &str| tag.attrs.iter().find(|a| &*a.name.local == wanted).map(|a| a.value.to_string());
        let mut active = element == "script" || matches!(element, "iframe" | "embed" | "object" | "form");
        for attribute in &tag.attrs {
            let name: &str = attribute.name.local.as_ref();
            let value: &str = attribute.value.as_ref();
            let plain: String = value.chars().filter(|c| !c.is_ascii_control()).collect();
            let lower = plain.trim_start().get(..32).unwrap_or(plain.trim_start()).to_ascii_lowercase();
            if name.len() > 2 && name.starts_with("on") && !value.trim().is_empty() {
                self.scripts.push((format!("{element} {name}"), value.to_owned()));
                active = true;
            } else if lower.starts_with("javascript:") || lower.starts_with("vbscript:") {
                self.scripts.push((format!("{element} {name}"), plain.trim_start().to_owned()));
                active = true;
            } else if name == "srcdoc" {
                self.srcdocs.push(value.to_owned());
            } else if lower.starts_with("data:") {
                let navigates = matches!(element, "a" | "area" | "iframe" | "frame" | "embed" | "object" | "form" | "base");
                active |= lower.starts_with("data:text/html");
                self.data_urls.push(DataUrl {
                    url: plain.trim_start().to_owned(),
                    download: attr("download"),
                    navigates,
                });
            } else if matches!(
                name,
                "href" | "src" | "action" | "data" | "xlink:href" | "formaction" | "background" | "poster"
            ) && self.links.len() < 10_000
            {
                self.links.push(plain.trim().to_owned());
            }
        }
        match element {
            "form" => self.forms.push(attr("action").unwrap_or_default()),
            "input" if attr("type").is_some_and(|t| t.eq_ignore_ascii_case("password")) => {
                self.password_inputs = self.password_inputs.saturating_add(1)
            }
            "meta" if attr("http-equiv").is_some_and(|h| h.eq_ignore_ascii_case("refresh")) => {
                self.refresh.push(attr("content").unwrap_or_default())
            }
            "base" => self.base = attr("href"),
            _ => {}
        }
        if active {
            let what = format!("<{element}>");
            if self.svg {
                self.svg_active.get_or_insert(what.clone());
            }
            if self.foreign {
                self.foreign_active.get_or_insert(what);
            }
        }
    }

    fn characters(&mut self, text: &str) {
        match &mut self.in_script {
            Some(script) => script.push_str(text),
            None => self.text.push_str(text),
        }
    }

    fn close_script(&mut self) {
        if let Some(script) = self.in_script.take().filter(|s| !s.trim().is_empty()) {
            self.scripts.push(("script".to_owned(), script));
        }
    }
}

/// The most attributes that one tag may have, by counting blanks outside quotes; an upper bound that costs one pass.
fn longest_tag(bytes: &[u8]) -> usize {
    let mut longest = 0_usize;
    let mut at = 0_usize;
    while let Some(open) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(open).saturating_add(1);
        if !bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let mut count = 0_usize;
        while let Some(&b) = bytes.get(at) {
            at = at.saturating_add(1);
            match b {
                b'>' => break,
                b'=' if matches!(bytes.get(at), Some(b'"' | b'\'')) => {
                    let quote = bytes.get(at).copied().unwrap_or_default();
                    let from = at.saturating_add(1);
                    let close = memchr::memchr(quote, bytes.get(from..).unwrap_or_default()).unwrap_or_default();
                    at = from.saturating_add(close).saturating_add(1);
                    count = count.saturating_add(1);
                }
                b' ' | b'\t' | b'\n' | b'\r' | b'/' | 0x0c => count = count.saturating_add(1),
                _ => {}
            }
        }
        longest = longest.max(count);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_handlers_and_urls_are_found() {
        let page = tokenize(
            "<title>a<b></title><body onload='go()'><script>var a='<p>';</script><a download=x.zip href='data:application/zip;base64,UEs='>x</a>\
             <iframe srcdoc='&lt;b&gt;'></iframe><a href=\" java\nscript:x()\">y</a>&amp;",
        );
        assert_eq!(page.scripts[0], ("body onload".into(), "go()".into()));
        assert_eq!(page.scripts[1], ("script".into(), "var a='<p>';".into()));
        assert_eq!(page.scripts[2].1, "javascript:x()");
        assert_eq!(page.srcdocs, ["<b>"]);
        assert_eq!(page.data_urls[0].download.as_deref(), Some("x.zip"));
        assert!(page.text.contains("a<b>") && page.text.ends_with('&'));
    }

    #[test]
    fn svg_scripts_are_markup_and_an_open_script_ends_with_the_file() {
        let page = tokenize("<svg><script>a &lt; b</script><rect onclick=\"x()\"/></svg>");
        assert_eq!(page.scripts[0].1, "a < b");
        assert!(page.svg_active.is_some());
        assert_eq!(tokenize("<script>never closed").scripts[0].1, "never closed");
    }

    #[test]
    fn a_tag_with_very_many_attributes_is_seen_beforehand() {
        assert!(longest_tag(format!("<a {}>", "b=\">\" ".repeat(9000)).as_bytes()) > MAX_ATTRIBUTES);
        assert!(longest_tag(b"<p class=a><p> lots of text with blanks </p> < no tag") < 10);
    }
}
