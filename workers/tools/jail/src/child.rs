//! One child of the zygote, of which this process is the real parent: killed by pidfd, waited for with its resource usage.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::JailError;

/// How a child ended, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    pub how: How,
    pub peak_rss_bytes: u64,
    pub cpu_us: u64,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Exit(i32),
    Signal(i32),
}

/// A child that has not been waited for. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Child {
    pidfd: OwnedFd,
    socket: OwnedFd,
    /// Which zygote it came from.
    pub generation: u64,
    waited: bool,
}

impl Child {
    /// Takes charge of a child that was just forked; until it is waited for its pid belongs to nobody else.
    pub fn adopt(pid: i32, socket: OwnedFd, generation: u64) -> Result<Child, JailError> {
        let Some(pid) = Pid::from_raw(pid) else {
            return Err(JailError::Silent("it could not fork".to_owned()));
        };
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(JailError::system("opening a child"))?;
        Ok(Child {
            pidfd,
            socket,
            generation,
            waited: false,
        })
    }

    /// The socket to it.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Ends it at once.
    pub fn kill(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Waits until it has ended, killing it at the deadline.
    pub fn wait(&mut self, deadline: Instant) -> Death {
        if !readable(self.pidfd.as_fd(), deadline) {
            self.kill();
        }
        self.waited = true;
        reap(&self.pidfd)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.waited {
            self.kill();
            reap(&self.pidfd);
        }
    }
}

/// Waits until a descriptor can be read or has hung up; false at the deadline.
pub(crate) fn readable(fd: BorrowedFd<'_>, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = timespec(left);
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

/// waitid(2) with the resource usage, which the C library's function of that name leaves out.
fn reap(pidfd: &OwnedFd) -> Death {
    // SAFETY: both are plain C structures for which all zeros is a value.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    loop {
        // SAFETY: the descriptor is open; info and usage are live and of the kernel's size.
        let done = unsafe {
            libc::syscall(
                libc::SYS_waitid,
                libc::P_PIDFD,
                pidfd.as_raw_fd(),
                &raw mut info,
                libc::WEXITED,
                &raw mut usage,
            )
        };
        if done == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            break;
        }
    }
    // SAFETY: waitid fills in the fields of SIGCHLD; where it failed they are zeros.
    let status = unsafe { info.si_status() };
    let how = match info.si_code {
        libc::CLD_EXITED => How::Exit(status),
        libc::CLD_KILLED | libc::CLD_DUMPED => How::Signal(status),
        // Somebody else waited for it (SIGCHLD ignored): how it ended is not known.
        _ => How::Signal(0),
    };
    Death {
        how,
        peak_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or_default().saturating_mul(1024),
        cpu_us: microseconds(usage.ru_utime).saturating_add(microseconds(usage.ru_stime)),
    }
}

fn microseconds(time: libc::timeval) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec).unwrap_or_default();
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}

/// Makes sure that children can be waited for: a host whose own parent ignored SIGCHLD inherits that, and the kernel then
/// throws away how its children ended.
pub(crate) fn keep_statuses() {
    // SAFETY: a plain C structure for which all zeros is a value; the kernel fills it in.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks for the present action of a signal, into live memory.
    let asked = unsafe { libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut now) };
    if asked == 0 && now.sa_sigaction == libc::SIG_IGN {
        // SAFETY: the default action of SIGCHLD runs no code.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    }
}
