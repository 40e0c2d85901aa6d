//! What `make bench` compares the jailed scan with: the bare rule engine on plain bytes, and the walk without its jail.
//! `bare scan RULES FILE…` · `bare walk RULES DIR`
#![allow(clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use airlock_inspector::{RuleSet, Surroundings, inspect};
use airlock_proto::Limits;
use airlock_proto::frame::{JobHeader, RuleSource};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["scan", rules, files @ ..] => scan(Path::new(rules), files),
        ["walk", rules, folder] => walk(Path::new(rules), Path::new(folder)),
        _ => panic!("bare scan RULES FILE… | bare walk RULES DIR"),
    }
}

/// YARA-X and nothing else.
fn scan(rules: &Path, files: &[&str]) {
    let mut compiler = yara_x::Compiler::new();
    for source in sources(rules) {
        compiler.new_namespace(&source.path);
        let _ = compiler.add_source(source.text.as_str());
    }
    let rules = compiler.build();
    let mut scanner = yara_x::Scanner::new(&rules);
    scanner.max_matches_per_pattern(1_000);
    for file in files {
        let bytes = std::fs::read(file).expect("readable");
        let results = scanner.scan(&bytes).expect("scanned");
        println!("{file}\t{}", results.matching_rules().count());
    }
}

/// The same walk as in the jail, in this process.
fn walk(rules: &Path, folder: &Path) {
    let (set, _) = RuleSet::compile(&sources(rules));
    let mut matcher = set.matcher();
    for path in files(folder) {
        let bytes = std::fs::read(&path).expect("readable");
        let job = JobHeader {
            name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            declared_type: None,
            content_encoding: vec![],
            passwords: vec![],
            limits: Limits::default(),
            input_cut_bytes: 0,
            sha256: None,
        };
        let mut frames = 0_u64;
        inspect(
            &bytes,
            Surroundings {
                job: &job,
                matcher: Some(&mut matcher),
                expired: &|| false,
                emit: &mut |_| {
                    frames += 1;
                    true
                },
            },
        );
        println!("{}\t{frames}", path.display());
    }
}

fn sources(rules: &Path) -> Vec<RuleSource> {
    let wanted = |p: &PathBuf| p.extension().is_some_and(|e| e == "yar") && !p.components().any(|c| c.as_os_str() == "tests");
    let source = |path: PathBuf| RuleSource {
        text: std::fs::read_to_string(&path).expect("readable"),
        path: path.display().to_string(),
        builtin: true,
    };
    files(rules).into_iter().filter(wanted).map(source).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}
