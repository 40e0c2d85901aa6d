//! The filter of the role `rules`: filter B, but compiled rules become machine code, so memory may become executable.

use seccompiler::{SeccompAction, apply_filter_all_threads};

use super::seccomp::{any, program};
use super::seccomp_b::common;

/// Installs the filter on all threads.
///
/// # Errors
/// Why it does not stand, in words.
pub fn install() -> Result<(), String> {
    let mut rows = common()?;
    // The rule engine writes code into a mapping and then makes it executable; what it compiles is not run here.
    rows.retain(|(syscall, _)| *syscall != libc::SYS_mprotect);
    rows.push(any(libc::SYS_mprotect));
    let filter = program(rows, SeccompAction::Allow, SeccompAction::KillProcess)?;
    apply_filter_all_threads(&filter).map_err(|e| format!("the filter of the rule compiler: {e}"))
}
