//! HTML smuggling: a page that decodes a file, builds it and hands it out (MITRE ATT&CK T1027.006).

use std::collections::HashSet;

use airlock_proto::Severity;

use super::{has, place, places};
use crate::formats::text::payload::{self, Key};
use crate::formats::text::runs;
use crate::labels;
use crate::reader::len64;
use crate::sink::{Child, Found, Sink};

/// Longest page that may be a library of scripts, which offers to save what it makes, in bytes; a longer one must carry what it saves.
pub(super) const LIBRARY: usize = 128 * 1024;
/// How much of such a page the literal is that it carries, at least: a twelfth.
const CARRIED: usize = 12;
/// The same for all literals together: a quarter.
const TOGETHER: usize = 4;

/// What a page is asked for.
pub struct Acts<'a> {
    /// The scripts that do not stand in the text as they are.
    pub hidden: &'a str,
    /// All scripts, one by one.
    pub scripts: &'a [String],
}

/// After the payloads of a page are through: does the page hand one of them out? `acts` when a browser has something to run in it.
pub fn conclude(text: &str, acts: Option<&Acts<'_>>, taken: &HashSet<Key>, sink: &mut Sink<'_, '_>) {
    let plain = smuggles(text)
        .filter(|_| acts.is_some() || !is_data(text))
        .map(|found| (found, text));
    let Some(((at, word), in_text)) = plain.or_else(|| acts.and_then(|acts| Some((smuggles(acts.hidden)?, acts.hidden)))) else {
        return;
    };
    let excerpt = in_text.as_bytes().get(at..).unwrap_or_default();
    let found = Found::new("html.smuggling_js").at(at, word).excerpt(excerpt);
    let library = text.len() > LIBRARY && !carries_any(text, acts.map_or(&[], |acts| acts.scripts), taken, sink.children());
    sink.finding(if library { found.severity(Severity::Info) } else { found });
    let carried = sink
        .children()
        .iter()
        .find(|child| is_decoded(child) && child.format.is_some_and(|format| is_payload(child.layer, format, library)));
    if let Some(child) = carried.map(|c| c.format.unwrap_or_default()) {
        let sentence = format!("The file that the page builds by script is a {child} file.");
        sink.finding(Found::new("html.smuggling_payload").at(at, word).excerpt(excerpt).summary(sentence));
    }
}

fn is_decoded(child: &Child) -> bool {
    matches!(child.layer, "base64" | "data-url" | "hex" | "js-folded" | "bytes" | "xor")
}

/// True for a file that a person can open or run. A library of scripts has texts and documents of its own, and every page runs its own
/// WebAssembly.
fn is_payload(layer: &str, format: &str, library: bool) -> bool {
    let covers = |group| labels::covers(group, format);
    // The strings of the page itself, joined, are no file.
    let own = (layer, format) == ("js-folded", "js") || format == "wasm";
    !own && (covers("archive") || covers("exe") || covers("office") || format == "lnk" || (is_shown(format) && !library))
}

fn is_shown(format: &str) -> bool {
    matches!(format, "html" | "hta" | "js" | "vbs" | "pdf")
}

/// Whether the page, or the one script that does it, carries what it saves.
fn carries_any(text: &str, scripts: &[String], taken: &HashSet<Key>, children: &[Child]) -> bool {
    // Half of the page: what is in base64 is a third longer there.
    let shown = children
        .iter()
        .filter(|child| is_decoded(child) && child.layer != "js-folded")
        .filter(|child| child.format.is_some_and(|format| is_shown(format) || format == "txt"))
        .any(|child| child.size.saturating_mul(8) >= len64(text.len()).saturating_mul(3));
    shown || carries(text, taken) || scripts.iter().any(|script| smuggles(script).is_some() && carries(script, taken))
}

/// True for a literal that makes up much of the text beside its comments and is no file that was recognised, a list of numbers as long, or
/// many literals that make up more.
fn carries(text: &str, taken: &HashSet<Key>) -> bool {
    let length = beside_comments(text);
    let shortest = length.div_ceil(CARRIED);
    let number = |b: &u8| b.is_ascii_digit() || matches!(b, b',' | b' ' | b'\n' | b'\r' | b'\t');
    let runs = runs::runs(text.as_bytes());
    let unknown = runs.iter().filter(|run| !taken.contains(&payload::key(run))).map(|run| run.len());
    let (longest, all) = unknown.fold((0_usize, 0_usize), |(longest, all), run| {
        (longest.max(run), all.saturating_add(run))
    });
    longest >= shortest || all >= length.div_ceil(TOGETHER) || text.as_bytes().split(|b| !number(b)).any(|list| list.len() >= shortest)
}

/// Length of the text without its comments: nobody reads them, and they make a page as long as one likes.
fn beside_comments(text: &str) -> usize {
    const COMMENTS: [(&str, &str); 2] = [("<!--", "-->"), ("/*", "*/")];
    let begins = |kind: &'static (&str, &str)| places(text, kind.0).map(move |at| (at, kind));
    let mut all: Vec<(usize, &(&str, &str))> = COMMENTS.iter().flat_map(begins).collect();
    all.sort_unstable();
    let (mut length, mut from, mut endless) = (text.len(), 0_usize, Vec::new());
    for (at, (open, close)) in all {
        let body = at.saturating_add(open.len());
        if at < from || endless.contains(close) {
            continue;
        }
        // One that never ends is none.
        let Some(end) = text.get(body..).and_then(|rest| place(rest, close)) else {
            endless.push(*close);
            continue;
        };
        from = body.saturating_add(end).saturating_add(close.len());
        length = length.saturating_sub(from.saturating_sub(at));
    }
    length
}

/// A JSON document (RFC 8259), which quotes code, as documentation does: no browser runs it unless its markup acts.
fn is_data(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Decodes, builds a file and hands it out: all three steps. Gives place and length of the first.
fn smuggles(text: &str) -> Option<(usize, usize)> {
    const DECODE: &[&str] = &[
        "atob(",
        "\"atob\"",
        "\"at\"+\"ob\"",
        "fromCharCode",
        "charCodeAt",
        "Uint8Array",
        "Int8Array",
        "Uint8ClampedArray",
        "Uint16Array",
        "Int16Array",
        "Uint32Array",
        "Int32Array",
    ];
    const BUILD: &[&str] = &["new Blob(", "new File(", "msSaveBlob", "msSaveOrOpenBlob"];
    const DELIVER: &[&str] = &["createObjectURL", "msSaveBlob", "msSaveOrOpenBlob", ".download", "navigator.mssave"];
    const ACT: &[&str] = &[
        ".click()",
        "msSaveBlob",
        "msSaveOrOpenBlob",
        "location",
        ".download",
        "dispatchEvent",
    ];
    let any = |words: &[&str]| words.iter().any(|w| has(text, w));
    if !any(DELIVER) || !any(ACT) {
        return None;
    }
    if let Some(fetched) = fetched(text).filter(|_| has(text, ".blob(")) {
        return Some(fetched);
    }
    if !any(BUILD) {
        return None;
    }
    let decode = DECODE.iter().filter_map(|w| place(text, w).map(|at| (at, w.len()))).min();
    decode.or_else(|| hexadecimal(text)).or_else(|| program(text))
}

/// `fetch` of a `data:` URL gives its bytes.
fn fetched(text: &str) -> Option<(usize, usize)> {
    const CALL: &str = "fetch(";
    let given = |at: &usize| {
        let argument = text.get(at.saturating_add(CALL.len())..).unwrap_or_default().trim_start();
        argument.strip_prefix(['"', '\'', '`']).is_some_and(|url| url.starts_with("data:"))
    };
    places(text, CALL).find(given).map(|at| (at, CALL.len()))
}

/// `parseInt(…, 16)` reads the digits of bytes; with another base it reads what a person wrote.
fn hexadecimal(text: &str) -> Option<(usize, usize)> {
    const CALL: &str = "parseInt(";
    let base = |at: &usize| {
        let rest = text.get(at.saturating_add(CALL.len())..).unwrap_or_default();
        let near = rest.get(..rest.floor_char_boundary(120)).unwrap_or_default();
        let end = near.find([';', '\n']).unwrap_or(near.len());
        let call: String = near.get(..end).unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        [",16)", ",0x10)"].iter().any(|base| call.contains(base))
    };
    places(text, CALL).find(base).map(|at| (at, CALL.len()))
}

/// A file that Windows runs, by the name under which it is saved: it may stand in the page as it is.
fn program(text: &str) -> Option<(usize, usize)> {
    const NAME: &str = ".download";
    const ENDS: &[&str] = &[
        ".bat", ".cmd", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".hta", ".ps1", ".exe", ".scr", ".lnk", ".msi", ".iso", ".img", ".vhd",
    ];
    let named = |at: &usize| {
        let value = text.get(at.saturating_add(NAME.len())..).unwrap_or_default().trim_start();
        let name = value.strip_prefix('=').map(str::trim_start)?;
        let quote = name.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        let name = name.get(1..)?.split(quote).next()?.get(..)?;
        let lower = name
            .get(name.floor_char_boundary(name.len().saturating_sub(8))..)?
            .to_ascii_lowercase();
        ENDS.iter().any(|end| lower.ends_with(end)).then_some(())
    };
    places(text, NAME).find(|at| named(at).is_some()).map(|at| (at, NAME.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVE: &str = "f = new Blob([b]); a.href = URL.createObjectURL(f); a.download = 'x.zip'; a.click();";

    #[test]
    fn smuggling_needs_all_its_steps() {
        assert!(smuggles(&format!("var b = atob(x); {SAVE}")).is_some());
        assert!(smuggles("var b = atob(x);").is_none() && smuggles("new Blob([x]); URL.createObjectURL(y)").is_none());
        assert!(smuggles(&format!("b = new Int8Array([80,75,3,4]); {SAVE}")).is_some());
        assert!(smuggles(&format!("b.push(parseInt(h.substr(i, 2), 16)); {SAVE}")).is_some());
        assert!(smuggles(&format!("rows = parseInt(n) + 1; {SAVE}")).is_none(), "a table is saved");
        assert!(
            smuggles("fetch('data:;base64,UEs').then(r => r.blob()).then(b => { a.href = URL.createObjectURL(b); a.click() })").is_some()
        );
        let bat = SAVE.replace("x.zip", "x.bat");
        assert!(smuggles(&bat).is_some() && smuggles(SAVE).is_none());
    }

    #[test]
    fn a_json_document_that_quotes_code_is_no_page() {
        assert!(is_data(r#"{"desc": "<p>atob(x)</p>"}"#));
        assert!(!is_data("{ atob(x) }") && !is_data("<p>atob(x)</p>"));
    }

    #[test]
    fn a_long_page_carries_what_it_saves_whatever_stands_around_it() {
        let literal: String = (0..500_u32).map(|n| char::from(b'A' + u8::try_from(n * n % 23).unwrap())).collect();
        let script = format!("b = atob('{literal}'); {SAVE}");
        let none = HashSet::new();
        let padding = "ordinary words of a page. ".repeat(10_000);
        let commented = format!("<!-- {padding} --><script>/* {padding} */ {script}</script>");
        assert!(carries(&commented, &none));
        let page = format!("<p>{padding}</p><script>{script}</script>");
        assert!(!carries(&page, &none) && carries_any(&page, &[script], &none, &[]));
        let piece = |n: usize| format!("p += '{}{n}';", &literal[..90]);
        let pieces: String = (0..40).map(piece).collect();
        assert!(carries(&pieces, &none) && !carries(&format!("{}{pieces}", "x = 1; ".repeat(3000)), &none));
    }
}
