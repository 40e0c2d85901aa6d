//! The golden corpus: a folder a case below `testdata/golden`, the input in base64, the expected frames beside it. No code a case.
//!
//! `GOLDEN=update cargo nextest run …` writes what is seen now; read the difference before you commit it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use airlock_inspector::{RuleSet, Surroundings, inspect};
use airlock_proto::Limits;
use airlock_proto::frame::{Frame, JobHeader, RuleSource};
use base64::Engine as _;

const RULE: &str = "rule marker { strings: $a = \"AIRLOCK-TEST-MARKER-\" condition: $a }";

#[test]
fn every_case_gives_the_expected_frames() {
    let source = RuleSource {
        path: "golden.yar".into(),
        text: RULE.into(),
        builtin: false,
    };
    let (rules, ready) = RuleSet::compile(&[source]);
    assert!(ready.broken.is_empty(), "{ready:?}");
    let update = std::env::var("GOLDEN").is_ok_and(|v| v == "update");
    let mut faults = Vec::new();
    let mut cases: Vec<PathBuf> = fs::read_dir(root())
        .expect("the corpus")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() >= 10, "the golden corpus is missing");
    for case in cases {
        let seen = run(&case, &rules);
        let path = case.join("expected.jsonl");
        if update {
            fs::write(&path, &seen).expect("written");
        } else if fs::read_to_string(&path).unwrap_or_default() != seen {
            faults.push(format!("{}:\n{seen}", case.display()));
        }
    }
    assert!(
        faults.is_empty(),
        "{} cases differ; now they give\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../testdata/golden")
}

fn run(case: &Path, rules: &RuleSet) -> String {
    let text = fs::read_to_string(case.join("input.b64")).expect("input.b64");
    let digits: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(digits).expect("base64");
    // The folder is called like the file, so that the case tells its name.
    let name = case.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let job = JobHeader {
        name,
        declared_type: None,
        content_encoding: vec![],
        passwords: vec![],
        limits: Limits::default(),
        input_cut_bytes: 0,
    };
    let mut out = String::new();
    let mut matcher = rules.matcher();
    let mut emit = |frame: Frame| {
        let _ = writeln!(out, "{}", serde_json::to_string(&frame).expect("plain data"));
        true
    };
    inspect(
        &bytes,
        Surroundings {
            job: &job,
            matcher: Some(&mut matcher),
            expired: &|| false,
            emit: &mut emit,
        },
    );
    out
}
