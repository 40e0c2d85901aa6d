//! Every rule of the pack against its own cases, through the real walk: it hits what it must and nothing that only looks like it.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use airlock_forge::cases;
use common::{put, rules, scan};

/// Severity of each rule, and its status, read from the sources.
fn pack() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("static"), root().join("decoded")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("text");
            let mut name = String::new();
            let mut severity = String::new();
            for line in text.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("rule ") {
                    name = rest.split([' ', ':', '{']).next().unwrap_or_default().to_owned();
                }
                let quoted = |key: &str| {
                    line.strip_prefix(key)
                        .and_then(|v| v.trim_start().strip_prefix('='))
                        .map(|v| v.trim().trim_matches('"').to_owned())
                };
                if let Some(word) = quoted("severity") {
                    severity = word;
                }
                if let Some(status) = quoted("status") {
                    found.push((name.clone(), severity.clone(), status));
                }
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

#[test]
fn every_rule_hits_its_positive_cases_and_no_negative_one() {
    let dir = tempfile::tempdir().expect("folder");
    let pack = pack();
    assert!(pack.iter().filter(|(_, _, status)| status == "active").count() >= 40);
    let mut inputs = Vec::new();
    let mut wanted = Vec::new();
    for (rule, severity, status) in &pack {
        let path = root().join("tests").join(rule).join("cases.toml");
        let cases = cases::read(&path).unwrap_or_else(|e| panic!("{e}: every rule has cases"));
        assert!(
            !cases.positive.is_empty() && !cases.negative.is_empty(),
            "{rule} needs a positive and a negative case"
        );
        let all = cases
            .positive
            .iter()
            .map(|c| (c, true))
            .chain(cases.negative.iter().map(|c| (c, false)));
        for (number, (case, positive)) in all.enumerate() {
            let (name, bytes) = case.file().unwrap();
            inputs.push(put(dir.path(), &format!("{rule}/{number}/{name}"), &bytes));
            wanted.push((
                rule,
                severity,
                status == "active",
                positive,
                format!("{rule} case {number} ({name})"),
            ));
        }
    }
    let args: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let (_, results) = scan(&args);
    assert_eq!(results.len(), inputs.len());
    let mut faults = Vec::new();
    for ((rule, severity, active, positive, what), result) in wanted.iter().zip(&results) {
        let shadow = format!("shadow rule {rule} would have matched");
        let noted = result["notes"].as_array().into_iter().flatten().any(|n| n == &shadow);
        let hit = if *active { rules(result).contains(rule) } else { noted };
        let class = result["classification"].as_str().unwrap_or_default();
        let quiet = !active || ["info", "low"].contains(&severity.as_str());
        match (positive, hit) {
            (true, false) => faults.push(format!("{what}: no hit; hits {:?}", rules(result))),
            (false, true) => faults.push(format!("{what}: a hit that must not be")),
            (true, true) if !quiet && class == "clean" => faults.push(format!("{what}: hit, and still clean ({})", result["score"])),
            _ => {}
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {} cases:\n{}",
        faults.len(),
        wanted.len(),
        faults.join("\n")
    );
}

#[test]
fn every_case_belongs_to_a_rule() {
    let rules: BTreeSet<String> = pack().into_iter().map(|(name, ..)| name).collect();
    for entry in fs::read_dir(root().join("tests")).expect("folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(rules.contains(&name), "rules/tests/{name} belongs to no rule");
    }
}
