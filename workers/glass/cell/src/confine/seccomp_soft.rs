//! The soft filters: what libraries only probe for fails politely instead of killing.
//!
//! Filters A and B list the same syscalls as allowed: the kernel takes the strictest answer of all filters, and a kill there
//! would win over the error here.

use seccompiler::{SeccompAction, apply_filter};

use super::seccomp::{Row, any, differs, program, rule};

/// EPERM for paths and probes. This, and Landlock beside it, is what refuses files.
///
/// # Errors
/// Why the filter does not stand, in words.
pub fn eperm() -> Result<(), String> {
    let mut rows: Vec<Row> = probes().into_iter().map(any).collect();
    // F_GET_SEALS alone is let through: a child checks that its file can no longer change.
    rows.push((libc::SYS_fcntl, vec![rule(vec![differs(1, F_GET_SEALS)?])?]));
    install(rows, libc::EPERM).map_err(|why| format!("the soft filter: {why}"))
}

/// ENOSYS for clone3: the C library then falls back to clone, whose flags a filter can see.
///
/// # Errors
/// Why the filter does not stand, in words.
pub fn enosys() -> Result<(), String> {
    install(vec![any(libc::SYS_clone3)], libc::ENOSYS).map_err(|why| format!("the clone3 filter: {why}"))
}

/// `F_GET_SEALS` (fcntl(2)).
pub const F_GET_SEALS: u64 = 1034;

/// Syscalls that are answered with EPERM.
pub fn probes() -> Vec<i64> {
    let mut list = vec![
        // Files by path: time zones, locales, /proc of the allocator and of libraries.
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_readlinkat,
        libc::SYS_getcwd,
        // Is it a terminal?
        libc::SYS_ioctl,
        // How much memory, which kernel?
        libc::SYS_sysinfo,
        libc::SYS_uname,
        // A run time's way to order other threads.
        libc::SYS_membarrier,
    ];
    #[cfg(target_arch = "x86_64")]
    list.extend([
        libc::SYS_open,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_access,
        libc::SYS_readlink,
    ]);
    list
}

fn install(rows: Vec<Row>, errno: i32) -> Result<(), String> {
    let errno = u32::try_from(errno).map_err(|e| e.to_string())?;
    let filter = program(rows, SeccompAction::Errno(errno), SeccompAction::Allow)?;
    apply_filter(&filter).map_err(|e| e.to_string())
}
