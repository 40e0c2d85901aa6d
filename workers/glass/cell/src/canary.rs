//! The canary: a child like any other that tries one wall each and tells the host what came of it.
//!
//! It runs behind the released walls, at every start, so that a host is never ready on a kernel that does not hold them.

#![allow(unsafe_code)]

use std::ptr::{null, null_mut};

use airlock_proto::control::Attempt;
use airlock_proto::limits::CHILD_DATA_BYTES;

use crate::frames::write_all;

/// Tries one thing and writes the kernel's error to the host as a little-endian `i32`: 0 when it was allowed. Most attempts
/// do not come back.
pub fn try_and_tell(attempt: Attempt) {
    let errno = attempt_errno(attempt);
    let _ = write_all(&errno.to_le_bytes());
}

/// Tries one thing; 0 when the kernel allows it, else the error.
pub fn attempt_errno(attempt: Attempt) -> i32 {
    match attempt {
        Attempt::OpenFile => open(libc::O_RDONLY | libc::O_CLOEXEC, c"/"),
        Attempt::WriteFile => open(libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC, c"/tmp/airlock-canary"),
        Attempt::StatFile => stat(),
        Attempt::ConnectTcp => talk(libc::SOCK_STREAM),
        Attempt::SendUdp => talk(libc::SOCK_DGRAM),
        Attempt::Fork => fork(),
        Attempt::Thread => thread(),
        Attempt::Exec => exec(),
        // SAFETY: attaching to a process reads and writes no memory of ours.
        Attempt::Ptrace => errno(unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, OTHER, 0_usize, 0_usize) }),
        // SAFETY: signal 0 only asks whether a signal would be allowed.
        Attempt::Kill => errno(unsafe { libc::syscall(libc::SYS_kill, OTHER, 0) }),
        Attempt::MapExecutable => map(4096, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE),
        Attempt::MakeExecutable => make_executable(),
        Attempt::MapShared => map(too_much(), libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED),
        Attempt::MapTooMuch => map(too_much(), libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE),
        Attempt::RaiseLimit => raise_limit(),
        // SAFETY: takes a number only.
        Attempt::Namespace => errno(unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER) }),
        Attempt::IoUring => io_uring(),
        Attempt::Spin => spin(),
    }
}

fn errno(result: libc::c_long) -> i32 {
    if result >= 0 {
        return 0;
    }
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// Somebody else. Asking for the parent would be stopped before the attempt is.
const OTHER: i32 = 1;

fn open(flags: i32, path: &std::ffi::CStr) -> i32 {
    // SAFETY: the path ends in a zero byte; flags and mode are numbers.
    errno(unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600) })
}

fn stat() -> i32 {
    let mut buffer = [0_u64; 64];
    // SAFETY: the path ends in a zero byte, and the buffer is longer than any kernel's `struct stat` (144 bytes).
    errno(unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, c"/".as_ptr(), buffer.as_mut_ptr(), 0) })
}

fn talk(kind: i32) -> i32 {
    // SAFETY: takes numbers only.
    let socket = unsafe { libc::syscall(libc::SYS_socket, libc::AF_INET, kind, 0) };
    if socket < 0 {
        return errno(socket);
    }
    let address = libc::sockaddr_in {
        sin_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap_or_default(),
        sin_port: 9_u16.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    let length = size_of::<libc::sockaddr_in>();
    // SAFETY: the address lives through the call and its length is its own.
    let done = unsafe { libc::syscall(libc::SYS_connect, socket, &raw const address, length) };
    let refused = errno(done);
    if kind == libc::SOCK_STREAM {
        // "Nobody listens there" means that the network answered.
        return if refused == libc::ECONNREFUSED { 0 } else { refused };
    }
    if refused != 0 {
        return refused;
    }
    // SAFETY: one byte is sent from a live array; there is no address.
    errno(unsafe { libc::syscall(libc::SYS_sendto, socket, [0_u8].as_ptr(), 1_usize, 0, null::<u8>(), 0) })
}

fn fork() -> i32 {
    let zero: libc::c_long = 0;
    // SAFETY: without CLONE_VM this is fork(2); the child does nothing but end.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(libc::SIGCHLD), zero, zero, zero, zero) };
    if pid == 0 {
        // SAFETY: does not return.
        unsafe { libc::_exit(0) }
    }
    errno(pid)
}

fn thread() -> i32 {
    match std::thread::Builder::new().spawn(|| {}) {
        Ok(thread) => {
            let _ = thread.join();
            0
        }
        Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
    }
}

fn exec() -> i32 {
    let arguments = [c"true".as_ptr(), null()];
    let environment = [null::<libc::c_char>()];
    // SAFETY: path and both arrays are terminated and live through the call.
    errno(unsafe { libc::syscall(libc::SYS_execve, c"/bin/true".as_ptr(), arguments.as_ptr(), environment.as_ptr()) })
}

fn map(length: usize, protection: i32, kind: i32) -> i32 {
    // SAFETY: a new anonymous mapping at an address that the kernel chooses; it is never used.
    let start = unsafe { libc::mmap(null_mut(), length, protection, kind | libc::MAP_ANONYMOUS, -1, 0) };
    if start == libc::MAP_FAILED { errno(-1) } else { 0 }
}

fn make_executable() -> i32 {
    // SAFETY: as in `map`.
    let start = unsafe {
        libc::mmap(
            null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return errno(-1);
    }
    // SAFETY: the page was mapped above and nothing else uses it.
    errno(libc::c_long::from(unsafe {
        libc::mprotect(start, 4096, libc::PROT_READ | libc::PROT_EXEC)
    }))
}

fn too_much() -> usize {
    usize::try_from(CHILD_DATA_BYTES.saturating_mul(2)).unwrap_or(usize::MAX)
}

fn raise_limit() -> i32 {
    let limit = libc::rlimit64 {
        rlim_cur: libc::RLIM64_INFINITY,
        rlim_max: libc::RLIM64_INFINITY,
    };
    // SAFETY: the limit lives through the call; the old one is not asked for.
    errno(unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            0,
            libc::RLIMIT_DATA,
            &raw const limit,
            null_mut::<libc::rlimit64>(),
        )
    })
}

fn io_uring() -> i32 {
    let mut parameters = [0_u64; 32];
    // SAFETY: the kernel writes at most 120 bytes of `struct io_uring_params` into the 256.
    errno(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
}

fn spin() -> i32 {
    loop {
        std::hint::spin_loop();
    }
}
