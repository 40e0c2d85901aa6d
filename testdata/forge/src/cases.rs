//! The rules' own cases, `rules/tests/RULE/cases.toml`, as files: what a rule must hit, and what only looks like it.

use std::path::Path;

use base64::Engine as _;
use serde::Deserialize;

use crate::{streams, tarball, web, zip};

/// The cases of one rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// What it must hit.
    pub positive: Vec<Case>,
    /// What it must not hit.
    pub negative: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    name: String,
    #[serde(default)]
    wrap: Vec<String>,
    text: Option<String>,
    hex: Option<String>,
    base64: Option<String>,
    rot13: Option<String>,
    #[serde(default = "one")]
    repeat: usize,
}

fn one() -> usize {
    1
}

/// Reads a `cases.toml`.
///
/// # Errors
/// What is wrong with it, and with which file.
pub fn read(path: &Path) -> Result<Cases, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| told(&e))?;
    toml::from_str(&text).map_err(|e| told(&e))
}

impl Case {
    /// Name and bytes before anything is wrapped around them.
    ///
    /// # Errors
    /// When the bytes are given in no form, in several, or in one that cannot be read.
    pub fn bare(&self) -> Result<(String, Vec<u8>), String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", self.name);
        let digits = |text: &str| text.split_whitespace().collect::<String>();
        let plain = match (&self.text, &self.hex, &self.base64, &self.rot13) {
            (Some(text), None, None, None) => text.clone().into_bytes(),
            (None, Some(hex), None, None) => data_encoding::HEXLOWER_PERMISSIVE
                .decode(digits(hex).as_bytes())
                .map_err(|e| told(&e))?,
            (None, None, Some(text), None) => base64::engine::general_purpose::STANDARD
                .decode(digits(text))
                .map_err(|e| told(&e))?,
            (None, None, None, Some(text)) => text.chars().map(rot13).collect::<String>().into_bytes(),
            _ => return Err(told(&"exactly one of text, hex, base64, rot13")),
        };
        Ok((self.name.clone(), plain.repeat(self.repeat)))
    }

    /// Name and bytes after all wrapping.
    ///
    /// # Errors
    /// As [`Case::bare`], and for a wrapping that nobody knows.
    pub fn file(&self) -> Result<(String, Vec<u8>), String> {
        let (mut name, mut bytes) = self.bare()?;
        for wrap in &self.wrap {
            let (suffix, wrapped) = match wrap.as_str() {
                "zip" => (".zip", zip::simple(&[(&name, &bytes)])),
                "tar" => (".tar", tarball::simple(&[(&name, &bytes)])),
                "gzip" => (".gz", streams::gzip(&name, &bytes)),
                "xz" => (".xz", streams::xz(&bytes)),
                "bzip2" => (".bz2", streams::bzip2(&bytes)),
                "base64-html" => (".html", web::smuggling(&name, &bytes)),
                "utf16le" => (
                    "",
                    String::from_utf8_lossy(&bytes).encode_utf16().flat_map(u16::to_le_bytes).collect(),
                ),
                other => return Err(format!("{name}: unknown wrap {other}")),
            };
            name.push_str(suffix);
            bytes = wrapped;
        }
        Ok((name, bytes))
    }
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        c => c,
    }
}
