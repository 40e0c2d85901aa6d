//! Our rules matched by libyara too: a second opinion on the engine of the glass. The C library runs in a process of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_forge::cases;

use crate::report::Report;
use crate::{Outcome, printed, scan};

/// Longest time in seconds that libyara may take for one file and one rule.
const PATIENCE: i32 = 60;

/// A rule that hits a file, by the number of the file.
type Hit = (usize, String);

/// `airlock-proof second-opinion`: the rules' own cases.
pub fn run() -> Outcome {
    Ok(agree(&[])?)
}

/// Matches every rule of the pack against the cases of all rules and `files` with both engines; true when they agree.
///
/// What is compared is each file as it is: what is unpacked of it, libyara does not see. The rules are copied without their metadata,
/// so that each is for every node and format.
///
/// # Errors
/// When a rule or a case cannot be read, or a process cannot be started.
pub fn agree(files: &[PathBuf]) -> io::Result<bool> {
    let work = tempfile::tempdir()?;
    let pack = work.path().join("rules");
    let rules = copy_pack(&pack)?;
    let mut inputs = put_cases(&work.path().join("cases"))?;
    let count = inputs.len();
    inputs.extend_from_slice(files);
    let theirs = theirs(&pack, &inputs)?;
    let (ours, unsure) = ours(&pack, &inputs)?;
    let sure = |hits: &BTreeSet<Hit>| -> BTreeSet<Hit> { hits.iter().filter(|(n, _)| !unsure.contains(n)).cloned().collect() };
    let (ours, theirs) = (sure(&ours), sure(&theirs));
    println!(
        "\nlibyara beside us: {rules} rule files, {count} cases and {} files; {} hits of ours, {} of libyara",
        files.len(),
        ours.len(),
        theirs.len()
    );
    let told = |hits: Vec<&Hit>| -> Vec<String> { hits.into_iter().map(|(n, rule)| format!("{rule}: {}", name(&inputs, *n))).collect() };
    let unsure: Vec<String> = unsure.iter().map(|n| name(&inputs, *n)).collect();
    printed::list("not compared, because a rule did not finish", &unsure);
    printed::list("hits that libyara alone has (goal: 0)", &told(theirs.difference(&ours).collect()));
    printed::list("hits that we alone have (goal: 0)", &told(ours.difference(&theirs).collect()));
    Ok(ours == theirs && !ours.is_empty())
}

fn name(inputs: &[PathBuf], number: usize) -> String {
    inputs.get(number).map(|path| path.display().to_string()).unwrap_or_default()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

/// The rule files of a folder, whole, in order.
fn rule_files(folder: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            rule_files(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "yar") {
            out.push(path);
        }
    }
    Ok(())
}

fn copy_pack(into: &Path) -> io::Result<usize> {
    let mut files = Vec::new();
    for part in ["static", "decoded"] {
        rule_files(&sources().join(part), &mut files)?;
    }
    fs::create_dir(into)?;
    for (number, file) in files.iter().enumerate() {
        fs::write(into.join(format!("{number:03}.yar")), without_metadata(&fs::read_to_string(file)?))?;
    }
    Ok(files.len())
}

fn without_metadata(text: &str) -> String {
    let mut within = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match line.trim() {
            "meta:" => within = true,
            "strings:" | "condition:" => within = false,
            _ => {}
        }
        if !within {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Each case twice where something is wrapped around it: bare, and as it is given to the walk.
fn put_cases(into: &Path) -> io::Result<Vec<PathBuf>> {
    let mut inputs = Vec::new();
    let mut folders = fs::read_dir(sources().join("tests"))?.collect::<io::Result<Vec<_>>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    for folder in folders {
        let cases = cases::read(&folder.path().join("cases.toml")).map_err(io::Error::other)?;
        for (number, case) in cases.positive.iter().chain(&cases.negative).enumerate() {
            let (bare, whole) = (case.bare().map_err(io::Error::other)?, case.file().map_err(io::Error::other)?);
            for (form, (name, bytes)) in [("bare", &bare), ("whole", &whole)] {
                if form == "whole" && bare == whole {
                    continue;
                }
                let place = into.join(folder.file_name()).join(format!("{number}-{form}"));
                fs::create_dir_all(&place)?;
                fs::write(place.join(name), bytes)?;
                inputs.push(place.join(name));
            }
        }
    }
    Ok(inputs)
}

/// What the glass hits in the files as they are, and the files on which its rules did not finish.
fn ours(pack: &Path, inputs: &[PathBuf]) -> io::Result<(BTreeSet<Hit>, BTreeSet<usize>)> {
    let pack = pack.display().to_string();
    let paths: Vec<OsString> = inputs.iter().map(|path| path.as_os_str().to_owned()).collect();
    let run = scan::scan(&["--rules", &pack], &paths)?;
    let (mut hits, mut unsure) = (BTreeSet::new(), BTreeSet::new());
    for (number, path) in inputs.iter().enumerate() {
        let report = run.lines.get(&path.display().to_string()).and_then(|line| Report::parse(line));
        match report.filter(|report| report.rules_finished()) {
            Some(report) => hits.extend(report.rules_of_root().into_iter().map(|rule| (number, rule))),
            None => drop(unsure.insert(number)),
        }
    }
    Ok((hits, unsure))
}

/// What libyara hits.
fn theirs(pack: &Path, inputs: &[PathBuf]) -> io::Result<BTreeSet<Hit>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("libyara")
        .arg(pack)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let list: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
    // It reads the whole list before it says anything.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(list.join("\n").as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("libyara ended with {}", output.status)));
    }
    let hit = |line: &str| {
        let (number, rule) = line.split_once('\t')?;
        Some((number.parse().ok()?, rule.to_owned()))
    };
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(hit).collect())
}

/// `airlock-proof libyara RULES`: reads names of files from standard input, a line each, and prints number and rule of each hit.
pub fn print_hits(words: &[String]) -> Outcome {
    let folder = words.first().ok_or("libyara takes a folder of rules")?;
    let mut files = Vec::new();
    rule_files(Path::new(folder), &mut files)?;
    let mut compiler = yara::Compiler::new()?;
    for file in &files {
        compiler = compiler.add_rules_file(file)?;
    }
    let rules = compiler.compile_rules()?;
    for (number, path) in io::read_to_string(io::stdin())?.lines().enumerate() {
        let bytes = fs::read(path)?;
        for rule in rules.scan_mem(&bytes, PATIENCE).map_err(|e| format!("{path}: {e}"))? {
            println!("{number}\t{}", rule.identifier);
        }
    }
    Ok(true)
}
