//! A child: forked idle and locked, it waits for one job, does it, and is gone. It is never reused: a child that a file has
//! taken over could lie about that file only.

#![allow(unsafe_code)]

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock_proto::control::Attempt;
use airlock_proto::frame::{JobHeader, decode};
use airlock_proto::limits::MAX_FRAME_BYTES;
use rustix::io::retry_on_intr;
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::canary;
use crate::confine;
use crate::frames::Frames;
use crate::stdio;
use crate::zygote::{Job, Settings};

/// Exit status when a wall of the child itself did not stand; no job has been taken then.
pub const NOT_LOCKED_STATUS: i32 = 114;
/// Exit status when the job did not arrive whole or its file was not sealed.
pub const NO_JOB_STATUS: i32 = 115;

/// Exit status of a panic that the walk did not catch; Rust's own.
pub const PANIC_STATUS: i32 = 101;

/// What a child is made for.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// Look at one file.
    Job,
    /// Try one thing that must be refused.
    Canary(Attempt),
}

/// What a child is born with.
pub struct Birth {
    /// The zygote's settings.
    pub settings: Settings,
    /// The process with which it dies.
    pub host: i32,
    /// What it is made for.
    pub role: Role,
    /// Its own socket to the host.
    pub socket: OwnedFd,
}

/// Runs a child to its end.
pub fn live(birth: Birth, job: &mut dyn Job) -> ! {
    // A panic must not unwind into the zygote's frames, whose copies lie above on this stack.
    let status = match catch_unwind(AssertUnwindSafe(|| be(birth, job))) {
        Ok(Ok(())) => 0,
        Ok(Err(status)) => status,
        Err(_) => PANIC_STATUS,
    };
    // SAFETY: takes any status and does not return. Not `exit`: the handlers and destructors belong to the zygote, whose copy
    // this is, and would only cost time.
    unsafe { libc::_exit(status) }
}

fn be(birth: Birth, job: &mut dyn Job) -> Result<(), i32> {
    let role = birth.role;
    lock(birth, job).map_err(|_| NOT_LOCKED_STATUS)?;
    match role {
        Role::Canary(attempt) => {
            canary::try_and_tell(attempt);
            Ok(())
        }
        Role::Job => work(job).ok_or(NO_JOB_STATUS),
    }
}

fn lock(birth: Birth, job: &mut dyn Job) -> Result<(), String> {
    stdio::replace_socket(birth.socket).map_err(|e| e.to_string())?;
    confine::begin_child(birth.host, birth.settings.cpu_seconds)?;
    job.arm();
    confine::lock_child()
}

fn work(job: &mut dyn Job) -> Option<()> {
    let (header, file) = receive()?;
    let bytes = map(&file)?;
    let mut frames = Frames::new(header.limits.max_report_bytes);
    job.run(&header, bytes, &mut frames);
    Some(())
}

/// Waits for the header frame and the memfd that comes with its first byte.
fn receive() -> Option<(JobHeader, OwnedFd)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut length = [0_u8; 4];
    let got = retry_on_intr(|| {
        let mut iov = [IoSliceMut::new(&mut length)];
        recvmsg(stdio::socket(), &mut iov, &mut control, RecvFlags::CMSG_CLOEXEC)
    })
    .ok()?;
    let file = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    })?;
    read_exact(length.get_mut(got.bytes..)?)?;
    let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
    if length > MAX_FRAME_BYTES {
        return None;
    }
    let mut body = vec![0_u8; length];
    read_exact(&mut body)?;
    Some((decode(&body)?, file))
}

fn read_exact(mut buffer: &mut [u8]) -> Option<()> {
    while !buffer.is_empty() {
        let n = retry_on_intr(|| rustix::io::read(stdio::socket(), &mut *buffer)).ok()?;
        if n == 0 {
            return None;
        }
        buffer = buffer.get_mut(n..)?;
    }
    Some(())
}

/// Maps the file for reading. It stays mapped to the end of the process.
fn map(file: &OwnedFd) -> Option<&'static [u8]> {
    let length = usize::try_from(stdio::sealed_length(file.as_fd()).ok()?).ok()?;
    if length == 0 {
        return Some(&[]);
    }
    // SAFETY: a new mapping at an address that the kernel chooses touches nothing that exists.
    let start = unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0) }.ok()?;
    // SAFETY: the mapping is `length` bytes long and is never unmapped. The seals were checked: nobody can shrink the file
    // (SIGBUS) or change its bytes under the reference.
    Some(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) })
}
