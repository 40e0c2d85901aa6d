//! What kind of text it is: by content where that can be told, by the name where only the name tells. Nothing but the label depends on it.

mod carriers;

use crate::input::Input;

/// How much of a text is looked at.
const HEAD: usize = 4096;
/// Where the first element of a page stands that does not begin with one.
const EARLY: usize = 1024;

/// The label of a text node.
pub fn of(input: &Input<'_>) -> &'static str {
    match input.layer {
        "script" | "pdf-js" | "js-folded" => return "js",
        "vba" => return "vba",
        _ => {}
    }
    let text = match super::charset::from_wide(input.bytes.get(..HEAD).unwrap_or(input.bytes)) {
        Some(text) => text,
        None => String::from_utf8_lossy(input.bytes.get(..HEAD).unwrap_or(input.bytes)).into_owned(),
    };
    by_content(&text, input).or_else(|| by_name(&input.extension())).unwrap_or("txt")
}

/// Text formats that are containers: told by content alone.
pub fn container(input: &Input<'_>) -> Option<&'static str> {
    carriers::find(input)
}

fn by_content(text: &str, input: &Input<'_>) -> Option<&'static str> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower = start.to_ascii_lowercase();
    if let Some(found) = container(input) {
        return Some(found);
    }
    if lower.contains("<hta:application") {
        return Some("hta");
    }
    if start.starts_with("Attribute VB_Name") {
        return Some("vba");
    }
    if lower.starts_with("[internetshortcut]") || lower.contains("\n[internetshortcut]") {
        return Some("url");
    }
    if start.starts_with("Windows Registry Editor") || start.starts_with("REGEDIT4") {
        return Some("reg");
    }
    if start.starts_with("<?php") {
        return Some("php");
    }
    let xml = lower.starts_with("<?xml") || lower.starts_with("<!--");
    if lower.starts_with("<svg") || (xml && lower.contains("<svg")) || lower.starts_with("<!doctype svg") {
        return Some("svg");
    }
    // Markup at the start; or near it, when what stands before is no source code that holds markup in its literals.
    let marked = |within| super::html::is_marked(text, within);
    if (lower.starts_with('<') && marked(HEAD)) || (marked(EARLY) && !is_source(&lower)) {
        return Some("html");
    }
    if xml {
        return Some("xml");
    }
    start.starts_with("ID;P").then_some("slk")
}

/// Begins as programs, patches and data do, and no page. Only the label depends on it: such text is looked through for markup all the same.
fn is_source(lower: &str) -> bool {
    const STARTS: &[&str] = &[
        "#",
        "//",
        "/*",
        "import ",
        "from ",
        "package ",
        "use ",
        "using ",
        "module ",
        "namespace ",
        "def ",
        "class ",
        "function ",
        "var ",
        "let ",
        "const ",
        "export ",
        "public ",
        "private ",
        "static ",
        "\"use strict\"",
        "'use strict'",
        "\"\"\"",
        "'''",
        "diff ",
        "--- ",
        "index: ",
        "{",
        "[",
        "(function",
        "@echo",
        "rem ",
        "--",
    ];
    STARTS.iter().any(|start| lower.starts_with(start))
}

fn by_name(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "js" | "jse" | "mjs" | "cjs" => "js",
        "vbs" | "vbe" => "vbs",
        "ps1" | "psm1" | "psd1" => "ps1",
        "bat" | "cmd" => "bat",
        "wsf" | "wsh" | "wsc" | "sct" => "wsf",
        "bas" | "cls" | "frm" | "vba" => "vba",
        "hta" => "hta",
        "html" | "htm" | "xhtml" | "shtml" => "html",
        "svg" => "svg",
        "css" => "css",
        "csv" | "tsv" => "csv",
        "json" => "json",
        "xml" => "xml",
        "url" | "website" => "url",
        "iqy" | "oqy" | "rqy" => "iqy",
        "slk" => "slk",
        "rdp" => "rdp",
        "reg" => "reg",
        "ini" | "inf" => "ini",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, text: &str) -> &'static str {
        of(&Input {
            name,
            ..Input::bare(text.as_bytes())
        })
    }

    #[test]
    fn content_comes_before_the_name() {
        assert_eq!(named("a.txt", "<!DOCTYPE html><html></html>"), "html");
        assert_eq!(named("a.bin", "<svg xmlns='x'></svg>"), "svg");
        assert_eq!(named("a.js", "var x = 1;"), "js");
        assert_eq!(named("a.bin", "Hello <b>you</b> <script>x()</script>"), "html");
        assert_eq!(
            named("a.bin", "import os\nopen('x').write('<svg><script>x()</script></svg>')"),
            "txt"
        );
        assert_eq!(named("a.patch", "--- a\n+++ b\n-<html>\n"), "txt");
        assert_eq!(named("a.bin", "var x = 1;"), "txt");
        assert_eq!(named("a", "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\nhi"), "eml");
        assert_eq!(named("a", "Note: this\nis: no mail"), "txt");
        assert_eq!(named("a", "begin 644 x\n#0V%T\n`\nend\n"), "uue");
    }
}
