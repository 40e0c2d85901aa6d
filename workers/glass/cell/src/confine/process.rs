//! Attributes of the process itself: who may trace it, with whom it dies, what it may never gain.

#![allow(unsafe_code)]

use std::io;

use rustix::fs::{Mode, OFlags};

/// Makes this process the first that the kernel kills when memory is short. Best effort: a container may have no `/proc`.
pub fn volunteer_for_oom() {
    let Ok(file) = rustix::fs::open("/proc/self/oom_score_adj", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) else {
        return;
    };
    let _ = rustix::io::write(&file, b"1000");
}

/// No core dump, no ptrace from the same user, no reading of `/proc/<pid>/mem` (`PR_SET_DUMPABLE`, prctl(2)).
///
/// # Errors
/// What the kernel says, in words.
pub fn undumpable() -> Result<(), String> {
    prctl(libc::PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE")
}

/// SIGKILL when the host's spawning thread ends (`PR_SET_PDEATHSIG`, prctl(2)). A fork clears it, so each child sets it again.
///
/// # Errors
/// What the kernel says, or that the host died before this call.
pub fn die_with_parent(host: i32) -> Result<(), String> {
    prctl(libc::PR_SET_PDEATHSIG, signal(libc::SIGKILL), "PR_SET_PDEATHSIG")?;
    // The host may have died in between; then no signal comes, and init is the parent.
    // SAFETY: takes no argument and cannot fail.
    let parent = unsafe { libc::getppid() };
    if parent == host {
        Ok(())
    } else {
        Err(format!("the host {host} is gone: the parent is {parent}"))
    }
}

/// No later exec may gain a right; also what an unprivileged filter needs (`PR_SET_NO_NEW_PRIVS`, prctl(2)).
///
/// # Errors
/// What the kernel says, in words.
pub fn no_new_privs() -> Result<(), String> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS")
}

/// The kernel refuses memory that gains the right to execute (`PR_SET_MDWE`, Linux 6.3); false where it cannot. The compiled
/// rules keep theirs. The filters refuse the same, so an older kernel loses nothing that they do not hold.
pub fn no_exec_gain() -> bool {
    const PR_SET_MDWE: i32 = 65;
    const PR_MDWE_REFUSE_EXEC_GAIN: libc::c_ulong = 1;
    prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, "PR_SET_MDWE").is_ok()
}

fn signal(number: i32) -> libc::c_ulong {
    libc::c_ulong::try_from(number).unwrap_or_default()
}

fn prctl(option: i32, value: libc::c_ulong, name: &str) -> Result<(), String> {
    let zero: libc::c_ulong = 0;
    // SAFETY: the options used here take plain numbers.
    let done = unsafe { libc::prctl(option, value, zero, zero, zero) };
    if done == 0 {
        Ok(())
    } else {
        Err(format!("{name}: {}", io::Error::last_os_error()))
    }
}
