//! What the words of a text give away: smuggling, instructions to run a command, Windows scripting objects, obfuscation.
//!
//! Everything here needs several words together; a word alone says nothing (DETECTIONS: base rates on ordinary pages).

use std::collections::HashSet;

use airlock_proto::Severity;

use super::payload::{self, Key};
use crate::labels;
use crate::sink::{Found, Sink};

/// How much of a text is looked at in one piece, and how much of it once more with the next.
const PIECE: usize = 16 * 1024 * 1024;
const OVERLAP: usize = 64 * 1024;
/// Longest page that may be a library of scripts, which offers to save what it makes, in bytes; a longer one must carry what it saves.
const LIBRARY: usize = 128 * 1024;
/// How much of such a page the literal is that it carries, at least: a twelfth.
const CARRIED: usize = 12;

/// Looks at one text.
pub fn look(text: &str, sink: &mut Sink<'_, '_>) {
    let mut told = HashSet::new();
    let mut from = 0_usize;
    while let Some(rest) = text.get(from..).filter(|rest| from == 0 || rest.len() > OVERLAP) {
        let piece = rest.get(..rest.floor_char_boundary(PIECE)).unwrap_or_default();
        let lower = piece.to_ascii_lowercase();
        for check in [clickfix, windows_objects, command_line, obfuscated] {
            if let Some(found) = check(piece, &lower).filter(|found| told.insert(found.id)) {
                sink.finding(found.behind(from));
            }
        }
        if piece.len() == rest.len() {
            break;
        }
        from = text.floor_char_boundary(from.saturating_add(PIECE.saturating_sub(OVERLAP)));
    }
}

/// After the payloads of a page are through: does the page hand one of them out? `acts` when a browser has something to run in it: the
/// scripts that do not stand in the text as they are.
pub fn conclude(text: &str, acts: Option<&str>, taken: &HashSet<Key>, sink: &mut Sink<'_, '_>) {
    let plain = smuggles(text)
        .filter(|_| acts.is_some() || !is_data(text))
        .map(|found| (found, text));
    let Some(((at, word), text)) = plain.or_else(|| acts.and_then(|hidden| Some((smuggles(hidden)?, hidden)))) else {
        return;
    };
    let excerpt = text.as_bytes().get(at..).unwrap_or_default();
    let found = Found::new("html.smuggling_js").at(at, word).excerpt(excerpt);
    let library = text.len() > LIBRARY && !carries(text, taken);
    sink.finding(if library { found.severity(Severity::Info) } else { found });
    let carried = sink.children().iter().find(|child| {
        matches!(child.layer, "base64" | "data-url" | "hex" | "js-folded" | "bytes" | "xor")
            && child.format.is_some_and(|format| is_payload(child.layer, format, library))
    });
    if let Some(child) = carried.map(|c| c.format.unwrap_or_default()) {
        let sentence = format!("The file that the page builds by script is a {child} file.");
        sink.finding(Found::new("html.smuggling_payload").at(at, word).excerpt(excerpt).summary(sentence));
    }
}

/// True for a file that a person can open or run. A library of scripts has texts and documents of its own, and every page runs its own
/// WebAssembly.
fn is_payload(layer: &str, format: &str, library: bool) -> bool {
    let covers = |group| labels::covers(group, format);
    // The strings of the page itself, joined, are no file.
    let own = (layer, format) == ("js-folded", "js") || format == "wasm";
    let shown = matches!(format, "html" | "hta" | "js" | "vbs" | "pdf");
    !own && (covers("archive") || covers("exe") || covers("office") || format == "lnk" || (shown && !library))
}

/// True for a literal that makes up much of the text and is no file that was recognised, or a list of numbers as long.
fn carries(text: &str, taken: &HashSet<Key>) -> bool {
    let shortest = text.len().div_ceil(CARRIED);
    let unknown = |run: &&[u8]| run.len() >= shortest && !taken.contains(&payload::key(run));
    let number = |b: &u8| b.is_ascii_digit() || matches!(b, b',' | b' ' | b'\n' | b'\r' | b'\t');
    payload::runs(text.as_bytes()).iter().any(unknown) || text.as_bytes().split(|b| !number(b)).any(|list| list.len() >= shortest)
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
        "parseInt(",
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
    let (decode, word) = DECODE.iter().filter_map(|w| place(text, w).map(|at| (at, w.len()))).min()?;
    let any = |words: &[&str]| words.iter().any(|w| has(text, w));
    (any(BUILD) && any(DELIVER) && any(ACT)).then_some((decode, word))
}

/// A page that copies a command and asks the reader to paste it into a window that runs it.
fn clickfix(text: &str, lower: &str) -> Option<Found> {
    let copies = [
        "clipboard.writetext",
        "execcommand('copy')",
        "execcommand(\"copy\")",
        "clipboarddata.setdata",
    ]
    .iter()
    .find_map(|w| place(lower, w));
    const COMMANDS: &[&str] = &[
        "powershell",
        "mshta",
        "cmd /c",
        "cmd.exe",
        "curl ",
        "msiexec",
        "bash -c",
        "wscript",
        "rundll32",
        "iex(",
        "invoke-expression",
    ];
    const KEYS: &[&str] = &[
        "win + r",
        "win+r",
        "windows + r",
        "windows+r",
        "windows key + r",
        "⊞ + r",
        "ctrl + v",
        "ctrl+v",
        "strg + v",
        "strg+v",
    ];
    let at = copies?;
    let command = COMMANDS.iter().any(|w| has(lower, w));
    let asks = if lower.len() > LIBRARY {
        // Libraries of scripts hold all these words, far from one another.
        let keys = KEYS.iter().flat_map(|keys| places(lower, keys));
        let near = |keys: usize| COMMANDS.iter().any(|word| has(around(lower, keys, 4096), word));
        keys.into_iter().any(near)
    } else {
        KEYS.iter().chain(&["verif", "captcha"]).any(|word| has(lower, word))
    };
    (command && asks).then(|| {
        Found::new("html.clickfix")
            .at(at, 20)
            .excerpt(text.as_bytes().get(at..).unwrap_or_default())
    })
}

/// Scripts that make the objects with which Windows runs programs and writes files.
fn windows_objects(text: &str, lower: &str) -> Option<Found> {
    const MAKE: &[&str] = &["activexobject(", "createobject("];
    const WHAT: &[&str] = &[
        "wscript.shell",
        "adodb.stream",
        "shell.application",
        "msxml2.xmlhttp",
        "winhttp.winhttprequest",
        "scripting.filesystemobject",
    ];
    const ACT: &[&str] = &[
        ".run",
        ".exec(",
        ".savetofile",
        ".shellexecute",
        ".open(",
        ".opentextfile",
        ".createtextfile",
        ".write",
    ];
    // The name must be the call's own argument: programs that analyse such scripts mention all of these words, too.
    let places = MAKE.iter().flat_map(|make| places(lower, make).map(|at| (at, *make)));
    let made = places.into_iter().find_map(|(at, make)| {
        let argument = lower.get(at.saturating_add(make.len())..)?.trim_start().strip_prefix(['"', '\''])?;
        WHAT.iter().find(|what| argument.starts_with(**what)).map(|what| (at, *what))
    });
    let (at, what) = made?;
    // Modules of Node and pages of a browser have no such objects: they speak about them.
    if ["require(", "module.exports", "document.getelementbyid"]
        .iter()
        .any(|w| has(lower, w))
    {
        return None;
    }
    ACT.iter().any(|w| has(lower, w)).then(|| {
        let sentence = format!("The script makes a {what} object, with which Windows runs programs or writes files.");
        Found::new("js.wsh_objects")
            .at(at, 16)
            .excerpt(text.as_bytes().get(at..).unwrap_or_default())
            .summary(sentence)
    })
}

/// PowerShell that fetches and runs, or hides its command in base64.
fn command_line(text: &str, lower: &str) -> Option<Found> {
    let shell = fetched_and_run(lower)
        .or_else(|| place(lower, "powershell"))
        .or_else(|| place(lower, "pwsh"))?;
    // A command stands on its line; the rest of a page that mentions PowerShell is about something else.
    let mut end = shell.saturating_add(600).min(lower.len());
    while !lower.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let near = lower.get(shell..end).unwrap_or_default();
    let encoded = ["-enc ", "-encodedcommand", "-e jab", "-ec ", "frombase64string"]
        .iter()
        .any(|w| has(near, w));
    let fetches = [
        "downloadstring",
        "downloadfile",
        "invoke-webrequest",
        "iwr ",
        "irm ",
        "invoke-restmethod",
        "start-bitstransfer",
        "net.webclient",
    ]
    .iter()
    .any(|w| has(near, w));
    let runs = ["invoke-expression", "start-process", "-enc", "reflection.assembly"]
        .iter()
        .any(|w| has(near, w))
        || words(near, "iex").next().is_some();
    (encoded || (fetches && runs)).then(|| {
        Found::new("ps1.encoded_command")
            .at(shell, 10)
            .excerpt(text.as_bytes().get(shell..).unwrap_or_default())
    })
}

/// A script of PowerShell, which needs not name itself: where a line runs what it fetches in the same breath.
fn fetched_and_run(lower: &str) -> Option<usize> {
    const NEAR: usize = 200;
    const FETCH: &[&str] = &["iwr ", "irm ", "invoke-webrequest ", "invoke-restmethod "];
    if lower.trim_start().starts_with('<') {
        return None;
    }
    let fetches = |at: &usize| {
        let near = around(lower, *at, NEAR);
        has(near, "downloadstring(") || (has(near, "://") && FETCH.iter().any(|word| has(near, word)))
    };
    let runs = ["iex", "invoke-expression"].into_iter().flat_map(|word| words(lower, word));
    let at = runs.into_iter().find(fetches)?;
    Some(lower.floor_char_boundary(at.saturating_sub(NEAR)))
}

/// What stands so many bytes before and behind a place.
fn around(text: &str, at: usize, near: usize) -> &str {
    let from = text.floor_char_boundary(at.saturating_sub(near));
    text.get(from..text.floor_char_boundary(at.saturating_add(near)))
        .unwrap_or_default()
}

/// All places where a word begins that is not a part of a longer one before it.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    places(text, word).filter(|at| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        before.is_none_or(|b| !b.is_ascii_alphanumeric())
    })
}

/// Obfuscators by their fixed shapes.
fn obfuscated(text: &str, lower: &str) -> Option<Found> {
    let names = memchr::memmem::find_iter(text.as_bytes(), b"_0x").take(200).count();
    if names >= 40 {
        let at = place(text, "_0x")?;
        return Some(
            Found::new("html.obfuscated_script")
                .at(at, 8)
                .excerpt(text.as_bytes().get(at..).unwrap_or_default()),
        );
    }
    let packed = place(lower, "eval(function(p,a,c,k,e,");
    // Counted is what speaks against it, because of ordinary text very little has to be read for that.
    let few = text.len().div_ceil(20);
    let noise = text.len() >= 400 && text.bytes().filter(|b| !b"[]()!+".contains(b)).take(few.saturating_add(1)).count() <= few;
    let at = packed.or(noise.then_some(0))?;
    let found = Found::new("html.obfuscated_script")
        .at(at, 24)
        .excerpt(text.as_bytes().get(at..).unwrap_or_default());
    // Packers were once used to save bytes; the six-character alphabet never was.
    Some(if noise {
        found.severity(Severity::High)
    } else {
        found.severity(Severity::Low)
    })
}

/// All places where a word stands.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    memchr::memmem::find_iter(text.as_bytes(), word.as_bytes())
}

/// Where a word stands first. Vectorised: texts are long, and these words are rare.
fn place(text: &str, word: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), word.as_bytes())
}

fn has(text: &str, word: &str) -> bool {
    place(text, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smuggling_needs_all_its_steps() {
        let page = "var b = atob(x); var f = new Blob([b]); a.href = URL.createObjectURL(f); a.download = 'x.zip'; a.click();";
        assert!(smuggles(page).is_some());
        assert!(smuggles("var b = atob(x);").is_none() && smuggles("new Blob([x]); URL.createObjectURL(y)").is_none());
    }

    #[test]
    fn a_json_document_that_quotes_code_is_no_page() {
        assert!(is_data(r#"{"desc": "<p>atob(x)</p>"}"#));
        assert!(!is_data("{ atob(x) }") && !is_data("<p>atob(x)</p>"));
    }

    #[test]
    fn single_words_say_nothing() {
        let both = |f: fn(&str, &str) -> Option<Found>, text: &str| f(text, &text.to_ascii_lowercase()).is_some();
        assert!(both(windows_objects, "var s = new ActiveXObject('WScript.Shell'); s.Run('marker')"));
        assert!(!both(windows_objects, "new ActiveXObject('Microsoft.XMLDOM')"));
        assert!(both(command_line, "powershell -enc AAAA") && !both(command_line, "PowerShell is a shell"));
        assert!(both(
            clickfix,
            "navigator.clipboard.writeText('powershell x'); press Win + R, then Ctrl + V"
        ));
        assert!(!both(clickfix, "navigator.clipboard.writeText('npm install'); press Ctrl+V"));
    }
}
