//! RAR archives read by `unrar` itself, to be held against our reader. The C++ library runs in a process of its own.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::Outcome;

/// Members of an archive by SHA-256 and name, as unrar gives them, without empty ones; `None` when it opens nothing.
///
/// # Errors
/// When this binary cannot be started again.
pub fn members(path: &Path, password: Option<&str>) -> io::Result<Vec<(String, String)>> {
    let output = Command::new(std::env::current_exe()?)
        .arg("unrar")
        .arg(path)
        .args(password)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let pair = |line: &str| line.split_once('\t').map(|(hash, name)| (hash.to_owned(), name.to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

/// Whether the bytes begin a RAR archive of any version (`Rar!` or, before 1.5, `RE~^`).
pub fn is_rar(bytes: &[u8]) -> bool {
    bytes.starts_with(b"Rar!\x1a\x07") || bytes.starts_with(b"RE~^")
}

/// `airlock-proof unrar FILE [PASSWORD]`: prints hash and name of each member that comes out whole.
pub fn print_members(words: &[String]) -> Outcome {
    let Some(path) = words.first() else {
        return Err("unrar takes a file".into());
    };
    let archive = match words.get(1) {
        Some(password) => unrar::Archive::with_password(path, password),
        None => unrar::Archive::new(path),
    };
    let mut open = archive.open_for_processing()?;
    while let Some(header) = open.read_header()? {
        let name = header.entry().filename.display().to_string();
        if !header.entry().is_file() {
            open = header.skip()?;
            continue;
        }
        let (bytes, rest) = header.read()?;
        if !bytes.is_empty() {
            println!(
                "{}\t{}",
                data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)),
                name.escape_debug()
            );
        }
        open = rest;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signatures_are_known() {
        assert!(is_rar(b"Rar!\x1a\x07\x01\x00") && is_rar(b"RE~^x") && !is_rar(b"Rar?"));
    }
}
