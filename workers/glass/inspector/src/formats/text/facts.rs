//! What the words of a text give away: smuggling, instructions to run a command, Windows scripting objects, obfuscation.
//!
//! Everything here needs several words together; a word alone says nothing (DETECTIONS: base rates on ordinary pages).

mod clickfix;
mod powershell;
mod smuggling;

use std::collections::HashSet;

use airlock_proto::Severity;

pub use self::smuggling::{Acts, conclude};
use crate::sink::{Found, Sink};

/// How much of a text is looked at in one piece, and how much of it once more with the next.
const PIECE: usize = 16 * 1024 * 1024;
const OVERLAP: usize = 64 * 1024;

/// Looks at one text.
pub fn look(text: &str, sink: &mut Sink<'_, '_>) {
    let mut told = HashSet::new();
    let mut from = 0_usize;
    while let Some(rest) = text.get(from..).filter(|rest| from == 0 || rest.len() > OVERLAP) {
        let piece = rest.get(..rest.floor_char_boundary(PIECE)).unwrap_or_default();
        let lower = piece.to_ascii_lowercase();
        for check in [clickfix::look, windows_objects, powershell::look, obfuscated] {
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
    let elsewhere = [
        "require('",
        "require(\"",
        "module.exports =",
        "module.exports=",
        "module.exports.",
        "document.getelementbyid(",
    ];
    if elsewhere.iter().any(|word| stands_in_code(lower, word)) {
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

/// Whether a word stands on a line that is no comment, outside of `/* … */` on that line or begun on one before it.
fn stands_in_code(text: &str, word: &str) -> bool {
    let is_code = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let open = before
            .rfind("/*")
            .is_some_and(|open| before.get(open..).is_some_and(|body| !has(body, "*/")));
        !open && !line.contains("//") && !line.trim_start().starts_with(['*', '\''])
    };
    // A word that is everywhere is no trick: the first few tell.
    places(text, word).take(16).any(is_code)
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
    fn single_words_say_nothing() {
        let both = |f: fn(&str, &str) -> Option<Found>, text: &str| f(text, &text.to_ascii_lowercase()).is_some();
        assert!(both(windows_objects, "var s = new ActiveXObject('WScript.Shell'); s.Run('marker')"));
        assert!(!both(windows_objects, "new ActiveXObject('Microsoft.XMLDOM')"));
        let module = "const x = require('x'); new ActiveXObject('WScript.Shell').Run('marker')";
        assert!(!both(windows_objects, module));
        for hidden in [
            "// require('x')\n",
            "/* a\n require('x') */",
            "// require(\n",
            "x = 1; // module.exports =\n",
        ] {
            let script = format!("{hidden}new ActiveXObject('WScript.Shell').Run('marker')");
            assert!(both(windows_objects, &script), "{hidden}");
        }
    }
}
