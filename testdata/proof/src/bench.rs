//! `make bench`: airlock beside the tools that people use today, on the same files, in one run.

mod clamscan;
mod engine;
mod jail;
pub mod stuff;
mod unpackers;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Options, Outcome, scan};

/// The parts in their order: name, what it does.
/// A part of the benchmark: it measures and says how far each goal is reached.
type Part = fn(&Options) -> std::io::Result<Vec<Goal>>;

const PARTS: [(&str, Part); 4] = [
    ("clamscan", clamscan::run),
    ("engine", engine::run),
    ("unpackers", unpackers::run),
    ("jail", jail::run),
];

/// A figure and what it should be.
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// The figure, as text with its unit.
    pub got: String,
    /// The goal, as text.
    pub goal: &'static str,
    /// Whether it is reached.
    pub met: bool,
}

/// Runs the parts that are named, or all; prints which goals are met. A goal that is missed is told, it fails nothing.
pub fn run(options: &Options) -> Outcome {
    if let Some(word) = options.words.iter().find(|w| !PARTS.iter().any(|(name, _)| name == w)) {
        return Err(format!("no part is called {word}; they are clamscan, engine, unpackers, jail").into());
    }
    println!(
        "{} cores; memory is the sum of the proportional set sizes of all processes",
        options.jobs
    );
    let mut goals = Vec::new();
    for (name, part) in PARTS {
        if options.words.is_empty() || options.words.iter().any(|w| w == name) {
            println!("\n== {name}");
            goals.extend(part(options)?);
        }
    }
    println!("\n== goals");
    let row = |g: &Goal| {
        vec![
            g.what.clone(),
            g.got.clone(),
            g.goal.to_owned(),
            if g.met { "met" } else { "FALLS SHORT" }.to_owned(),
        ]
    };
    crate::table::print(&["what", "got", "goal", ""], &[1], &goals.iter().map(row).collect::<Vec<_>>());
    Ok(true)
}

/// `airlock scan --json` with these options, ready to run.
fn airlock(options: &[&str], rules: &Path, inputs: &[PathBuf]) -> std::io::Result<Command> {
    let mut command = Command::new(scan::beside("airlock")?);
    command
        .args(["scan", "--json"])
        .args(options)
        .arg("--rules")
        .arg(rules)
        .arg("--")
        .args(inputs);
    Ok(command)
}

/// Whether Debian's tool is here; says so when it is not.
fn have(tool: &str) -> bool {
    let here = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let here = here.is_ok_and(|o| o.status.success());
    if !here {
        println!("{tool}: NOT RUN (not installed; `make bench` installs it)");
    }
    here
}

/// The folder with the pack: `rules` below the checkout, or what `--rules` names.
fn pack(options: &Options) -> PathBuf {
    options.rules.clone().unwrap_or_else(|| PathBuf::from("rules"))
}
