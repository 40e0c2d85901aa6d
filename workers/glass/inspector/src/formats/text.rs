//! Text of every kind: HTML, SVG, scripts, plain text, in any encoding.
//!
//! One format for all of them, because a name alone tells many of them apart and a browser or script host does not ask: what is done
//! with the bytes depends on the bytes only. Encodings become UTF-8 layers; scripts, `data:` URLs, base64 and escaped text become layers.
//! WHATWG HTML (tokenization), RFC 2397 (data URLs), RFC 4648 (base64), Unicode 16 (encodings).

mod atob;
mod charset;
mod css;
mod entities;
mod escapes;
mod facts;
mod html;
mod label;
mod payload;
mod short;
mod shortcut;
mod unfold;

use std::borrow::Cow;

use airlock_proto::{Gap, GapKind};

use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::{Found, Sink};

/// See the module.
pub struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "txt"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "text (HTML, SVG, XML, scripts, plain)",
            spec: "WHATWG HTML; SVG 2; RFC 2397; RFC 4648; Unicode 16",
            yields: "text in UTF-8, with the entities of XML replaced, scripts, event handlers, srcdoc pages, data: URLs, base64 and escaped payloads",
            limitations: "scripts are not run; mail messages and MHT pages are a gap; Script Encoder and UUE are a gap",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if charset::is_text(input.bytes) { Match::Maybe } else { Match::No }
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        label::of(input)
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        // Everything below works on UTF-8. Other encodings are a layer, which comes here again.
        if let Some(text) = charset::to_utf8(input.bytes) {
            sink.layer_slice("utf-8", "text", text.as_bytes());
            return Ok(());
        }
        let text = readable(input.bytes);
        unopened(input, sink);
        facts::look(&text, sink);
        shortcut::look(&text, sink);
        // A script may hold markup in its strings; that it is a page of its own is not so.
        let script = matches!(input.layer, "script" | "pdf-js" | "vba");
        if !script {
            entities::unpack(&text, sink);
        }
        let page = !script && html::looks_like_html(&text);
        let acts = if page { html::unpack(&text, sink)? } else { None };
        escapes::unpack(&text, input.bytes, sink);
        let taken = payload::unpack(&text, input.bytes, sink);
        short::unpack(&text, &taken, sink);
        // What a page shows its reader is text: the page itself was asked.
        if page && input.layer != "html-text" {
            facts::conclude(&text, acts.as_deref(), sink);
        }
        Ok(())
    }
}

/// The bytes as text. Of data that merely begins like text only the beginning is made readable: base64 and hexadecimal payloads are
/// looked for in all of the bytes, and the rules have matched them. A browser reads a page to its end, whatever stands between.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    const BEGINNING: usize = 256 * 1024;
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let whole = charset::is_mostly_text(bytes) || html::begins_like_html(bytes);
    String::from_utf8_lossy(if whole { bytes } else { bytes.get(..BEGINNING).unwrap_or(bytes) })
}

/// Text formats that hold others in a way that is not opened here.
fn unopened(input: &Input<'_>, sink: &mut Sink<'_, '_>) {
    let all = len64(input.bytes.len());
    match label::container(input.bytes) {
        Some("eml") => sink.gap(Gap::new(GapKind::Unsupported, "a mail message is recognised and its parts are not opened").bytes(all)),
        Some("mht") => sink.gap(Gap::new(GapKind::Unsupported, "an MHT page is recognised and its parts are not opened").bytes(all)),
        Some("uue") => sink.gap(Gap::new(GapKind::Unsupported, "uuencoded data is recognised and not opened").bytes(all)),
        _ => {}
    }
    if let Some(at) = memchr::memmem::find(input.bytes, b"#@~^").filter(|at| is_encoded_script(input.from(*at))) {
        sink.finding(
            Found::new("script.encoded")
                .at(at, 12)
                .excerpt(input.from(at).get(..24).unwrap_or_default()),
        );
        sink.gap(Gap::new(GapKind::Unsupported, "a script in Script Encoder form is not decoded").bytes(len64(input.from(at).len())));
    }
}

/// `#@~^`, six characters of length in base64, `==`.
fn is_encoded_script(from: &[u8]) -> bool {
    from.get(10..12) == Some(b"==")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_to_its_end_whatever_stands_between() {
        let between = [b"word ".repeat(100_000), vec![1; 400_000]].concat();
        let page = [&b"<!doctype html><p>"[..], &between, b"<script>last()</script>"].concat();
        assert!(readable(&page).ends_with("last()</script>"));
        let data = [&b"words and "[..], &between, b"\xff"].concat();
        assert!(readable(&data).len() < 300_000);
        let text = [&b"words and "[..], &b"more ".repeat(100_000), &[1; 40_000], b"\xff last"].concat();
        assert!(readable(&text).ends_with("last"));
    }
}
