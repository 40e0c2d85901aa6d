//! Filter B: what a child may ask of the kernel while it looks at a hostile file. Everything else kills it.

use seccompiler::{SeccompAction, apply_filter_all_threads};

use super::seccomp::{Row, any, equal, masked, program, rule};
use super::seccomp_soft;

/// Installs the filter on all threads of the process: the rule engine's heartbeat too.
///
/// # Errors
/// Why it does not stand, in words.
pub fn install() -> Result<(), String> {
    let filter = program(rows()?, SeccompAction::Allow, SeccompAction::KillProcess)?;
    apply_filter_all_threads(&filter).map_err(|e| format!("filter B: {e}"))
}

fn rows() -> Result<Vec<Row>, String> {
    let mut rows = common()?;
    // abort() of this very process, so that the host sees SIGABRT; no signal to anybody else.
    let own = u64::from(std::process::id());
    rows.push((libc::SYS_tgkill, vec![rule(vec![equal(0, own)?])?]));
    Ok(rows)
}

/// The rows that the zygote's filter needs as well.
pub fn common() -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = seccomp_soft::probes().into_iter().map(any).collect();
    rows.extend(
        [
            // The job comes in through recvmsg (with its memfd) and read, frames go out through write, panics and the C
            // library's last words through write and writev. No send: its address could name another socket.
            libc::SYS_read,
            libc::SYS_write,
            libc::SYS_writev,
            libc::SYS_recvmsg,
            libc::SYS_close,
            // Length and content of the memfd.
            libc::SYS_lseek,
            libc::SYS_fstat,
            libc::SYS_pread64,
            // The heap.
            libc::SYS_brk,
            libc::SYS_munmap,
            libc::SYS_mremap,
            // Locks, and the life of the heartbeat thread, which starts and registers while this filter falls on it.
            libc::SYS_futex,
            libc::SYS_rseq,
            libc::SYS_set_robust_list,
            libc::SYS_sched_yield,
            libc::SYS_sched_getaffinity,
            libc::SYS_nanosleep,
            libc::SYS_clock_nanosleep,
            libc::SYS_clock_gettime,
            libc::SYS_gettimeofday,
            libc::SYS_restart_syscall,
            // Signal handlers of the Rust run time and the rule engine (stack overflow, abort).
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sigaltstack,
            libc::SYS_getpid,
            libc::SYS_gettid,
            // Seeds of hash tables.
            libc::SYS_getrandom,
            // The end.
            libc::SYS_exit,
            libc::SYS_exit_group,
        ]
        .map(any),
    );
    // Heap and thread stacks: never executable, never shared (RLIMIT_DATA does not count shared memory).
    rows.push((
        libc::SYS_mmap,
        vec![rule(vec![masked(2, PROT_EXEC, 0)?, masked(3, MAP_TYPE, MAP_PRIVATE)?])?],
    ));
    rows.push((libc::SYS_mprotect, vec![rule(vec![masked(2, PROT_EXEC, 0)?])?]));
    // The allocator gives memory back or asks for large pages; nothing that pins, merges or poisons.
    let mut advice = Vec::new();
    for kind in [libc::MADV_DONTNEED, libc::MADV_FREE, libc::MADV_HUGEPAGE, libc::MADV_NOHUGEPAGE] {
        advice.push(rule(vec![equal(2, number(kind))?])?);
    }
    rows.push((libc::SYS_madvise, advice));
    // Names of threads and of memory areas.
    rows.push((
        libc::SYS_prctl,
        vec![
            rule(vec![equal(0, number(libc::PR_SET_NAME))?])?,
            rule(vec![equal(0, PR_SET_VMA)?])?,
        ],
    ));
    // Only F_GET_SEALS gets past the soft filter.
    rows.push(any(libc::SYS_fcntl));
    Ok(rows)
}

const PROT_EXEC: u64 = 4;
const MAP_TYPE: u64 = 0x0f;
const MAP_PRIVATE: u64 = 2;
const PR_SET_VMA: u64 = 0x5356_4d41;

/// A small positive constant of the C library as a filter's argument.
pub fn number(constant: i32) -> u64 {
    u64::try_from(constant).unwrap_or(u64::MAX)
}
