//! ClickFix: a page that copies a command and asks the reader to paste it into a window that runs it (MITRE ATT&CK T1204.004).

use super::smuggling::LIBRARY;
use super::{has, place, places};
use crate::sink::Found;

const COPIES: &[&str] = &[
    "clipboard.writetext",
    "clipboard.write(",
    "execcommand('copy')",
    "execcommand(\"copy\")",
    "clipboarddata.setdata",
];
const COMMANDS: &[&str] = &[
    "powershell",
    "mshta",
    "cmd /c",
    "cmd.exe",
    "msiexec",
    "bash -c",
    "wscript",
    "rundll32",
    "iex(",
    "invoke-expression",
];
/// Every page about a server says it.
const OFTEN: &str = "curl ";
/// The window that runs a command.
const WINDOW: &[&str] = &[
    "win + r",
    "win+r",
    "windows + r",
    "windows+r",
    "windows key + r",
    "windows logo key",
    "⊞ + r",
];
const PASTE: &[&str] = &["ctrl + v", "ctrl+v", "strg + v", "strg+v"];
/// A person is to prove to be one.
const HUMAN: &[&str] = &["captcha", "human", "robot", "not a bot"];
/// How near a command stands to the keys in a long text, or behind the call that copies it, in bytes.
const NEAR: usize = 4096;
const ARGUMENT: usize = 256;

pub(super) fn look(text: &str, lower: &str) -> Option<Found> {
    let at = COPIES.iter().find_map(|w| place(lower, w))?;
    let asks = asks_for_command(lower) || (copies_command(lower) && asks_person(lower));
    asks.then(|| {
        Found::new("html.clickfix")
            .at(at, 20)
            .excerpt(text.as_bytes().get(at..).unwrap_or_default())
    })
}

fn any(lower: &str, words: &[&str]) -> bool {
    words.iter().any(|word| has(lower, word))
}

fn asks_person(lower: &str) -> bool {
    any(lower, WINDOW) || any(lower, PASTE) || has(lower, "captcha") || (has(lower, "verif") && any(lower, HUMAN))
}

fn asks_for_command(lower: &str) -> bool {
    if lower.len() > LIBRARY {
        // Libraries of scripts hold all these words, far from one another.
        let commands = all(lower, COMMANDS.iter().copied());
        let keys = WINDOW.iter().chain(PASTE).flat_map(|keys| places(lower, keys));
        return keys.into_iter().any(|at| is_near(&commands, at));
    }
    let often = has(lower, OFTEN) && (any(lower, WINDOW) || (has(lower, "verif") && any(lower, HUMAN)));
    (any(lower, COMMANDS) && asks_person(lower)) || often
}

/// Whether the command stands in the call that copies it, or is decoded there.
fn copies_command(lower: &str) -> bool {
    let calls = COPIES.iter().flat_map(|call| places(lower, call));
    calls.into_iter().any(|at| {
        let rest = lower.get(at..).unwrap_or_default();
        let near = rest.get(..rest.floor_char_boundary(ARGUMENT)).unwrap_or_default();
        let argument = near.split([';', '\n']).next().unwrap_or_default();
        any(argument, COMMANDS) || any(argument, &["atob(", "fromcharcode"])
    })
}

/// All places of the words, in order.
fn all<'t>(lower: &'t str, words: impl Iterator<Item = &'t str>) -> Vec<usize> {
    let mut found: Vec<usize> = words.flat_map(|word| places(lower, word)).collect();
    found.sort_unstable();
    found
}

fn is_near(sorted: &[usize], at: usize) -> bool {
    let next = sorted.partition_point(|place| *place < at.saturating_sub(NEAR));
    sorted.get(next).is_some_and(|place| *place <= at.saturating_add(NEAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> bool {
        look(text, &text.to_ascii_lowercase()).is_some()
    }

    #[test]
    fn a_copied_command_and_a_window_to_paste_it_into() {
        assert!(told("navigator.clipboard.writeText('powershell x'); press Win + R, then Ctrl + V"));
        assert!(told(
            "navigator.clipboard.writeText(atob('cG93')); Verify that you are human: press the Windows logo key and R"
        ));
        assert!(told("clipboard.write([new ClipboardItem(x)]); x = 'mshta y'; solve the captcha"));
    }

    #[test]
    fn instructions_to_install_are_none() {
        assert!(!told("navigator.clipboard.writeText('npm install'); press Ctrl+V"));
        assert!(!told(
            "navigator.clipboard.writeText(code); run curl -LO https://example.com/x and verify its signature"
        ));
    }

    #[test]
    fn in_a_long_page_the_command_stands_near_or_in_the_call() {
        let padding = "x".repeat(LIBRARY);
        assert!(!told(&format!("clipboard.writeText(t); powershell {padding} Ctrl+V")));
        assert!(told(&format!("clipboard.writeText(t); {padding} powershell, Ctrl+V")));
        assert!(told(&format!("Verify you are human {padding} clipboard.writeText('powershell x')")));
    }
}
