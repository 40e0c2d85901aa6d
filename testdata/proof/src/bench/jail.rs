//! What the jail costs a small file: CPU of the jailed children minus CPU of the same walk in one process.

use std::io;
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
    let jailed = |level: &str, dir: &std::path::Path| -> io::Result<measure::Cost> {
        let mut command = airlock(&["--jobs", &jobs], &rules, &[dir.to_owned()])?;
        measure::run(command.env("AIRLOCK_JAIL_LEVEL", level))
    };
    let walk = |dir: &std::path::Path| measure::run(Command::new(scan::beside("bare")?).arg("walk").arg(&rules).arg(dir));
    let threads = measure::run(Command::new(scan::beside("bare")?).args(["threads", &FILES.to_string()]))?;
    let (full, full_start) = (jailed("landlock+seccomp", &folder)?, jailed("landlock+seccomp", &empty)?);
    let (less, less_start) = (jailed("seccomp", &folder)?, jailed("seccomp", &empty)?);
    let (bare, bare_start) = (walk(&folder)?, walk(&empty)?);
    let each = |cpu: f64| cpu * 1000.0 / FILES as f64;
    let children = each(full.children - full_start.children);
    let soft = each(less.children - less_start.children);
    let process = each(bare.cpu() - bare_start.cpu());
    let heartbeat = each(threads.cpu());
    let host = each(full.own - full_start.own);
    let net = children - process - heartbeat;
    let row = |what: &str, ms: f64| vec![what.to_owned(), format!("{ms:.3}")];
    let rows = [
        row("in jailed children (all walls)", children),
        row("of it, Landlock (against the level `seccomp`)", children - soft),
        row("the same walk in one process", process),
        row("starting one thread, as the rule engine's heartbeat does", heartbeat),
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
