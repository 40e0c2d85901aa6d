//! Running the built `airlock scan --json` over many files, and its lines by input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A binary that was built beside this one.
///
/// # Errors
/// When it is not there, with how to build it.
pub fn beside(name: &str) -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().unwrap_or(Path::new("."));
    for path in [folder.join(name), folder.join("examples").join(name)] {
        if path.is_file() {
            return Ok(path);
        }
    }
    Err(io::Error::other(format!(
        "{name} is not built beside {}; run `make build`",
        here.display()
    )))
}

/// One run of `airlock scan --json`.
pub struct Run {
    /// The line of each input, as printed, by the text that named it.
    pub lines: BTreeMap<String, String>,
    /// Exit status of the process; `None` when a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard error.
    pub said: String,
}

/// Scans the inputs in the order given.
///
/// # Errors
/// When the process cannot be started.
pub fn scan(options: &[&str], inputs: &[OsString]) -> io::Result<Run> {
    let output = Command::new(beside("airlock")?)
        .args(["scan", "--json"])
        .args(options)
        .arg("--")
        .args(inputs)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Run {
        lines: text.lines().filter_map(|line| Some((named(line)?, line.to_owned()))).collect(),
        status: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Scans groups of files, each with its own password, in one order or the other.
///
/// # Errors
/// When the process cannot be started, or a run ends without a status.
pub fn scan_groups(groups: &BTreeMap<String, Vec<PathBuf>>, jobs: usize, backwards: bool) -> io::Result<BTreeMap<String, String>> {
    let jobs = jobs.to_string();
    let mut lines = BTreeMap::new();
    for (password, paths) in groups {
        let mut options = vec!["--jobs", &jobs];
        if !password.is_empty() {
            options.extend(["--password", password]);
        }
        let mut inputs: Vec<OsString> = paths.iter().map(|p| p.as_os_str().to_owned()).collect();
        if backwards {
            inputs.reverse();
        }
        let run = scan(&options, &inputs)?;
        if run.lines.len() < inputs.len() {
            let tail: String = run.said.lines().rev().take(3).collect::<Vec<_>>().join(" / ");
            eprintln!(
                "scan of {} files gave {} lines and status {:?}: {tail}",
                inputs.len(),
                run.lines.len(),
                run.status
            );
        }
        lines.extend(run.lines);
    }
    Ok(lines)
}

fn named(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(value.get("input")?.as_str()?.to_owned())
}
