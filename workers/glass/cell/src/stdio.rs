//! The three descriptors that a jailed process holds: 0 the socket to the host, 1 the rules and later a copy of 2, 2 a pipe
//! that the host drains.
//!
//! Using the standard numbers means that the host passes them with an ordinary spawn and that nothing else is open.

#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::SealFlags;
use rustix::io::{Errno, retry_on_intr};

/// Descriptor 0: the control socket in a zygote, the job's socket in a child.
pub fn socket() -> BorrowedFd<'static> {
    // SAFETY: the Rust runtime opens /dev/null on 0, 1 and 2 before `main` where they are closed, and nothing here closes them.
    unsafe { BorrowedFd::borrow_raw(0) }
}

/// Descriptor 1: the sealed memfd of rules, before [`forget_rules`].
pub fn rules() -> BorrowedFd<'static> {
    // SAFETY: as in `socket`.
    unsafe { BorrowedFd::borrow_raw(1) }
}

/// Closes every descriptor from 3 on that a careless parent leaked into this process.
pub fn close_leaks() {
    // SAFETY: called first thing in `main`, before anything owns a descriptor above 2.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    if done == 0 {
        return;
    }
    // Kernels before 5.9.
    for fd in 3..1024 {
        // SAFETY: as above; closing a closed number is harmless.
        unsafe { libc::close(fd) };
    }
}

/// Puts the job's socket in the place of the control socket.
///
/// # Errors
/// What the kernel says.
pub fn replace_socket(job: OwnedFd) -> Result<(), Errno> {
    put(job.as_raw_fd(), 0)
}

/// Puts a copy of the drained pipe in the place of the rules.
///
/// # Errors
/// What the kernel says.
pub fn forget_rules() -> Result<(), Errno> {
    put(2, 1)
}

fn put(from: i32, to: i32) -> Result<(), Errno> {
    // SAFETY: both numbers are open; `to` is one of the standard three, which no `OwnedFd` owns.
    let done = unsafe { libc::dup2(from, to) };
    if done == to { Ok(()) } else { Err(Errno::INVAL) }
}

/// Reads a sealed memfd from its beginning.
///
/// # Errors
/// Why it cannot be trusted or read, in words.
pub fn read_sealed(fd: BorrowedFd<'_>, most: u64) -> Result<Vec<u8>, String> {
    let length = sealed_length(fd)?;
    if length > most {
        return Err(format!("the rules are longer than {most} bytes"));
    }
    let mut bytes = Vec::new();
    let mut chunk = vec![0_u8; 256 * 1024];
    let mut offset = 0_u64;
    loop {
        let n = retry_on_intr(|| rustix::io::pread(fd, &mut chunk, offset)).map_err(|e| format!("reading the rules: {e}"))?;
        if n == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(chunk.get(..n).unwrap_or_default());
        offset = offset.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
    }
}

/// Length in bytes of a memfd whose content and length can no longer change.
///
/// # Errors
/// In words, when a seal is missing: a shrinking file would kill a reader with SIGBUS, a changing one would pass checks it fails.
pub fn sealed_length(fd: BorrowedFd<'_>) -> Result<u64, String> {
    let wanted = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    let seals = rustix::fs::fcntl_get_seals(fd).map_err(|e| format!("the file is no memfd: {e}"))?;
    if !seals.contains(wanted) {
        return Err("the memfd is not sealed".to_owned());
    }
    rustix::fs::seek(fd, rustix::fs::SeekFrom::End(0)).map_err(|e| format!("the memfd has no length: {e}"))
}
