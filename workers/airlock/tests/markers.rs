//! Clean means seen: a rule of the user's own finds its marker in every file that the forge can hide one in.

mod common;

use std::fmt::Write as _;

use airlock_forge::catalog;
use common::{put, rules, scan};

/// One rule for each marker; the name of the rule tells the file.
fn rule_of(number: usize, marker: &str) -> String {
    format!("rule m{number} {{ strings: $a = \"{marker}\" condition: $a }}\n")
}

fn hunt(samples: &[catalog::Sample]) {
    let dir = tempfile::tempdir().expect("folder");
    let mut pack = String::new();
    let mut inputs = Vec::new();
    for (number, sample) in samples.iter().enumerate() {
        if let Some(marker) = &sample.marker {
            let _ = write!(pack, "{}", rule_of(number, marker));
        }
        inputs.push(put(dir.path(), &format!("in/{number}/{}", sample.name), &sample.bytes));
    }
    put(dir.path(), "rules/markers.yar", pack.as_bytes());
    let folder = dir.path().join("rules").display().to_string();
    let mut args = vec!["--rules", &folder];
    args.extend(inputs.iter().map(String::as_str));
    let (_, results) = scan(&args);
    assert_eq!(results.len(), samples.len());
    let mut missed = Vec::new();
    for (number, (sample, result)) in samples.iter().zip(&results).enumerate() {
        let name = format!("{}/{}", sample.family, sample.name);
        for gap in common::gaps(result) {
            assert!(gap != "child_died" && gap != "time", "{name}: {gap}");
        }
        if sample.marker.is_some() && !rules(result).contains(&format!("m{number}")) {
            missed.push(format!("{name} (coverage {})", result["coverage"]));
        }
    }
    assert!(missed.is_empty(), "{} markers were not seen:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn every_marker_is_found() {
    hunt(&catalog::all());
}

#[test]
fn a_marker_behind_very_much_else_is_found() {
    hunt(&catalog::family("limits"));
}
