//! Unpacking with an empty pack against the tools that only unpack.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_forge::{lha, rar, tarball, zip};

use super::{Goal, airlock, have, stuff};
use crate::text::mib;
use crate::{Options, measure, table};

const MIB: usize = 1024 * 1024;
/// Plain bytes of the archives that are quick to make.
const LARGE: usize = 128 * MIB;
/// Plain bytes of those that the forge packs with its own, slower compressors.
const SMALL: usize = 48 * MIB;

/// An archive and the command that a person would test it with.
struct Contest {
    archive: PathBuf,
    plain: usize,
    tool: &'static str,
    command: String,
}

/// Runs the part.
pub fn run(_: &Options) -> io::Result<Vec<Goal>> {
    let work = tempfile::tempdir()?;
    let rules = stuff::empty_pack(work.path())?;
    let nothing = work.path().join("nothing");
    std::fs::write(&nothing, b"")?;
    let start = measure::run(&mut airlock(&["--jobs", "1"], &rules, &[nothing])?)?;
    println!("starting airlock and its jail: {:.2} s, part of every figure below", start.wall);
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for contest in contests(work.path())? {
        if !have(contest.tool) {
            continue;
        }
        let theirs = measure::run(Command::new("sh").args(["-c", &contest.command]))?;
        let ours = measure::run(&mut airlock(&["--jobs", "1"], &rules, std::slice::from_ref(&contest.archive))?)?;
        let ratio = theirs.wall / ours.wall;
        let name = contest
            .archive
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let speed = |wall: f64| format!("{:.0}", mib(contest.plain as u64) / wall);
        let said = |status: Option<i32>| status.map_or("killed".to_owned(), |s| s.to_string());
        rows.push(vec![
            name.clone(),
            contest.tool.to_owned(),
            format!("{:.2}", theirs.wall),
            format!("{:.2}", ours.wall),
            speed(theirs.wall),
            speed(ours.wall),
            format!("{:.0}", mib(theirs.peak)),
            format!("{:.0}", mib(ours.peak)),
            said(theirs.status),
            said(ours.status),
        ]);
        goals.push(Goal {
            what: format!("speed of unpacking {name} against {}", contest.tool),
            got: format!("{ratio:.2}"),
            goal: "at least 0.8",
            met: ratio >= 0.8,
        });
    }
    let heads = [
        "archive",
        "tool",
        "its s",
        "our s",
        "its MiB/s",
        "our MiB/s",
        "its MiB",
        "our MiB",
        "its exit",
        "our exit",
    ];
    table::print(&heads, &[2, 3, 4, 5, 6, 7, 8, 9], &rows);
    let hashed = measure::run(Command::new("sha256sum").arg(work.path().join("b.tar")))?;
    println!(
        "bsdtar copies the bytes of b.tar and looks at none; its SHA-256 alone, which every report states twice (of the archive and \
         of its members), takes sha256sum {:.2} s",
        hashed.wall
    );
    Ok(goals)
}

fn contests(work: &Path) -> io::Result<Vec<Contest>> {
    let files = |plain: usize, count: usize| -> Vec<(String, Vec<u8>)> {
        (0..count)
            .map(|n| (format!("folder/file-{n}.dat"), stuff::mixed(n as u64, plain / count)))
            .collect()
    };
    let large = files(LARGE, 24);
    let small = files(SMALL, 12);
    let mut out = Vec::new();
    let mut add = |name: &str, bytes: Option<Vec<u8>>, plain: usize, tool: &'static str, command: &str| -> io::Result<()> {
        let archive = work.join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&archive, bytes)?;
        }
        let command = format!("{command} '{}'", archive.display());
        out.push(Contest {
            archive,
            plain,
            tool,
            command,
        });
        Ok(())
    };
    let entries = large.iter().map(|(name, bytes)| zip::Entry::deflated(name, bytes)).collect();
    add("a.zip", Some(zip::Archive::of(entries).build()), LARGE, "unzip", "unzip -tqq")?;
    let members: Vec<(&str, &[u8])> = large.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    let tar = tarball::simple(&members);
    let plain = tar.len();
    std::fs::write(work.join("b.tar"), &tar)?;
    drop(tar);
    add("b.tar", None, plain, "bsdtar", "bsdtar -xOf")?;
    for (tool, flags, ending) in [("gzip", "-kf6", "gz"), ("bzip2", "-kf9", "bz2"), ("xz", "-kf2", "xz")] {
        if have(tool) && Command::new(tool).arg(flags).arg(work.join("b.tar")).status()?.success() {
            let test = format!("{tool} -t");
            add(&format!("b.tar.{ending}"), None, plain, tool, &test)?;
        }
    }
    // What its users call it for: most tar archives travel packed.
    add("b.tar.gz", None, plain, "bsdtar", "bsdtar -xOf")?;
    // By its own name: `lha` may be another program, which tests nothing.
    let members: Vec<lha::Member> = small.iter().map(|(n, b)| lha::Member::new(n, b, 2, true)).collect();
    add("c.lzh", Some(lha::build(&members)), SMALL, "lhasa", "lhasa -t")?;
    let packed = small.iter().fold(rar::Rar5::new(), |archive, (n, b)| archive.file(n, b));
    let packed = packed.with(|r| r.compressed = true).build();
    // Its -t only lists, so it extracts, into the folder that is thrown away.
    let extract = format!("cd '{}' && unrar-free -x -f", work.display());
    add("d.rar", Some(packed), SMALL, "unrar-free", &extract)?;
    Ok(out)
}
