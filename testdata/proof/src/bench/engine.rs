//! The whole of airlock against the bare YARA-X engine on plain bytes: what jail, walk and report add.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use super::{Goal, airlock, pack, stuff};
use crate::text::mib;
use crate::{Options, measure, scan, table};

/// Files and bytes of each: 1 GiB in all.
const FILES: usize = 8;
const EACH: usize = 128 * 1024 * 1024;

/// Runs the part.
pub fn run(options: &Options) -> io::Result<Vec<Goal>> {
    let work = tempfile::tempdir()?;
    let mut files: Vec<PathBuf> = Vec::new();
    for number in 0..FILES {
        let path = work.path().join(format!("plain-{number}.dat"));
        std::fs::write(&path, stuff::mixed(number as u64, EACH))?;
        files.push(path);
    }
    let rules = pack(options);
    let bare = measure::run(Command::new(scan::beside("bare")?).arg("scan").arg(&rules).args(&files))?;
    let ours = measure::run(&mut airlock(&["--jobs", "1"], &rules, &files)?)?;
    let row = |name: &str, c: &measure::Cost| {
        vec![
            name.to_owned(),
            format!("{:.1}", c.wall),
            format!("{:.1}", c.cpu()),
            format!("{:.0}", mib((FILES * EACH) as u64) / c.wall),
            format!("{:.0}", mib(c.peak)),
        ]
    };
    let rows = [row("bare YARA-X", &bare), row("airlock, 1 job", &ours)];
    table::print(
        &["1 GiB of plain files", "wall s", "CPU s", "MiB/s", "peak MiB"],
        &[1, 2, 3, 4],
        &rows,
    );
    let ratio = ours.wall / bare.wall;
    Ok(vec![Goal {
        what: "time on 1 GiB of plain files against the bare engine".to_owned(),
        got: format!("{ratio:.2} times"),
        goal: "at most 1.25 times",
        met: ratio <= 1.25,
    }])
}
