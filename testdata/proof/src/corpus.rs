//! `make corpus`: every file of a corpus held against its ground truth, renamed, replayed, the RARs against unrar, and the rules against libyara.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::expect::{self, Expect};
use crate::judge::{Judged, judge};
use crate::{Options, Outcome, compare, printed, rars, report::Report, scan, second};

/// Runs all parts; true when every goal is met.
pub fn run(options: &Options) -> Outcome {
    let folder = options
        .words
        .first()
        .map_or_else(|| PathBuf::from("../shared/corpus"), PathBuf::from);
    if !folder.join("files.jsonl").is_file() {
        println!("corpus: NOT RUN (no files.jsonl in {})", folder.display());
        return Ok(true);
    }
    let folder = folder.canonicalize()?;
    let known = expect::read(&folder)?;
    println!("corpus: {} files of {}", known.len(), folder.display());
    let clock = Instant::now();
    let lines = scan::scan_groups(&groups(&folder, &known), 8, false)?;
    println!("first run, 8 jobs: {:.1} s", clock.elapsed().as_secs_f64());
    let line = |e: &Expect| lines.get(&folder.join(&e.path).display().to_string()).map(String::as_str);
    let judged: Vec<Judged> = known.iter().map(|e| judge(e, line(e))).collect();
    let mut good = printed::judgements(&judged);
    good &= renamed(&folder, &known, &lines, options.jobs)?;
    good &= replayed(&folder, &known, &lines)?;
    good &= beside_unrar(&folder, &known, &lines)?;
    let files: Vec<PathBuf> = known.iter().map(|file| folder.join(&file.path)).collect();
    good &= second::agree(&files)?;
    println!("\ncorpus: {}", if good { "all goals met" } else { "NOT ALL GOALS MET" });
    Ok(good)
}

/// Files by the password that opens them; most need none.
fn groups(folder: &Path, known: &[Expect]) -> BTreeMap<String, Vec<PathBuf>> {
    let mut out: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in known {
        out.entry(file.password.clone().unwrap_or_default())
            .or_default()
            .push(folder.join(&file.path));
    }
    out
}

fn renamed(folder: &Path, known: &[Expect], lines: &BTreeMap<String, String>, jobs: usize) -> io::Result<bool> {
    let clock = Instant::now();
    let copies = tempfile::tempdir()?;
    let copy = |number: usize| copies.path().join(format!("{number}.bin"));
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (number, file) in known.iter().enumerate() {
        std::fs::copy(folder.join(&file.path), copy(number))?;
        groups
            .entry(file.password.clone().unwrap_or_default())
            .or_default()
            .push(copy(number));
    }
    let unnamed = scan::scan_groups(&groups, jobs, false)?;
    let nothing = String::new();
    let compare = |(number, file): (usize, &Expect)| {
        let first = lines.get(&folder.join(&file.path).display().to_string()).unwrap_or(&nothing);
        let second = unnamed.get(&copy(number).display().to_string()).unwrap_or(&nothing);
        compare::renamed(first, second).map(|difference| format!("{}: {difference}", file.path))
    };
    let differences: Vec<String> = known.iter().enumerate().filter_map(compare).collect();
    printed::list("renamed to N.bin: files with other nodes or findings", &differences);
    println!("{:.1} s", clock.elapsed().as_secs_f64());
    Ok(differences.is_empty())
}

fn replayed(folder: &Path, known: &[Expect], lines: &BTreeMap<String, String>) -> io::Result<bool> {
    let clock = Instant::now();
    let again = scan::scan_groups(&groups(folder, known), 1, true)?;
    let differences = compare::replay(lines, &again);
    printed::list("8 jobs forwards against 1 job backwards: lines that differ", &differences);
    println!("{:.1} s", clock.elapsed().as_secs_f64());
    Ok(differences.is_empty())
}

fn beside_unrar(folder: &Path, known: &[Expect], lines: &BTreeMap<String, String>) -> io::Result<bool> {
    let (mut archives, mut members, mut lost) = (0, 0, Vec::new());
    for file in known {
        let path = folder.join(&file.path);
        if !rars::is_rar(&std::fs::read(&path)?) {
            continue;
        }
        archives += 1;
        let password = file.password.as_deref().filter(|p| !p.is_empty());
        let report = lines.get(&path.display().to_string()).and_then(|line| Report::parse(line));
        for (hash, name) in rars::members(&path, password)? {
            members += 1;
            if !report.as_ref().is_some_and(|r| r.has_sha256(&hash)) {
                let gaps = report.as_ref().map(Report::alarms).unwrap_or_default();
                lost.push(format!("{}: {name} ({gaps})", file.path));
            }
        }
    }
    println!("\nunrar beside us: {archives} archives, {members} members that unrar gives");
    printed::list("of those, members that we do not give", &lost);
    Ok(lost.is_empty())
}
