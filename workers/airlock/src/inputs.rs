//! What a scan is asked to look at: files, folders, links and standard input, in the order of the command line.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// One thing to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, with the text that names it in the results.
    File(PathBuf),
    /// A link.
    Url(String),
    /// Standard input.
    Stdin,
    /// Something that cannot be read, and why.
    Unreadable(String, String),
}

impl Input {
    /// How results name it.
    pub fn shown(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Url(url) => url.clone(),
            Input::Stdin => "-".to_owned(),
            Input::Unreadable(what, _) => what.clone(),
        }
    }
}

/// Expands the words of the command line. Folders are walked in sorted order, symbolic links in them are not followed;
/// what cannot be read is kept as such, so that it is reported in its place.
pub fn expand(words: &[OsString]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for word in words {
        match word.to_str() {
            Some("-") if inputs.contains(&Input::Stdin) => {
                let why = "standard input was named before, and can be read once";
                inputs.push(Input::Unreadable("-".to_owned(), why.to_owned()));
            }
            Some("-") => inputs.push(Input::Stdin),
            Some(link) if is_url(link) => inputs.push(Input::Url(link.to_owned())),
            _ => named(Path::new(word), &mut inputs),
        }
    }
    inputs
}

/// `scheme://…` is a link of whatever scheme: the fetcher says which it refuses. A Windows drive letter is no scheme.
fn is_url(word: &str) -> bool {
    word.split_once("://")
        .is_some_and(|(scheme, _)| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
}

fn named(path: &Path, inputs: &mut Vec<Input>) {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let before = inputs.len();
            folder(path, inputs);
            if inputs.len() == before {
                let name = airlock_proto::text::escape(&path.display().to_string());
                anstream::eprintln!("airlock: {name}: no file in this folder; symbolic links in it are not followed");
            }
        }
        Ok(_) => inputs.push(Input::File(path.to_path_buf())),
        Err(error) => inputs.push(unreadable(path, &error)),
    }
}

fn folder(path: &Path, inputs: &mut Vec<Input>) {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return inputs.push(unreadable(path, &error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => inputs.push(unreadable(path, &error)),
        }
    }
    paths.sort();
    for path in paths {
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => folder(&path, inputs),
            Ok(meta) if meta.is_file() => inputs.push(Input::File(path)),
            // Links, devices, pipes and sockets hold no bytes of their own.
            Ok(_) => {}
            Err(error) => inputs.push(unreadable(&path, &error)),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Input {
    Input::Unreadable(path.display().to_string(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        assert!(is_url("https://a.example/x") && is_url("gopher://x") && !is_url("C:\\x") && !is_url("a/b://c"));
        assert_eq!(expand(&["-".into()]), [Input::Stdin]);
        assert!(matches!(&expand(&["-".into(), "-".into()])[..], [Input::Stdin, Input::Unreadable(name, _)] if name == "-"));
        assert!(matches!(&expand(&["/nonexistent/x".into()])[..], [Input::Unreadable(p, _)] if p == "/nonexistent/x"));
    }

    #[test]
    fn a_folder_is_walked_in_order_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("b")).unwrap();
        for name in ["b/2", "a", "c"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let found = expand(&[dir.path().as_os_str().to_owned()]);
        let names: Vec<String> = found
            .iter()
            .map(|i| i.shown().rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(names, ["a", "2", "c"]);
    }
}
