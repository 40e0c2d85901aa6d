//! What the tests of the front door share: running the real binary, and reading what it says.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The binary under test. `airlock-glass` lies beside it: a build of the workspace makes both.
pub fn airlock() -> Command {
    let exe = PathBuf::from(env!("CARGO_BIN_EXE_airlock"));
    let glass = exe.with_file_name("airlock-glass");
    assert!(glass.exists(), "{} is missing: build the whole workspace", glass.display());
    let mut command = Command::new(exe);
    for (key, _) in std::env::vars_os().filter(|(k, _)| k.to_string_lossy().starts_with("AIRLOCK_")) {
        command.env_remove(key);
    }
    command
}

/// Runs `airlock scan --json` and gives the status and one value a line.
pub fn scan(args: &[&str]) -> (i32, Vec<Value>) {
    let output = airlock().arg("scan").arg("--json").args(args).output().expect("airlock runs");
    (status(&output), lines(&output))
}

/// Exit status; a death by signal fails the test.
pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("killed by a signal: {output:?}"))
}

/// Standard output as one JSON value a line.
pub fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Ids of the findings of one result.
pub fn ids(result: &Value) -> Vec<String> {
    strings(&result["findings"], "id")
}

/// Rules that hit, by name.
pub fn rules(result: &Value) -> Vec<String> {
    strings(&result["findings"], "source")
        .iter()
        .filter_map(|s| Some(s.strip_prefix("rule:")?.split('@').next()?.to_owned()))
        .collect()
}

/// Kinds of all gaps.
pub fn gaps(result: &Value) -> Vec<String> {
    result["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|node| strings(&node["gaps"], "kind"))
        .collect()
}

fn strings(list: &Value, key: &str) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|f| f[key].as_str().map(str::to_owned))
        .collect()
}

/// Writes a file and gives its path as text.
pub fn put(dir: &Path, name: &str, bytes: &[u8]) -> String {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("below the folder")).expect("folder");
    std::fs::write(&path, bytes).expect("written");
    path.display().to_string()
}
