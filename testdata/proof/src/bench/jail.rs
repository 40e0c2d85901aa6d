//! What the jail costs a small file: CPU of the jailed children minus CPU of the same walk in one process.

use std::io;
use std::path::Path;
use std::process::Command;

use super::{Goal, airlock, pack, stuff};
use crate::{Options, measure, scan, table};

const FILES: usize = 10_000;
const EACH: usize = 4 * 1024;

/// Runs the part.
pub fn run(options: &Options) -> io::Result<Vec<Goal>> {
    let work = tempfile::tempdir()?;
    let folder = work.path().join("small");
    let empty = work.path().join("empty");
    std::fs::create_dir(&folder)?;
    std::fs::create_dir(&empty)?;
    std::fs::write(empty.join("one.dat"), b"one")?;
    let bytes = stuff::mixed(3, FILES * EACH / 16);
    for number in 0..FILES {
        let at = (number * 1021) % (bytes.len() - EACH);
        std::fs::write(folder.join(format!("{number}.dat")), &bytes[at..at + EACH])?;
    }
    let rules = pack(options);
    let jobs = options.jobs.to_string();
    let jailed = |level: &str, dir: &Path| -> io::Result<measure::Cost> {
        let mut command = airlock(&["--jobs", &jobs], &rules, &[dir.to_owned()])?;
        measure::run(command.env("AIRLOCK_JAIL_LEVEL", level))
    };
    // The same programs, but with a glass that starts no heartbeat.
    let quiet = work.path().join("quiet");
    std::fs::create_dir(&quiet)?;
    std::fs::copy(scan::beside("airlock")?, quiet.join("airlock"))?;
    std::fs::copy(scan::beside("jailed")?, quiet.join("airlock-glass"))?;
    let without_heartbeat = |dir: &Path| {
        let mut command = Command::new(quiet.join("airlock"));
        command.args(["scan", "--json", "--jobs", &jobs, "--rules"]).arg(&rules).arg(dir);
        measure::run(&mut command)
    };
    let walk = |dir: &Path| measure::run(Command::new(scan::beside("bare")?).arg("walk").arg(&rules).arg(dir));
    let (full, full_start) = (jailed("landlock+seccomp", &folder)?, jailed("landlock+seccomp", &empty)?);
    let (less, less_start) = (jailed("seccomp", &folder)?, jailed("seccomp", &empty)?);
    let (calm, calm_start) = (without_heartbeat(&folder)?, without_heartbeat(&empty)?);
    let (bare, bare_start) = (walk(&folder)?, walk(&empty)?);
    let each = |cpu: f64| cpu * 1000.0 / FILES as f64;
    let children = each(full.children - full_start.children);
    let soft = each(less.children - less_start.children);
    let process = each(bare.cpu() - bare_start.cpu());
    let no_heartbeat = each(calm.children - calm_start.children);
    let host = each(full.own - full_start.own);
    let net = no_heartbeat - process;
    let row = |what: &str, ms: f64| vec![what.to_owned(), format!("{ms:.3}")];
    let rows = [
        row("in jailed children (all walls)", children),
        row(
            "of it, the rule engine's heartbeat (against a glass without it)",
            children - no_heartbeat,
        ),
        row("of it, the child's own filter (installed alone)", filter()?),
        row("of it, Landlock (against the level `seccomp`)", children - soft),
        row("the same walk in one process", process),
        row("the jail without the heartbeat", net),
        row("in the host: reading, talking, printing", host),
    ];
    table::print(&["CPU of a 4 KiB file", "ms"], &[1], &rows);
    println!(
        "{FILES} files in {:.1} s: {:.0} files/s with {jobs} jobs",
        full.wall,
        FILES as f64 / full.wall
    );
    Ok(vec![Goal {
        what: "CPU of the jail for a small file, without the heartbeat".to_owned(),
        got: format!("{net:.2} ms"),
        goal: "at most 1 ms",
        met: net <= 1.0,
    }])
}

/// Milliseconds for the filter that a child installs, the mean of some processes.
fn filter() -> io::Result<f64> {
    const TIMES: u32 = 50;
    let mut sum = 0.0;
    for _ in 0..TIMES {
        let out = Command::new(scan::beside("jailed")?).arg("--filter").output()?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let micros = text.split(' ').find_map(|word| word.parse::<f64>().ok());
        sum += micros.ok_or_else(|| io::Error::other(format!("the filter was not measured: {text}")))?;
    }
    Ok(sum / f64::from(TIMES) / 1000.0)
}
