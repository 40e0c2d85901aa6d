//! Files a second against Debian's clamscan, with the part of the pack that clamscan loads on both sides.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Goal, airlock, have, pack, stuff};
use crate::measure::{self, Cost};
use crate::text::mib;
use crate::{Options, table};

/// Our limits, in clamscan's words: both sides may unpack as much.
const LIMITS: [&str; 4] = [
    "--max-filesize=256M",
    "--max-scansize=1024M",
    "--max-files=10000",
    "--max-recursion=16",
];

/// Runs the part.
pub fn run(options: &Options) -> io::Result<Vec<Goal>> {
    if !have("clamscan") {
        return Ok(Vec::new());
    }
    let work = tempfile::tempdir()?;
    let subset = work.path().join("rules");
    std::fs::create_dir(&subset)?;
    let (loaded, all) = keep_what_loads(&pack(options), &subset, work.path())?;
    println!("{loaded} of {all} rule files load in clamscan; both sides run these");
    let corpus = options.corpus.clone().unwrap_or_else(|| PathBuf::from("../shared/corpus"));
    let folder = if corpus.is_dir() { corpus } else { forged(work.path())? };
    let every = stuff::files(&folder)?;
    let tame: Vec<PathBuf> = every
        .iter()
        .filter(|p| !p.display().to_string().contains("bombs"))
        .cloned()
        .collect();
    let mut goals = Vec::new();
    let mut rows = Vec::new();
    for (what, files) in [("all files", &every), ("without bombs", &tame)] {
        let bytes: u64 = files.iter().filter_map(|p| Some(std::fs::metadata(p).ok()?.len())).sum();
        for jobs in [1, options.jobs] {
            let ours = measure::run(&mut airlock(&["--jobs", &jobs.to_string()], &subset, files)?)?;
            let theirs = measure::run(&mut clamscan(&subset, files, jobs, work.path())?)?;
            rows.push(row(what, jobs, "airlock", files.len(), bytes, &ours));
            rows.push(row(what, jobs, "clamscan", files.len(), bytes, &theirs));
            let ratio = theirs.wall / ours.wall;
            goals.push(Goal {
                what: format!("files/s against clamscan, {what}, {jobs} at a time"),
                got: format!("{ratio:.2} times"),
                goal: "at least 2 times",
                met: ratio >= 2.0,
            });
        }
    }
    table::print(
        &["folder", "jobs", "tool", "files", "files/s", "MB/s", "wall s", "CPU s", "peak MiB"],
        &[1, 3, 4, 5, 6, 7, 8],
        &rows,
    );
    Ok(goals)
}

fn row(what: &str, jobs: usize, tool: &str, files: usize, bytes: u64, cost: &Cost) -> Vec<String> {
    vec![
        what.to_owned(),
        jobs.to_string(),
        tool.to_owned(),
        files.to_string(),
        format!("{:.1}", files as f64 / cost.wall),
        format!("{:.2}", bytes as f64 / 1e6 / cost.wall),
        format!("{:.1}", cost.wall),
        format!("{:.1}", cost.cpu()),
        format!("{:.0}", mib(cost.peak)),
    ]
}

/// Copies the rule files that clamscan loads whole; gives how many of how many.
fn keep_what_loads(rules: &Path, into: &Path, work: &Path) -> io::Result<(usize, usize)> {
    let probe = work.join("probe");
    std::fs::write(&probe, b"nothing")?;
    let is_rule = |p: &PathBuf| p.extension().is_some_and(|e| e == "yar") && !p.components().any(|c| c.as_os_str() == "tests");
    let all: Vec<PathBuf> = stuff::files(rules)?.into_iter().filter(is_rule).collect();
    let mut loaded = 0;
    for (number, file) in all.iter().enumerate() {
        let output = Command::new("clamscan")
            .arg("--database")
            .arg(file)
            .arg(&probe)
            .stdin(Stdio::null())
            .output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let known = said
            .lines()
            .find_map(|l| l.strip_prefix("Known viruses: ")?.trim().parse::<usize>().ok());
        if output.status.success() && !said.contains("LibClamAV Error") && known.is_some_and(|n| n > 0) {
            std::fs::copy(file, into.join(format!("{number}.yar")))?;
            loaded += 1;
        }
    }
    Ok((loaded, all.len()))
}

/// clamscan has no jobs of its own: so many processes, each with its share of the files, as an administrator would do it.
fn clamscan(rules: &Path, files: &[PathBuf], jobs: usize, work: &Path) -> io::Result<Command> {
    let mut script = String::new();
    for job in 0..jobs {
        let list = work.join(format!("list-{jobs}-{job}"));
        let share = files.iter().skip(job).step_by(jobs);
        let names: Vec<String> = share
            .map(|p| p.canonicalize().unwrap_or_else(|_| p.clone()).display().to_string())
            .collect();
        std::fs::write(&list, names.join("\n") + "\n")?;
        script += &format!(
            "clamscan --no-summary {} --database='{}' --file-list='{}' & ",
            LIMITS.join(" "),
            rules.display(),
            list.display()
        );
    }
    let mut command = Command::new("sh");
    command.args(["-c", &(script + "wait")]);
    Ok(command)
}

/// Without a corpus, the forge's own files.
fn forged(work: &Path) -> io::Result<PathBuf> {
    let folder = work.join("forge");
    std::fs::create_dir(&folder)?;
    for sample in airlock_forge::catalog::all() {
        std::fs::write(
            folder.join(format!("{}-{}", sample.family, sample.name.replace('/', "_"))),
            sample.bytes,
        )?;
    }
    println!("no corpus: the forge's samples instead");
    Ok(folder)
}
