//! The rules that a scan runs: the pack that is built in, or the operator's own folders, and the id of either.

use std::path::{Path, PathBuf};

use airlock_proto::frame::RuleSource;
use sha2::{Digest, Sha256};

static PACK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// Most bytes of one rule file (4 MiB).
const MAX_RULE_BYTES: u64 = 4 * 1024 * 1024;

/// Sources of a pack and its id.
pub struct Pack {
    /// The files, sorted by path.
    pub sources: Vec<RuleSource>,
    /// SHA-256 over paths and texts, in hexadecimal: the same rules have the same id everywhere.
    pub id: String,
}

/// Why a rule folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder or file cannot be read.
    #[error("cannot read the rules {}: {source}; name a readable folder with --rules", path.display())]
    Unreadable {
        /// What was named.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no rule in it.
    #[error("no *.yar or *.yara file below {}; name the folder that holds the rules", .0.display())]
    Empty(PathBuf),
}

/// The built-in pack, or what lies in `dirs` when there are any.
pub fn load(dirs: &[PathBuf]) -> Result<Pack, PackError> {
    let mut sources = Vec::new();
    if dirs.is_empty() {
        sources.extend(PACK.iter().map(|(path, text)| RuleSource {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
            builtin: true,
        }));
    }
    for dir in dirs {
        let mut files = Vec::new();
        collect(dir, &mut files, true).map_err(|source| PackError::Unreadable { path: dir.clone(), source })?;
        if files.is_empty() {
            return Err(PackError::Empty(dir.clone()));
        }
        files.sort();
        for file in files {
            let text = read(&file).map_err(|source| PackError::Unreadable {
                path: file.clone(),
                source,
            })?;
            let short = file.strip_prefix(dir).ok().filter(|p| !p.as_os_str().is_empty()).unwrap_or(&file);
            sources.push(RuleSource {
                path: short.display().to_string(),
                text,
                builtin: false,
            });
        }
    }
    Ok(Pack {
        id: id_of(&sources),
        sources,
    })
}

fn collect(path: &Path, files: &mut Vec<PathBuf>, named: bool) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files, false)?;
        }
    } else if named || path.extension().is_some_and(|e| e == "yar" || e == "yara") {
        // A pipe in a folder is never opened: to read it could wait for ever. One that is named is meant.
        if !std::fs::metadata(path)?.is_file() && !named {
            let why = format!("{} is no regular file; take it out of the folder", path.display());
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
        }
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// A file that is not UTF-8 or too long is handed on as a broken one, so that it is named like any other.
fn read(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > MAX_RULE_BYTES {
        return Ok("this file is longer than 4 MiB".to_owned());
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

fn id_of(sources: &[RuleSource]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [&source.path, &source.text] {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_depends_on_every_byte_and_its_place() {
        let source = |path: &str, text: &str| RuleSource {
            path: path.into(),
            text: text.into(),
            builtin: true,
        };
        assert_ne!(id_of(&[source("a", "bc")]), id_of(&[source("ab", "c")]));
        assert_eq!(id_of(&[source("a", "bc")]), id_of(&[source("a", "bc")]));
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = load(&["/nonexistent/rules".into()])
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(error.contains("/nonexistent/rules"), "{error}");
    }

    #[test]
    fn a_pipe_among_the_rules_is_named_and_never_opened() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.yar"), "rule a { condition: false }").unwrap();
        assert_eq!(load(&[dir.path().to_path_buf()]).unwrap().sources.len(), 1);
        mknodat(CWD, dir.path().join("b.yar"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = load(&[dir.path().to_path_buf()]).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("b.yar is no regular file"), "{error}");
    }
}
