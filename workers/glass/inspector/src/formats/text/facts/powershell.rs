//! PowerShell that fetches and runs, or hides its command in base64 (MITRE ATT&CK T1059.001).

use airlock_proto::Severity;

use super::{has, place, places};
use crate::sink::Found;

const FETCH: &[&str] = &["iwr", "irm", "invoke-webrequest", "invoke-restmethod"];
/// How far a command reaches on its line, in bytes.
const LINE: usize = 600;
/// How near what fetches stands to what runs it.
const NEAR: usize = 200;

pub(super) fn look(text: &str, lower: &str) -> Option<Found> {
    let shell = fetched_and_run(lower)
        .or_else(|| place(lower, "powershell"))
        .or_else(|| place(lower, "pwsh"))?;
    // A command stands on its line; the rest of a page that mentions PowerShell is about something else.
    let near = lower
        .get(shell..lower.floor_char_boundary(shell.saturating_add(LINE)))
        .unwrap_or_default();
    let any = |texts: &[&str]| texts.iter().any(|w| has(near, w));
    let encoded = any(&["-enc ", "-encodedcommand", "-e jab", "-ec ", "frombase64string"]);
    let fetches =
        any(&["downloadstring", "downloadfile", "start-bitstransfer", "net.webclient"]) || FETCH.iter().any(|word| calls(near, word));
    let runs = any(&["invoke-expression", "start-process", "-enc", "reflection.assembly"]) || is_run(near);
    (encoded || (fetches && runs)).then(|| {
        let found = Found::new("ps1.encoded_command")
            .at(shell, 10)
            .excerpt(text.as_bytes().get(shell..).unwrap_or_default());
        // Instructions to install say what a person may type.
        if !encoded && is_prose(text) {
            found
                .severity(Severity::Low)
                .summary("The text tells a command of PowerShell that fetches and runs a script.")
        } else {
            found
        }
    })
}

/// A script of PowerShell, which needs not name itself: where a line runs what it fetches in the same breath.
fn fetched_and_run(lower: &str) -> Option<usize> {
    if lower.trim_start().starts_with('<') {
        return None;
    }
    let fetches = |at: &usize| {
        let near = around(lower, *at);
        has(near, "downloadstring(") || (has(near, "://") && FETCH.iter().any(|word| calls(near, word)))
    };
    let runs = ["iex", "invoke-expression"].into_iter().flat_map(|word| words(lower, word));
    let at = runs.into_iter().find(fetches)?;
    Some(lower.floor_char_boundary(at.saturating_sub(NEAR)))
}

/// A command with an argument.
fn calls(text: &str, word: &str) -> bool {
    words(text, word).any(|at| text.as_bytes().get(at.saturating_add(word.len())) == Some(&b' '))
}

/// `iex`, and not the shell of Elixir (`iex -S mix`).
fn is_run(text: &str) -> bool {
    words(text, "iex").any(|at| !text.get(at.saturating_add(3)..).unwrap_or_default().trim_start().starts_with("-s "))
}

fn around(text: &str, at: usize) -> &str {
    let from = text.floor_char_boundary(at.saturating_sub(NEAR));
    text.get(from..text.floor_char_boundary(at.saturating_add(NEAR)))
        .unwrap_or_default()
}

/// All places where a word stands that is no part of a longer one.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    places(text, word).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        !is_part(before) && !is_part(text.as_bytes().get(at.saturating_add(word.len())))
    })
}

/// True for a text that people read: a third of its lines are sentences, five at least. What a script of PowerShell does not run
/// (comments in blocks, literals of several lines) does not count.
fn is_prose(text: &str) -> bool {
    if ["<#", "@'", "@\""].iter().any(|block| has(text, block)) {
        return false;
    }
    let (mut lines, mut sentences) = (0_usize, 0_usize);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines = lines.saturating_add(1);
        sentences = sentences.saturating_add(usize::from(is_sentence(line)));
    }
    sentences >= 5 && sentences.saturating_mul(3) >= lines
}

/// Six words or more, with nothing in it that comments and code have.
fn is_sentence(line: &str) -> bool {
    let comment = ["#", "//", "::", "rem ", "REM ", "'"].iter().any(|mark| line.starts_with(mark));
    let code = line.contains(['$', '{', '}', ';', '|', '=', '\\']);
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    !comment && !code && line.split_whitespace().filter(is_word).count() >= 6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Option<Severity>> {
        look(text, &text.to_ascii_lowercase()).map(|found| found.severity)
    }

    #[test]
    fn commands_and_not_words_like_them() {
        assert_eq!(told("powershell -enc AAAA"), Some(None));
        assert_eq!(told("irm https://x.example/a.ps1 | iex"), Some(None));
        assert_eq!(told("iex (iwr 'https://x.example/a')"), Some(None));
        for text in [
            "PowerShell is a shell",
            "Open PowerShell and confirm that iexplore.exe is closed",
            "Run iex -S mix and confirm that http://localhost:4000 answers",
            "Öffnen Sie PowerShell, und der Bildschirm zeigt iexplore",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn instructions_are_no_script() {
        let prose = "This is how the tool is installed on a machine of yours.\n".repeat(6);
        let line = "powershell -c \"irm https://x.example/install.ps1 | iex\"\n";
        assert_eq!(told(&format!("{prose}{line}{prose}")), Some(Some(Severity::Low)));
        assert_eq!(told(&format!("<#\n{prose}#>\n{line}")), Some(None));
        let comments = prose.replace("This", "# This");
        assert_eq!(told(&format!("{comments}{line}")), Some(None));
        assert_eq!(told(&format!("{prose}powershell -enc AAAA\n{prose}")), Some(None));
    }
}
