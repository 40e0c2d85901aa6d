//! The ground truth of a corpus: one line of `files.jsonl` a file, and which formats this project claims to open.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::report::{array, text};

/// SHA-256 of no bytes: links and folders have it too, so it proves nothing.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What is known of one file.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Path below the corpus folder.
    pub path: String,
    /// Format, as the manifest calls it.
    pub format: String,
    /// SHA-256 and name of each member that an independent tool gives, without empty ones.
    pub members: Vec<(String, String)>,
    /// The password that opens it.
    pub password: Option<String>,
    /// An ordinary file that nobody calls bad.
    pub benign: bool,
    /// It holds EICAR somewhere.
    pub eicar: bool,
    /// Facts that oletools or pikepdf report: `macro`, `auto_exec`, `pdf_js`.
    pub facts: Vec<&'static str>,
}

/// Reads `files.jsonl`.
///
/// # Errors
/// When it cannot be read, or a line is no JSON object with a path.
pub fn read(folder: &Path) -> io::Result<Vec<Expect>> {
    let text = std::fs::read_to_string(folder.join("files.jsonl"))?;
    let parse = |(number, line): (usize, &str)| {
        entry(line).ok_or_else(|| io::Error::other(format!("files.jsonl:{}: no JSON object with a path", number + 1)))
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(parse)
        .collect()
}

fn entry(line: &str) -> Option<Expect> {
    let value: Value = serde_json::from_str(line).ok()?;
    let none = Value::Null;
    let expect = value.get("expect").unwrap_or(&none);
    let yes = |key: &str| expect.get(key).and_then(Value::as_bool).unwrap_or(false);
    let mut members: BTreeSet<(String, String)> = BTreeSet::new();
    let extracted = expect.get("extracted").unwrap_or(&none);
    let lists = [
        (array(expect, "members"), "sha256", "name"),
        (array(extracted, "members"), "h", "n"),
        (array(expect, "attachments"), "h", "n"),
    ];
    for (list, hash, name) in lists {
        for member in list {
            let hash = text(member, hash);
            if hash.len() == 64 && hash != OF_NOTHING {
                members.insert((hash.to_owned(), text(member, name).to_owned()));
            }
        }
    }
    let mut facts = Vec::new();
    if expect.get("macro").is_some_and(|v| !v.is_null()) {
        facts.push("macro");
    }
    if !array(expect, "auto_exec").is_empty() {
        facts.push("auto_exec");
    }
    if !array(expect, "pdf_js").is_empty() {
        facts.push("pdf_js");
    }
    Some(Expect {
        path: value.get("path")?.as_str()?.to_owned(),
        format: text(&value, "format").to_owned(),
        members: members.into_iter().collect(),
        password: expect.get("password").and_then(Value::as_str).map(str::to_owned),
        benign: yes("assumed_benign") || yes("clean"),
        eicar: text(expect, "detect") == "EICAR",
        facts,
    })
}

/// The row of the table that a format counts in, for the formats that this project opens; `None` for those it only names.
pub fn delivered(format: &str) -> Option<&'static str> {
    Some(match format {
        "zip" | "zip_fragment" => "zip",
        "docx" | "docm" | "xlsx" | "xlsm" | "xlsb" | "pptx" | "pptm" => "ooxml",
        "odt" | "ods" | "odp" | "epub" => "odf",
        "gz" => "gz",
        "bz2" => "bz2",
        "xz" => "xz",
        "lzma" => "lzma",
        "lz" => "lz",
        "tar" | "tar.gz" | "tar.bz2" | "tar.xz" => "tar",
        "rar" | "rar5" | "rar14" => "rar",
        "lzh" | "lzh(pma)" => "lzh",
        // An Office file in an OLE shell is an encrypted one; it is opened with its password or a gap.
        "ole:doc" | "ole:xls" | "ole:ppt" | "xls" | "doc" | "ppt" => "ole",
        "rtf" => "rtf",
        "pdf" => "pdf",
        "html" | "htm" | "hta" => "html",
        "svg" => "svg",
        "txt" | "csv" | "css" | "ini" | "tex" | "toml" | "makefile" | "twig" | "ignorefile" | "pem" | "vba" | "yar" | "bat" | "url" => {
            "txt"
        }
        "js" => "js",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_from_all_three_lists_once_and_without_empty_ones() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let line = format!(
            r#"{{"path":"x.zip","format":"zip","expect":{{"members":[{{"name":"n","sha256":"{a}"}},"word",{{"crc":"1"}}],
            "extracted":{{"members":[{{"n":"n","h":"{a}"}},{{"n":"l","link":"/x"}},{{"n":"e","h":"{OF_NOTHING}"}}]}},
            "attachments":[{{"n":"t","h":"{b}"}}],"clean":true,"password":"","detect":"EICAR","auto_exec":[],"macro":"vba"}}}}"#
        )
        .replace('\n', "");
        let got = entry(&line).unwrap();
        assert_eq!(got.members.iter().map(|(h, _)| h.clone()).collect::<Vec<_>>(), [a, b]);
        assert!(got.benign && got.eicar && got.password.as_deref() == Some(""));
        assert_eq!(got.facts, ["macro"]);
    }

    #[test]
    fn a_line_without_a_path_is_refused() {
        assert!(entry("{}").is_none() && entry("[]").is_none());
        assert_eq!(
            (delivered("rar14"), delivered("7z"), delivered("ole:docx")),
            (Some("rar"), None, None)
        );
    }
}
