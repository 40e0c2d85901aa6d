//! The child opens nothing: seen by `strace` on a RAR, and on a file system that nobody can write to.

mod common;

use std::process::Command;

use airlock_forge::{eicar, rar};
use common::{airlock, put, status};

/// Debian's strace follows every process; `make test` installs it. Elsewhere the test says that it did not run.
fn strace() -> bool {
    Command::new("strace").arg("-V").output().is_ok_and(|o| o.status.success())
}

fn solid_rar() -> Vec<u8> {
    rar::Rar5::new()
        .file("a.txt", &b"words ".repeat(500))
        .file("eicar.com", &eicar())
        .with(|r| (r.compressed, r.solid) = (true, true))
        .build()
}

#[test]
fn no_open_succeeds_in_a_child_that_has_a_file() {
    if !strace() {
        eprintln!("strace is not installed: NOT RUN");
        return;
    }
    let dir = tempfile::tempdir().expect("folder");
    let input = put(dir.path(), "solid.rar", &solid_rar());
    let log = dir.path().join("log").display().to_string();
    let program = airlock().get_program().to_owned();
    let output = Command::new("strace")
        .args(["-f", "-ff", "-e", "trace=%file,seccomp", "-o", &log])
        .arg(program)
        .args(["scan", "--json", &input])
        .output()
        .expect("strace runs");
    assert_eq!(status(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    let mut children = 0;
    for entry in std::fs::read_dir(dir.path()).expect("folder").flatten() {
        if !entry.file_name().to_string_lossy().starts_with("log.") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        // From its last filter on a process is jailed; the front door itself installs none.
        let Some(at) = text.rfind("seccomp(") else { continue };
        children += 1;
        // A canary's call that the filter kills has no result; strace prints the register.
        let killed = text.contains("+++ killed by SIGSYS");
        let calls = text[at..].lines().filter(|line| line.contains('(')).count();
        let opened: Vec<&str> = text[at..]
            .lines()
            .filter(|line| line.contains('('))
            .take(if killed { calls - 1 } else { calls })
            .skip(1)
            .filter(|line| !line.contains("= -1 "))
            .collect();
        assert!(opened.is_empty(), "{opened:?}");
    }
    assert!(children >= 2, "zygote and child were seen: {children}");
}

#[test]
fn a_scan_needs_no_writable_file_system() {
    let dir = tempfile::tempdir().expect("folder");
    let input = put(dir.path(), "solid.rar", &solid_rar());
    let program = airlock().get_program().to_owned();
    // A mount namespace of its own in which everything is read-only; where the machine allows none, the test says so.
    let script = "mount --make-rprivate / && mount -o remount,bind,ro / && ! touch /x 2>/dev/null && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(program)
        .args(["scan", "--json", &input])
        .output();
    let Ok(output) = output else {
        eprintln!("unshare is not installed: NOT RUN");
        return;
    };
    if output.stdout.is_empty() && !output.status.success() {
        eprintln!("no mount namespace here: NOT RUN: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    assert_eq!(status(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
}
