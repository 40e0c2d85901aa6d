//! What the words of a text give away: smuggling, instructions to run a command, Windows scripting objects, obfuscation.
//!
//! Everything here needs several words together; a word alone says nothing (DETECTIONS: base rates on ordinary pages).

use crate::sink::{Found, Sink};

/// How much of a text is looked at (16 MiB); the rules look at all of it.
const MAX_LOOKED: usize = 16 * 1024 * 1024;

/// Looks at one text.
pub fn look(text: &str, sink: &mut Sink<'_, '_>) {
    let mut end = MAX_LOOKED.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let text = text.get(..end).unwrap_or_default();
    let lower = text.to_ascii_lowercase();
    for check in [clickfix, windows_objects, command_line, obfuscated] {
        if let Some(found) = check(text, &lower) {
            sink.finding(found);
        }
    }
}

/// After the payloads of a page are through: does the page hand one of them out? `acts` when a browser has something to run in it: the
/// scripts that do not stand in the text as they are.
pub fn conclude(text: &str, acts: Option<&str>, sink: &mut Sink<'_, '_>) {
    let plain = smuggles(text)
        .filter(|_| acts.is_some() || !is_data(text))
        .map(|found| (found, text));
    let Some(((at, word), text)) = plain.or_else(|| acts.and_then(|hidden| Some((smuggles(hidden)?, hidden)))) else {
        return;
    };
    let excerpt = text.as_bytes().get(at..).unwrap_or_default();
    sink.finding(Found::new("html.smuggling_js").at(at, word).excerpt(excerpt));
    let carried = sink.children().iter().find(|child| {
        matches!(child.layer, "base64" | "data-url" | "hex" | "js-folded" | "bytes" | "xor")
            && child.format.is_some_and(|f| {
                crate::labels::covers("archive", f)
                    || crate::labels::covers("exe", f)
                    || matches!(f, "lnk" | "html" | "hta" | "js" | "vbs" | "pdf")
                    || (crate::labels::covers("office", f))
            })
    });
    if let Some(child) = carried.map(|c| c.format.unwrap_or_default()) {
        let sentence = format!("The file that the page builds by script is a {child} file.");
        sink.finding(Found::new("html.smuggling_payload").at(at, word).excerpt(excerpt).summary(sentence));
    }
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
    let command = COMMANDS.iter().any(|w| has(lower, w));
    let keys = KEYS.iter().any(|w| has(lower, w));
    let at = copies?;
    (command && (keys || has(lower, "verif") || has(lower, "captcha"))).then(|| {
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
    let shell = place(lower, "powershell").or_else(|| place(lower, "pwsh"))?;
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
        "start-bitstransfer",
        "net.webclient",
    ]
    .iter()
    .any(|w| has(near, w));
    let runs = ["iex", "invoke-expression", "start-process", "-enc", "| iex", "reflection.assembly"]
        .iter()
        .any(|w| has(near, w));
    (encoded || (fetches && runs)).then(|| {
        Found::new("ps1.encoded_command")
            .at(shell, 10)
            .excerpt(text.as_bytes().get(shell..).unwrap_or_default())
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
        found.severity(airlock_proto::Severity::High)
    } else {
        found.severity(airlock_proto::Severity::Low)
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
