//! The line as a user has it: the built programs over real servers, in their bounded forms; `make chaos` runs the full ones.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One at a time: each has servers of its own, and some measure time.
static ONE: Mutex<()> = Mutex::new(());

fn proof(words: &[&str]) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for needed in ["/usr/sbin/rabbitmq-server", "/usr/lib/postgresql"] {
        assert!(Path::new(needed).exists(), "{needed} is missing; `make test` installs it");
    }
    let program = Path::new(env!("CARGO_BIN_EXE_airlock-proof"));
    for beside in ["airlock", "airlock-glass"] {
        let path = program.with_file_name(beside);
        assert!(path.exists(), "{} is missing; `make test` builds it first", path.display());
    }
    let output = Command::new(program).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(
        output.status.success(),
        "airlock-proof {}: {}\n{said}",
        words.join(" "),
        output.status
    );
}

#[test]
fn one_process_and_six_give_the_same_verdicts() {
    proof(&["line"]);
}

#[test]
fn six_processes_stand_chaos() {
    proof(&["chaos", "--requests", "120", "--seed", "4"]);
}

#[test]
fn one_process_stands_being_killed() {
    proof(&["chaos", "--requests", "120", "--seed", "4", "--kind", "up"]);
}

#[test]
fn nobody_forges_a_verdict() {
    proof(&["forgery"]);
}

#[test]
fn a_stop_loses_and_doubles_nothing() {
    proof(&["drain"]);
}

#[test]
#[ignore = "measures time, so nothing may run beside it: `make chaos` runs it"]
fn a_flood_of_one_tenant_does_not_drown_another() {
    proof(&["flood", "--requests", "1000"]);
}

#[test]
fn a_changed_object_is_never_handed_out() {
    proof(&["tamper"]);
}
