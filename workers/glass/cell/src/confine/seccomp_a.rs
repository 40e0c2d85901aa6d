//! Filter A: what a zygote may ask of the kernel once its rules are loaded, and what its children need until filter B.

use seccompiler::{SeccompAction, SeccompRule, apply_filter};

use super::seccomp::{Row, any, equal, masked, program, rule};
use super::seccomp_b::{common, number};

/// Installs the filter on the calling thread; a zygote has no other.
///
/// # Errors
/// Why it does not stand, in words.
pub fn install() -> Result<(), String> {
    let filter = program(rows()?, SeccompAction::Allow, SeccompAction::KillProcess)?;
    apply_filter(&filter).map_err(|e| format!("filter A: {e}"))
}

fn rows() -> Result<Vec<Row>, String> {
    let mut rows = common()?;
    // Forks of a zygote and the heartbeat thread of a child; no namespace.
    rows.push((libc::SYS_clone, vec![rule(vec![masked(0, NEW_NAMESPACES, 0)?])?]));
    // clone3 is answered with ENOSYS by the soft filter.
    rows.push(any(libc::SYS_clone3));
    // A child installs filter B.
    rows.push((libc::SYS_seccomp, vec![rule(vec![equal(0, SECCOMP_SET_MODE_FILTER)?])?]));
    // A child sets its CPU limit, and checks with whom it will die.
    rows.push((
        libc::SYS_prlimit64,
        vec![rule(vec![equal(0, 0)?, equal(1, u64::from(libc::RLIMIT_CPU))?])?],
    ));
    rows.push(any(libc::SYS_getppid));
    let more: Vec<SeccompRule> = [libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS]
        .into_iter()
        .map(|option| equal(0, number(option)).and_then(|c| rule(vec![c])))
        .collect::<Result<_, _>>()?;
    for (syscall, rules) in &mut rows {
        if *syscall == libc::SYS_prctl {
            rules.extend(more.iter().cloned());
        }
    }
    // A child puts its own socket in the place of the control socket.
    #[cfg(target_arch = "x86_64")]
    rows.push(any(libc::SYS_dup2));
    rows.push(any(libc::SYS_dup3));
    // abort() of a zygote or of a child that is not locked yet; filter B narrows it.
    rows.push(any(libc::SYS_tgkill));
    Ok(rows)
}

/// All `CLONE_NEW*` bits (clone(2)).
const NEW_NAMESPACES: u64 = 0x7e02_0080;
const SECCOMP_SET_MODE_FILTER: u64 = 1;
