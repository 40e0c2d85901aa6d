//! The laws of the tree that the compiler does not know: which room may reach which crate, and who reads the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates that parse hostile bytes: only the glass may link them.
const PARSERS: [&str; 19] = [
    "airlock-inspector",
    "airlock-cell",
    "yara-x",
    "zip",
    "bzip2",
    "lzma-rust2",
    "rars",
    "unrar",
    "yara",
    "delharc",
    "tar",
    "cfb",
    "infer",
    "lopdf",
    "calamine",
    "quick-xml",
    "weezl",
    "html5ever",
    "encoding_rs",
];
/// Crates that speak to the world: the glass may not.
const WORLD: [&str; 10] = [
    "tokio",
    "hyper",
    "hyper-util",
    "reqwest",
    "lapin",
    "sqlx",
    "object_store",
    "rustls",
    "hickory-resolver",
    "axum",
];

/// Rooms of the line that hold a credential or speak for those that do.
const HOLDERS: [&str; 14] = [
    "airlock",
    "airlock-jail",
    "airlock-policy",
    "airlock-proto",
    "airlock-queue",
    "airlock-records",
    "airlock-store",
    "airlock-token",
    "airlock-intake",
    "airlock-fetch",
    "airlock-scan",
    "airlock-sandbox",
    "airlock-verdict",
    "airlock-gateway",
];
const STAGES: [&str; 6] = [
    "airlock-intake",
    "airlock-fetch",
    "airlock-scan",
    "airlock-sandbox",
    "airlock-verdict",
    "airlock-gateway",
];

#[test]
fn what_holds_credentials_links_no_parser() {
    let graph = Graph::load();
    for room in HOLDERS {
        // The client of S3 reads the XML of its own store's answers with it; no byte of a scanned file gets there.
        let parsers: Vec<&str> = PARSERS.iter().copied().filter(|p| *p != "quick-xml").collect();
        graph.never(room, &parsers);
    }
    for room in [
        "airlock-jail",
        "airlock-policy",
        "airlock-proto",
        "airlock-queue",
        "airlock-records",
        "airlock-token",
        "airlock-intake",
    ] {
        graph.never(room, &["quick-xml"]);
    }
}

#[test]
fn stages_meet_only_in_messages() {
    let graph = Graph::load();
    for room in STAGES {
        let others: Vec<&str> = STAGES.iter().copied().filter(|other| *other != room).collect();
        graph.never(room, &others);
    }
    // The internet-facing one and the one that feeds the glass hold no credential of the database.
    for room in ["airlock-fetch", "airlock-scan", "airlock-sandbox"] {
        graph.never(room, &["airlock-records", "airlock-token"]);
    }
    graph.never("airlock-sandbox", &["airlock-store"]);
}

#[test]
fn the_glass_links_nothing_that_speaks_to_the_world() {
    let graph = Graph::load();
    for room in ["airlock-inspector", "airlock-cell"] {
        graph.never(room, &WORLD);
    }
}

#[test]
fn pure_rooms_have_no_runtime() {
    let graph = Graph::load();
    for room in ["airlock-proto", "airlock-policy", "airlock-inspector", "airlock-jail"] {
        graph.never(room, &["tokio", "airlock-fetch", "airlock"]);
    }
    graph.never("airlock-proto", &["airlock-policy", "airlock-jail", "airlock-inspector"]);
}

#[test]
fn the_judges_in_c_are_linked_by_the_proof_alone() {
    let graph = Graph::load();
    for room in ["airlock", "airlock-cell", "airlock-inspector", "airlock-forge"] {
        graph.never(room, &["unrar", "unrar_sys", "yara", "yara-sys"]);
    }
    for judge in ["unrar", "yara"] {
        assert!(graph.reach("airlock-proof").contains_key(judge), "the graph is read wrongly");
    }
}

#[test]
fn only_the_front_door_and_the_cell_read_the_environment_or_end_the_process() {
    let root = root();
    let allowed = ["workers/airlock/", "workers/glass/cell/src/main.rs"];
    let mut wrong = Vec::new();
    let mut looked = 0;
    for file in sources(&root) {
        let short = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        if !short.contains("/src/") || allowed.iter().any(|a| short.starts_with(a)) {
            continue;
        }
        looked += 1;
        let text = std::fs::read_to_string(&file).unwrap();
        // What stands below the tests' mark is a test.
        for (number, line) in text.lines().take_while(|l| l.trim() != "#[cfg(test)]").enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let reads = [
                "env::var",
                "env::args",
                "env::temp_dir",
                "env::current_",
                "env::home",
                "process::exit",
                "process::abort",
            ];
            if reads.iter().any(|word| code.contains(word)) {
                wrong.push(format!("{short}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(looked > 40, "only {looked} files were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_lives_in_jail_and_cell_alone() {
    let root = root();
    let may = ["workers/tools/jail/", "workers/glass/cell/"];
    let wrong: Vec<String> = sources(&root)
        .into_iter()
        .filter(|file| {
            let short = file.strip_prefix(&root).unwrap_or(file).display().to_string();
            let text = std::fs::read_to_string(file).unwrap();
            !may.iter().any(|m| short.starts_with(m)) && (text.contains("allow(unsafe_code)") || text.contains("expect(unsafe_code)"))
        })
        .map(|file| file.display().to_string())
        .filter(|file| !file.ends_with("tests/architecture.rs"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The resolved dependencies, without those of tests.
struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn load() -> Graph {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--offline",
                "--filter-platform",
                "x86_64-unknown-linux-gnu",
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let word = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
        let names = list(&all["packages"]).iter().map(|p| (word(p, "id"), word(p, "name"))).collect();
        let mut edges = BTreeMap::new();
        for node in list(&all["resolve"]["nodes"]) {
            let real = |dep: &&Value| list(&dep["dep_kinds"]).iter().any(|k| k["kind"].is_null());
            let to = list(&node["deps"]).iter().filter(real).map(|d| word(d, "pkg")).collect();
            edges.insert(word(node, "id"), to);
        }
        Graph { names, edges }
    }

    /// Every crate that a crate links, with the path that leads there.
    fn reach(&self, from: &str) -> BTreeMap<String, String> {
        let start = self.names.iter().find(|(_, name)| *name == from).map(|(id, _)| id.clone());
        let start = start.unwrap_or_else(|| panic!("no crate is called {from}"));
        let mut out = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![(start, from.to_owned())];
        while let Some((id, path)) = open.pop() {
            for next in self.edges.get(&id).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    let name = self.names.get(next).cloned().unwrap_or_default();
                    let path = format!("{path} → {name}");
                    out.insert(name, path.clone());
                    open.push((next.clone(), path));
                }
            }
        }
        assert!(!out.is_empty(), "{from} links nothing: the graph is read wrongly");
        out
    }

    fn never(&self, from: &str, what: &[&str]) {
        let reach = self.reach(from);
        let broken: Vec<&String> = what.iter().filter_map(|name| reach.get(*name)).collect();
        assert!(broken.is_empty(), "{from} must never reach: {broken:#?}");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources(root: &Path) -> Vec<PathBuf> {
    let mut open: Vec<PathBuf> = ["proto", "workers"].iter().map(|d| root.join(d)).collect();
    let mut out = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    out
}
