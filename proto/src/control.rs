//! What the host and the zygote say to one another before any file is looked at.
//!
//! The control socket is a `SOCK_SEQPACKET` pair. The zygote speaks first: [`Hello::Starting`] at once, then [`Hello::Ready`] or
//! [`Hello::Refused`]. Then each request is two bytes (a kind and an index) with one end of a fresh socket pair attached, and each answer is the pid of the child as a
//! little-endian `i32`, or 0 where it could not be forked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::frame::Ready;

/// Exit status of a jailed process whose memory cap was reached.
pub const MEMORY_STATUS: i32 = 112;
/// Exit status of a zygote that refused to start; its [`Hello::Refused`] says why.
pub const REFUSED_STATUS: i32 = 113;
/// First byte of a request for a child that waits for a job.
pub const REQUEST_JOB: u8 = b'j';
/// First byte of a request for a canary child; the second byte is the index into [`Attempt::ALL`].
pub const REQUEST_CANARY: u8 = b'c';

/// Which walls must stand before a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Level {
    /// Landlock, with everything that the running kernel's version of it knows, and seccomp.
    #[default]
    #[serde(rename = "landlock+seccomp")]
    LandlockSeccomp,
    /// Seccomp; Landlock too where the kernel has it. For kernels and gVisor without Landlock.
    #[serde(rename = "seccomp")]
    Seccomp,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::LandlockSeccomp => "landlock+seccomp",
            Level::Seccomp => "seccomp",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "landlock+seccomp" => Ok(Level::LandlockSeccomp),
            "seccomp" => Ok(Level::Seccomp),
            other => Err(format!("unknown jail level {other:?}: use landlock+seccomp or seccomp")),
        }
    }
}

/// What a zygote says before it serves, one frame each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hello {
    /// It runs, and compiles the rules now: a program that is no zygote is found out early.
    Starting {
        /// Version of the program; both halves are of one.
        version: String,
    },
    /// The rules are loaded and the walls stand.
    Ready {
        /// The rules.
        ready: Ready,
        /// Version of Landlock that is enforced; 0 for none.
        landlock_abi: u32,
        /// Whether the kernel itself refuses memory that gains the right to execute (Linux 6.3).
        mdwe: bool,
    },
    /// A wall does not stand, or the zygote was not given what it needs.
    Refused {
        /// The exact reason.
        why: String,
    },
}

/// Something that a canary child tries and that a wall must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Open a file for reading.
    OpenFile,
    /// Create a file.
    WriteFile,
    /// Ask whether a file exists.
    StatFile,
    /// Make a TCP connection.
    ConnectTcp,
    /// Send a datagram.
    SendUdp,
    /// Make a process.
    Fork,
    /// Make a thread.
    Thread,
    /// Run a program.
    Exec,
    /// Trace another process.
    Ptrace,
    /// Signal another process.
    Kill,
    /// Map memory that can be executed.
    MapExecutable,
    /// Make memory executable.
    MakeExecutable,
    /// Map memory that the cap does not count.
    MapShared,
    /// Map more private memory than the cap.
    MapTooMuch,
    /// Raise a limit.
    RaiseLimit,
    /// Make a user namespace.
    Namespace,
    /// Make an io_uring.
    IoUring,
    /// Compute for ever.
    Spin,
}

impl Attempt {
    /// All attempts, in the order in which they are shown.
    pub const ALL: &'static [Attempt] = &[
        Attempt::OpenFile,
        Attempt::WriteFile,
        Attempt::StatFile,
        Attempt::ConnectTcp,
        Attempt::SendUdp,
        Attempt::Fork,
        Attempt::Thread,
        Attempt::Exec,
        Attempt::Ptrace,
        Attempt::Kill,
        Attempt::MapExecutable,
        Attempt::MakeExecutable,
        Attempt::MapShared,
        Attempt::MapTooMuch,
        Attempt::RaiseLimit,
        Attempt::Namespace,
        Attempt::IoUring,
        Attempt::Spin,
    ];

    /// Short name.
    pub fn name(self) -> &'static str {
        match self {
            Attempt::OpenFile => "open",
            Attempt::WriteFile => "write",
            Attempt::StatFile => "stat",
            Attempt::ConnectTcp => "tcp",
            Attempt::SendUdp => "udp",
            Attempt::Fork => "fork",
            Attempt::Thread => "thread",
            Attempt::Exec => "exec",
            Attempt::Ptrace => "ptrace",
            Attempt::Kill => "kill",
            Attempt::MapExecutable => "map-exec",
            Attempt::MakeExecutable => "make-exec",
            Attempt::MapShared => "map-shared",
            Attempt::MapTooMuch => "memory",
            Attempt::RaiseLimit => "rlimit",
            Attempt::Namespace => "namespace",
            Attempt::IoUring => "io-uring",
            Attempt::Spin => "spin",
        }
    }

    /// What is tried, in plain words.
    pub fn what(self) -> &'static str {
        match self {
            Attempt::OpenFile => "open a file",
            Attempt::WriteFile => "create a file",
            Attempt::StatFile => "ask whether a file exists",
            Attempt::ConnectTcp => "make a TCP connection",
            Attempt::SendUdp => "send a UDP datagram",
            Attempt::Fork => "start a process",
            Attempt::Thread => "start a thread",
            Attempt::Exec => "run a program",
            Attempt::Ptrace => "trace another process",
            Attempt::Kill => "signal another process",
            Attempt::MapExecutable => "map executable memory",
            Attempt::MakeExecutable => "make memory executable",
            Attempt::MapShared => "map shared memory",
            Attempt::MapTooMuch => "map more memory than the cap",
            Attempt::RaiseLimit => "raise its own limits",
            Attempt::Namespace => "enter a new namespace",
            Attempt::IoUring => "set up an io_uring",
            Attempt::Spin => "compute for ever",
        }
    }
}
