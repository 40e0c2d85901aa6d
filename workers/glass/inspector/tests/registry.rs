//! The registries are whole: every file of a folder stands in its slice, and every row says what it must.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use airlock_inspector::formats::FORMATS;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable")
}

/// Files directly below a folder, without `.rs`.
fn files(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("folder");
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".rs").map(str::to_owned))
        .collect()
}

#[test]
fn every_file_of_a_format_or_analyser_stands_in_its_slice() {
    for (folder, slice, helpers) in [
        (
            "src/formats",
            text("src/formats.rs"),
            &["fields", "links", "streams", "ooxml", "opc", "opc_target", "opc_xml", "stored"][..],
        ),
        ("src/analysers", text("src/analysers.rs"), &["extensions"][..]),
    ] {
        let list = slice.split("] = &[").nth(1).expect("the slice");
        for file in files(folder) {
            assert!(slice.contains(&format!("mod {file};")), "{folder}/{file}.rs is no module");
            let listed = list.contains(&format!("{file}::"));
            assert!(listed || helpers.contains(&file.as_str()), "{folder}/{file}.rs is not in the slice");
        }
    }
}

#[test]
fn names_are_unique_and_documents_are_whole() {
    let mut seen = BTreeSet::new();
    for format in FORMATS {
        let doc = format.doc();
        assert!(seen.insert(format.name()), "{} stands twice", format.name());
        for part in [doc.title, doc.spec, doc.yields, doc.limitations] {
            assert!(!part.trim().is_empty() && !part.contains('|'), "{}: {part:?}", format.name());
        }
    }
}
