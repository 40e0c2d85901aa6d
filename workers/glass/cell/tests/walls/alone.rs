//! Each wall alone: a process that has only that one must be refused what it is there for, so that a wall that stops working
//! is seen although others stand behind it. What no wall refuses must succeed, so that an attempt that always fails is seen too.

#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use airlock_cell::canary::attempt_errno;
use airlock_cell::confine::{landlock, process, rlimits, seccomp_a, seccomp_b, seccomp_rules, seccomp_soft};
use airlock_cell::stdio;
use airlock_proto::control::{Attempt, Level, MEMORY_STATUS};
use rustix::fs::{MemfdFlags, SealFlags};

use crate::Test;

/// A wall, built in a fresh process.
type Wall = fn() -> Result<(), String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Status(i32),
    Signal(i32),
}

const KILLED: End = End::Signal(libc::SIGSYS);

fn refused(errno: i32) -> End {
    End::Status(errno)
}

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let mut table = |wall_name: &str, wall: Wall, expected: Vec<(Attempt, End)>| {
        for (attempt, end) in expected {
            let name = format!("alone::{wall_name}::{}", attempt.name());
            tests.push((name, Box::new(move || try_attempt(wall, attempt, end))));
        }
    };
    // Without a wall the attempt works; where the machine itself may say no it is left out.
    let open = vec![
        (Attempt::OpenFile, End::Status(0)),
        (Attempt::WriteFile, End::Status(0)),
        (Attempt::StatFile, End::Status(0)),
        (Attempt::ConnectTcp, End::Status(0)),
        (Attempt::SendUdp, End::Status(0)),
        (Attempt::Fork, End::Status(0)),
        (Attempt::Thread, End::Status(0)),
        (Attempt::Exec, End::Status(0)),
        (Attempt::MapExecutable, End::Status(0)),
        (Attempt::MakeExecutable, End::Status(0)),
        (Attempt::MapShared, End::Status(0)),
        (Attempt::MapTooMuch, End::Status(0)),
        (Attempt::RaiseLimit, End::Status(0)),
    ];
    table("none", || Ok(()), open);
    table("rlimit_data", rlimits::data, vec![(Attempt::MapTooMuch, refused(libc::ENOMEM))]);
    table("rlimit_cpu", || rlimits::cpu(1), vec![(Attempt::Spin, End::Signal(libc::SIGXCPU))]);
    let mut locked = vec![
        (Attempt::OpenFile, refused(libc::EACCES)),
        (Attempt::WriteFile, refused(libc::EACCES)),
        (Attempt::Ptrace, refused(libc::EPERM)),
    ];
    if landlock::version() >= 4 {
        locked.push((Attempt::ConnectTcp, refused(libc::EACCES)));
    }
    if landlock::version() >= 6 {
        locked.push((Attempt::Kill, refused(libc::EPERM)));
    }
    table("landlock", landlock_only, locked);
    table(
        "seccomp_soft",
        || process::no_new_privs().and_then(|()| seccomp_soft::eperm()),
        vec![
            (Attempt::OpenFile, refused(libc::EPERM)),
            (Attempt::WriteFile, refused(libc::EPERM)),
            (Attempt::StatFile, refused(libc::EPERM)),
        ],
    );
    let by_filter = [
        Attempt::ConnectTcp,
        Attempt::SendUdp,
        Attempt::Exec,
        Attempt::Ptrace,
        Attempt::Kill,
        Attempt::MapExecutable,
        Attempt::MapShared,
        Attempt::RaiseLimit,
        Attempt::Namespace,
        Attempt::IoUring,
    ]
    .map(|attempt| (attempt, KILLED));
    let mut b = by_filter.to_vec();
    b.extend([
        (Attempt::Fork, KILLED),
        (Attempt::Thread, KILLED),
        (Attempt::MakeExecutable, KILLED),
    ]);
    table("seccomp_b", || process::no_new_privs().and_then(|()| seccomp_b::install()), b);
    let mut a = by_filter.to_vec();
    a.extend([(Attempt::Fork, End::Status(0)), (Attempt::MakeExecutable, KILLED)]);
    table("seccomp_a", || process::no_new_privs().and_then(|()| seccomp_a::install()), a);
    let mut rules = by_filter.to_vec();
    rules.extend([(Attempt::Fork, KILLED), (Attempt::MakeExecutable, End::Status(0))]);
    table(
        "seccomp_rules",
        || process::no_new_privs().and_then(|()| seccomp_rules::install()),
        rules,
    );
    let single: [(&str, fn()); 12] = [
        ("seccomp_soft::clone3", clone3_is_unknown),
        ("seccomp_a::namespace_clone", a_clone_makes_no_namespace),
        ("seccomp_b::all_threads", filter_b_falls_on_every_thread),
        ("mdwe", memory_gains_no_execution),
        ("rlimits", limits_are_set),
        ("rlimit_fsize", no_file_grows),
        ("rlimit_nofile", few_descriptors),
        ("dumpable", nobody_may_trace),
        ("no_new_privs", no_new_privs_is_set),
        ("pdeathsig", a_child_dies_with_its_parent),
        ("allocator", a_full_memory_has_its_own_status),
        ("seals", an_unsealed_file_is_refused),
    ];
    for (name, test) in single {
        tests.push((format!("alone::{name}"), Box::new(test)));
    }
    tests
}

fn landlock_only() -> Result<(), String> {
    process::no_new_privs()?;
    landlock::deny_all(Level::LandlockSeccomp).map(drop)
}

fn try_attempt(wall: Wall, attempt: Attempt, expected: End) {
    let end = in_fork(move || match wall() {
        Ok(()) => attempt_errno(attempt),
        Err(why) => {
            eprintln!("{why}");
            250
        }
    });
    assert_eq!(end, expected, "{attempt:?}");
    let _ = std::fs::remove_file("/tmp/airlock-canary");
}

/// Runs something in a forked process; it ends with the status that it returns.
fn in_fork(work: impl FnOnce() -> i32) -> End {
    // SAFETY: the harness has one thread, so the copy is whole.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(251);
        // SAFETY: does not return.
        unsafe { libc::_exit(status) }
    }
    let mut status = 0;
    // SAFETY: waits for the process made above.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        End::Status(libc::WEXITSTATUS(status))
    }
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(249)
}

fn clone3_is_unknown() {
    let end = in_fork(|| {
        process::no_new_privs().and_then(|()| seccomp_soft::enosys()).unwrap();
        // SAFETY: the kernel refuses a null argument of length 0 in any case.
        let done = unsafe { libc::syscall(libc::SYS_clone3, std::ptr::null::<u8>(), 0_usize) };
        if done < 0 { errno() } else { 0 }
    });
    assert_eq!(end, End::Status(libc::ENOSYS));
}

fn a_clone_makes_no_namespace() {
    let clone = |flag: libc::c_int| {
        in_fork(move || {
            process::no_new_privs().and_then(|()| seccomp_a::install()).unwrap();
            let flags = libc::c_long::from(flag | libc::SIGCHLD);
            // SAFETY: without CLONE_VM this is fork(2); the child only ends.
            let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0_usize, 0_usize, 0_usize, 0_usize) };
            i32::from(pid < 0)
        })
    };
    assert_eq!(clone(0), End::Status(0));
    for flag in [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
        0x80,
    ] {
        assert_eq!(clone(flag), KILLED, "{flag:x}");
    }
}

fn filter_b_falls_on_every_thread() {
    let end = in_fork(|| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            attempt_errno(Attempt::ConnectTcp)
        });
        process::no_new_privs().and_then(|()| seccomp_b::install()).unwrap();
        std::thread::sleep(Duration::from_secs(5));
        0
    });
    assert_eq!(end, KILLED);
}

fn memory_gains_no_execution() {
    let end = in_fork(|| {
        if process::no_exec_gain() {
            attempt_errno(Attempt::MakeExecutable)
        } else {
            println!("this kernel has no PR_SET_MDWE: the filters stand alone");
            libc::EACCES
        }
    });
    assert_eq!(end, refused(libc::EACCES));
}

/// Whether this kernel has `PR_SET_MDWE` at all.
pub fn kernel_knows_exec_gain() -> bool {
    in_fork(|| i32::from(process::no_exec_gain())) == End::Status(1)
}

fn limits_are_set() {
    use rustix::process::{Resource, getrlimit};
    let end = in_fork(|| {
        rlimits::zygote().unwrap();
        let zero = [Resource::Core, Resource::Fsize, Resource::Memlock, Resource::Msgqueue];
        for limit in zero.map(getrlimit) {
            assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        }
        assert!(getrlimit(Resource::Stack).maximum.is_some());
        assert!(getrlimit(Resource::Cpu).maximum.is_some());
        0
    });
    assert_eq!(end, End::Status(0));
}

fn no_file_grows() {
    let end = in_fork(|| {
        let file = rustix::fs::memfd_create("x", MemfdFlags::CLOEXEC).unwrap();
        rlimits::zygote().unwrap();
        i32::from(rustix::io::write(&file, b"x").is_err())
    });
    assert_eq!(end, End::Signal(libc::SIGXFSZ));
}

fn few_descriptors() {
    let end = in_fork(|| {
        rlimits::zygote().unwrap();
        let mut kept = Vec::new();
        loop {
            match rustix::io::dup(stdio::socket()) {
                Ok(fd) => kept.push(fd),
                Err(error) => return if kept.len() <= 16 { error.raw_os_error() } else { 0 },
            }
        }
    });
    assert_eq!(end, refused(libc::EMFILE));
}

fn nobody_may_trace() {
    let end = in_fork(|| {
        process::undumpable().unwrap();
        // SAFETY: takes no further argument.
        unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }
    });
    assert_eq!(end, End::Status(0));
}

fn no_new_privs_is_set() {
    let end = in_fork(|| {
        process::no_new_privs().unwrap();
        // SAFETY: the kernel wants zeros.
        unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) }
    });
    assert_eq!(end, End::Status(1));
}

fn a_child_dies_with_its_parent() {
    // A host that is not the parent is a host that is gone.
    let end = in_fork(|| i32::from(process::die_with_parent(1).is_err()));
    assert_eq!(end, End::Status(1));
    let (watch, held) = rustix::pipe::pipe().unwrap();
    let end = in_fork(|| {
        // SAFETY: takes no argument.
        let host = unsafe { libc::getpid() };
        // SAFETY: this process has one thread.
        if unsafe { libc::fork() } == 0 {
            process::die_with_parent(host).unwrap();
            rustix::io::write(&held, b"!").unwrap();
            std::thread::sleep(Duration::from_secs(20));
            return 0;
        }
        rustix::io::read(&watch, &mut [0_u8; 1]).unwrap();
        // SAFETY: signals this process itself.
        unsafe { libc::kill(host, libc::SIGKILL) }
    });
    assert_eq!(end, End::Signal(libc::SIGKILL));
    // The grandchild holds the pipe open while it lives.
    drop(held);
    let start = Instant::now();
    assert_eq!(rustix::io::read(&watch, &mut [0_u8; 1]), Ok(0));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

fn a_full_memory_has_its_own_status() {
    let end = in_fork(|| {
        rlimits::data().unwrap();
        let mut kept: Vec<Vec<u8>> = Vec::new();
        loop {
            kept.push(vec![1; 8 * 1024 * 1024]);
        }
    });
    assert_eq!(end, End::Status(MEMORY_STATUS));
}

fn an_unsealed_file_is_refused() {
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    for missing in [SealFlags::SHRINK, SealFlags::GROW, SealFlags::WRITE, SealFlags::SEAL] {
        let file = rustix::fs::memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        rustix::fs::fcntl_add_seals(&file, all - missing).unwrap();
        assert!(stdio::sealed_length(file.as_fd()).is_err(), "{missing:?}");
    }
    let file = rustix::fs::memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::fcntl_add_seals(&file, all).unwrap();
    assert_eq!(stdio::sealed_length(file.as_fd()), Ok(0));
}
