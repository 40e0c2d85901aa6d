//! The zygote: compiles the rules, locks itself down, then forks one-job children on request. It sees trusted input only.
//!
//! It is single-threaded for its whole life: a fork copies one thread, and the rule engine's heartbeat would be lost in it.

#![allow(unsafe_code)]

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use airlock_inspector::{Matcher, RuleSet, Surroundings, inspect};
use airlock_proto::control::{Attempt, Hello, Level, REQUEST_CANARY, REQUEST_JOB};
use airlock_proto::frame::{BrokenRule, JobHeader, Ready, RuleSource, encode};
use rustix::io::retry_on_intr;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt};

use crate::child::{self, Role};
use crate::confine::{self, Standing};
use crate::frames::{Frames, write_all};
use crate::stdio;

/// Longest pack of rule sources in bytes.
pub const MAX_RULES_BYTES: u64 = 256 * 1024 * 1024;

/// How a zygote is set up.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Walls that must stand.
    pub level: Level,
    /// CPU seconds of each child.
    pub cpu_seconds: u64,
}

/// What the children of a zygote do with their file.
pub trait Job {
    /// Called in the child before filter B: the last moment to start a thread.
    fn arm(&mut self);
    /// Looks at the file, and ends with the end frame.
    fn run(&mut self, header: &JobHeader, bytes: &[u8], frames: &mut Frames);
}

/// Runs the zygote of the inspector; returns when the host has hung up, and never in a child.
///
/// # Errors
/// Why it will not serve, in words; the host has been told.
pub fn run(settings: Settings) -> Result<(), String> {
    run_inspection(settings, true)
}

/// The same without the rule engine's heartbeat thread, so without timeouts of rules: for measuring what it costs. The released
/// program never calls it.
///
/// # Errors
/// As [`run`].
pub fn run_without_heartbeat(settings: Settings) -> Result<(), String> {
    run_inspection(settings, false)
}

fn run_inspection(settings: Settings, heartbeat: bool) -> Result<(), String> {
    tell_failure(|| {
        let host = host()?;
        confine::begin(host)?;
        say_starting();
        let (rules, ready) = RuleSet::compile(&sources()?);
        stdio::forget_rules().map_err(|e| format!("closing the rules: {e}"))?;
        let mut matcher = rules.matcher();
        matcher.warm();
        airlock_inspector::sniff::warm();
        crate::alloc::fill_holes();
        crate::alloc::keep_freed();
        lock_and_serve(settings, host, ready, &mut Inspection { matcher, heartbeat })
    })
}

/// The rule sources on descriptor 1.
///
/// # Errors
/// Why they cannot be read, in words.
pub fn sources() -> Result<Vec<RuleSource>, String> {
    let bytes = stdio::read_sealed(stdio::rules(), MAX_RULES_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|e| format!("the rules cannot be decoded: {e}"))
}

/// The process at the other end of the control socket, which must be our parent.
///
/// # Errors
/// In words, when descriptor 0 is no socket pair made by the host.
pub fn host() -> Result<i32, String> {
    let credentials =
        sockopt::socket_peercred(stdio::socket()).map_err(|e| format!("this program is started by airlock only: descriptor 0: {e}"))?;
    Ok(credentials.pid.as_raw_nonzero().get())
}

/// Runs a role and tells the host when it refuses.
///
/// # Errors
/// What the role says.
pub fn tell_failure(role: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    role().inspect_err(|why| say(&Hello::Refused { why: why.clone() }))
}

/// Tells the host that this is its other half, before anything that takes time.
pub fn say_starting() {
    say(&Hello::Starting {
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
}

/// A host that does not listen is found out by the next request.
fn say(hello: &Hello) {
    if let Some(frame) = encode(hello) {
        let _ = write_all(&frame);
    }
}

/// Locks the process down, says so, and forks children until the host hangs up.
///
/// # Errors
/// Which wall does not stand, in words.
pub fn lock_and_serve(settings: Settings, host: i32, ready: Ready, job: &mut dyn Job) -> Result<(), String> {
    let standing = confine::lock_zygote(settings.level)?;
    let hello = greeting(ready, standing)?;
    write_all(&hello).map_err(|e| format!("the host does not listen: {e}"))?;
    quiet_panics();
    while let Some((role, socket)) = next_request()? {
        fork(settings, host, role, socket, job)?;
    }
    Ok(())
}

/// The first frame: rules and walls. A frame names some hundred broken rule files; of more it says how many.
///
/// # Errors
/// In words, when it cannot be encoded.
pub fn greeting(mut ready: Ready, standing: Standing) -> Result<Vec<u8>, String> {
    let all = ready.broken.len();
    let mut named = all;
    loop {
        let hello = Hello::Ready {
            ready: ready.clone(),
            landlock_abi: standing.landlock_abi,
            mdwe: standing.mdwe,
        };
        if let Some(frame) = encode(&hello) {
            return Ok(frame);
        }
        named = named.checked_div(2).filter(|&n| n > 0).ok_or("the greeting is too long")?;
        ready.broken.truncate(named);
        ready.broken.push(BrokenRule {
            path: "…".to_owned(),
            line: 0,
            message: format!("{} more rule files are broken", all.saturating_sub(named)),
        });
    }
}

/// A panic in a child is caught by the walk and becomes a gap; its message could carry hostile text, so none is printed.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

fn next_request() -> Result<Option<(Role, OwnedFd)>, String> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut words = [0_u8; 2];
    loop {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = retry_on_intr(|| {
            let mut iov = [IoSliceMut::new(&mut words)];
            recvmsg(stdio::socket(), &mut iov, &mut control, RecvFlags::CMSG_CLOEXEC)
        })
        .map_err(|e| format!("the control socket: {e}"))?;
        if got.bytes == 0 {
            return Ok(None);
        }
        let socket = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let role = match words {
            [REQUEST_JOB, _] => Some(Role::Job),
            [REQUEST_CANARY, index] => Attempt::ALL.get(usize::from(index)).copied().map(Role::Canary),
            _ => None,
        };
        if let (Some(role), Some(socket)) = (role, socket) {
            return Ok(Some((role, socket)));
        }
        answer(0)?;
    }
}

fn fork(settings: Settings, host: i32, role: Role, socket: OwnedFd, job: &mut dyn Job) -> Result<(), String> {
    // CLONE_PARENT makes the host the real parent: it gets status and rusage, and no pid can be mistaken for another.
    let flags = libc::c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    let zero: libc::c_long = 0;
    // SAFETY: without CLONE_VM this is fork(2): the child has its own copy of this single-threaded process, so no lock can be
    // held by a thread that is gone. The null stack means that the child goes on on its copy of ours.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, zero, zero, zero, zero) };
    if pid == 0 {
        child::live(
            child::Birth {
                settings,
                host,
                role,
                socket,
            },
            job,
        )
    }
    drop(socket);
    answer(i32::try_from(pid).unwrap_or_default().max(0))
}

fn answer(pid: i32) -> Result<(), String> {
    write_all(&pid.to_le_bytes()).map_err(|e| format!("the control socket: {e}"))
}

/// The job of the released binary: the walk with the rules.
struct Inspection<'r> {
    matcher: Matcher<'r>,
    heartbeat: bool,
}

impl Job for Inspection<'_> {
    fn arm(&mut self) {
        if self.heartbeat {
            self.matcher.arm();
        }
    }

    #[allow(clippy::disallowed_methods, reason = "here the clock enters the glass, as the walk's argument")]
    fn run(&mut self, header: &JobHeader, bytes: &[u8], frames: &mut Frames) {
        let start = std::time::Instant::now();
        let deadline = std::time::Duration::from_millis(header.limits.deadline_ms);
        inspect(
            bytes,
            Surroundings {
                job: header,
                matcher: Some(&mut self.matcher),
                expired: &|| start.elapsed() >= deadline,
                emit: &mut |frame| frames.emit(&frame),
            },
        );
    }
}
