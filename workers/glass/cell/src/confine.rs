//! The walls, one file each, and the order in which they are built. A wall is a function of its own so that each can be
//! tested alone.

pub mod landlock;
pub mod process;
pub mod rlimits;
pub mod seccomp;
pub mod seccomp_a;
pub mod seccomp_b;
pub mod seccomp_rules;
pub mod seccomp_soft;

use airlock_proto::control::Level;

/// What stands once [`lock_zygote`] has returned.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Version of Landlock that is enforced; 0 for none.
    pub landlock_abi: u32,
    /// Whether the kernel refuses memory that gains the right to execute.
    pub mdwe: bool,
}

/// What a zygote does before it reads anything: it becomes the first to be killed when memory is short, cannot be traced, dies
/// with its host, and is under its limits. `oom_score_adj` comes first: without dumpability its file belongs to root.
///
/// # Errors
/// Which step failed and why, in words.
pub fn begin(host: i32) -> Result<(), String> {
    process::volunteer_for_oom();
    process::undumpable()?;
    process::die_with_parent(host)?;
    rlimits::zygote()
}

/// All walls of a zygote, once the rules are compiled: from here on no file, no socket, no program, no executable memory.
///
/// # Errors
/// Which wall does not stand and why, in words.
pub fn lock_zygote(level: Level) -> Result<Standing, String> {
    rlimits::data()?;
    let mdwe = process::no_exec_gain();
    process::no_new_privs()?;
    let landlock_abi = landlock::deny_all(level)?;
    if landlock_abi > 0 {
        landlock::prove()?;
    }
    // The second filter is installed through the first: errors first, kills last.
    seccomp_soft::eperm()?;
    seccomp_soft::enosys()?;
    seccomp_a::install()?;
    Ok(Standing { landlock_abi, mdwe })
}

/// The walls that a fork does not carry over, before the child starts its one thread.
///
/// # Errors
/// Which step failed and why, in words.
pub fn begin_child(host: i32, cpu_seconds: u64) -> Result<(), String> {
    process::die_with_parent(host)?;
    rlimits::cpu(cpu_seconds)
}

/// The last wall of a child, on all its threads.
///
/// # Errors
/// Why it does not stand, in words.
pub fn lock_child() -> Result<(), String> {
    seccomp_b::install()
}

/// All walls of the role `rules`, before it compiles anything.
///
/// # Errors
/// Which wall does not stand and why, in words.
pub fn lock_compiler(level: Level, cpu_seconds: u64) -> Result<Standing, String> {
    rlimits::cpu(cpu_seconds)?;
    process::no_new_privs()?;
    let landlock_abi = landlock::deny_all(level)?;
    if landlock_abi > 0 {
        landlock::prove()?;
    }
    seccomp_soft::eperm()?;
    seccomp_soft::enosys()?;
    seccomp_rules::install()?;
    Ok(Standing { landlock_abi, mdwe: false })
}
