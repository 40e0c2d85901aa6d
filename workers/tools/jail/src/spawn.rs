//! Starting `airlock-glass`: descriptor 0 a control socket, 1 the sealed rules, 2 a pipe that is drained; nothing else.

use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use airlock_proto::control::{Hello, MEMORY_STATUS};
use airlock_proto::frame::{Ready, RuleSource, decode};
use airlock_proto::limits::MAX_FRAME_BYTES;
use airlock_proto::text;
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg, socketpair};

use crate::child::{Child, readable};
use crate::{Config, JailError, SealedFile};

/// How long the program may take to say that it runs.
const FIRST_WORD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a fork may take.
const FORK_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of the standard error that are kept for a log line.
const KEPT_STDERR_BYTES: usize = 4096;

/// Compiles rules in a jailed process of their own and says which are broken.
///
/// # Errors
/// Our own trouble only: broken rules are part of the answer.
pub fn check_rules(config: &Config, sources: &[RuleSource]) -> Result<Ready, JailError> {
    // The process dies with this thread, which waits here.
    let (_glass, hello) = Glass::start(config, "rules", &pack(sources)?)?;
    Ok(hello.ready)
}

/// Rule sources as the glass reads them.
pub(crate) fn pack(sources: &[RuleSource]) -> Result<SealedFile, JailError> {
    let bytes = serde_json::to_vec(sources).map_err(|error| JailError::System {
        what: "encoding the rules",
        error: error.into(),
    })?;
    SealedFile::from_bytes(&bytes)
}

/// What a started process said.
#[derive(Debug, Clone)]
pub(crate) struct Greeting {
    pub ready: Ready,
    pub landlock_abi: u32,
    pub mdwe: bool,
}

/// A running `airlock-glass`. Dropping it kills it.
pub(crate) struct Glass {
    process: Process,
    control: OwnedFd,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Glass {
    /// Starts a role and waits for its greeting. The process dies with the calling **thread**, so that thread must stay.
    pub fn start(config: &Config, role: &str, rules: &SealedFile) -> Result<(Glass, Greeting), JailError> {
        let path = &config.glass;
        if !path.is_file() {
            return Err(JailError::GlassMissing { path: path.clone() });
        }
        let (control, theirs) = pair(SocketType::SEQPACKET)?;
        let rules = rules.fd().try_clone_to_owned().map_err(|error| JailError::System {
            what: "passing the rules",
            error,
        })?;
        let mut process = Command::new(path)
            .arg(role)
            .args(["--level", &config.level.to_string()])
            .args(["--cpu-seconds", &config.cpu_seconds.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(rules)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| JailError::Spawn { path: path.clone(), error })?;
        let said = Arc::default();
        if let Some(pipe) = process.stderr.take() {
            drain(pipe, Arc::clone(&said))?;
        }
        let mut glass = Glass { process, control, said };
        let limit = Duration::from_millis(config.start_timeout_ms);
        let greeting = glass.greeting(path, limit)?;
        Ok((glass, greeting))
    }

    fn greeting(&mut self, path: &Path, limit: Duration) -> Result<Greeting, JailError> {
        let started = Instant::now();
        match self.hello(started + FIRST_WORD_TIMEOUT.min(limit))? {
            Some(Hello::Starting { version }) if version == env!("CARGO_PKG_VERSION") => {}
            Some(Hello::Starting { version }) => {
                let version = text::cut(&text::escape(&version), 40);
                return Err(JailError::OtherVersion {
                    path: path.to_path_buf(),
                    version,
                });
            }
            Some(Hello::Refused { why }) => return Err(refused(&why)),
            Some(Hello::Ready { .. }) => return Err(nonsense(path)),
            None => {
                let waited = started.elapsed().as_secs();
                return Err(JailError::Silent(format!(
                    "{} said nothing for {waited} s; is it the airlock-glass that belongs to this airlock?",
                    path.display()
                )));
            }
        }
        match self.hello(started + limit)? {
            Some(Hello::Ready { ready, landlock_abi, mdwe }) => Ok(Greeting { ready, landlock_abi, mdwe }),
            Some(Hello::Refused { why }) => Err(refused(&why)),
            Some(Hello::Starting { .. }) => Err(nonsense(path)),
            None => Err(JailError::Silent(format!(
                "the rules were not compiled within {} s",
                limit.as_secs()
            ))),
        }
    }

    /// The next greeting; `None` when it did not come in time.
    fn hello(&mut self, deadline: Instant) -> Result<Option<Hello>, JailError> {
        if !readable(self.control.as_fd(), deadline) {
            return Ok(None);
        }
        let mut packet = vec![0_u8; MAX_FRAME_BYTES + 4];
        let n = self.receive(&mut packet, deadline)?;
        if n == 0 {
            return Err(self.why_it_died());
        }
        let greeting = decode(packet.get(4..n).unwrap_or_default());
        greeting
            .map(Some)
            .ok_or_else(|| JailError::Silent("its greeting cannot be decoded".to_owned()))
    }

    /// Asks the zygote for a child of a kind.
    pub fn fork(&mut self, kind: u8, index: u8, generation: u64) -> Result<Child, JailError> {
        let (ours, theirs) = pair(SocketType::STREAM)?;
        send_with_fd(self.control.as_fd(), &[kind, index], theirs.as_fd()).map_err(|errno| JailError::Silent(errno.to_string()))?;
        drop(theirs);
        let mut pid = [0_u8; 4];
        let n = self.receive(&mut pid, Instant::now() + FORK_TIMEOUT)?;
        if n != pid.len() {
            return Err(self.why_it_died());
        }
        Child::adopt(i32::from_le_bytes(pid), ours, generation)
    }

    fn receive(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, JailError> {
        if !readable(self.control.as_fd(), deadline) {
            return Err(JailError::Silent("it took too long".to_owned()));
        }
        match retry_on_intr(|| rustix::io::read(&self.control, &mut *buffer)) {
            Ok(n) => Ok(n),
            // Where it dies with an unread request the socket is reset.
            Err(rustix::io::Errno::CONNRESET) => Ok(0),
            Err(errno) => Err(JailError::Silent(errno.to_string())),
        }
    }

    fn why_it_died(&mut self) -> JailError {
        let _ = self.process.kill();
        let status = self.process.wait();
        let said = self.said.lock().map(|said| text::escape_bytes(&said)).unwrap_or_default();
        match status {
            Ok(status) if status.code() == Some(MEMORY_STATUS) => {
                JailError::Refused("compiling the rules took more memory than the jail has".to_owned())
            }
            Ok(status) => JailError::Silent(format!("{status} {said}")),
            Err(error) => JailError::Silent(error.to_string()),
        }
    }
}

fn refused(why: &str) -> JailError {
    JailError::Refused(text::cut(&text::escape(why), 1000))
}

fn nonsense(path: &Path) -> JailError {
    JailError::Silent(format!("{} does not greet as airlock-glass does", path.display()))
}

impl Drop for Glass {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A pair of connected sockets, both closed on exec.
fn pair(kind: SocketType) -> Result<(OwnedFd, OwnedFd), JailError> {
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).map_err(JailError::system("making a socket pair"))
}

/// Sends bytes with a descriptor attached to the first; how many were sent.
pub(crate) fn send_with_fd(
    socket: std::os::fd::BorrowedFd<'_>,
    bytes: &[u8],
    fd: std::os::fd::BorrowedFd<'_>,
) -> Result<usize, rustix::io::Errno> {
    let fds = [fd];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    retry_on_intr(|| sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL))
}

/// Reads a pipe to its end so that no writer ever waits, and keeps the last of it.
fn drain(mut pipe: std::process::ChildStderr, said: Arc<Mutex<Vec<u8>>>) -> Result<(), JailError> {
    let work = move || {
        let mut chunk = [0_u8; KEPT_STDERR_BYTES];
        while let Ok(n) = pipe.read(&mut chunk) {
            if n == 0 {
                break;
            }
            let Ok(mut said) = said.lock() else { break };
            said.extend_from_slice(chunk.get(..n).unwrap_or_default());
            let surplus = said.len().saturating_sub(KEPT_STDERR_BYTES);
            said.drain(..surplus);
        }
    };
    std::thread::Builder::new()
        .name("jail-stderr".to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| JailError::System {
            what: "starting a thread",
            error,
        })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn start(script: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let glass = dir.path().join("glass");
        std::fs::write(&glass, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&glass, std::fs::Permissions::from_mode(0o700)).unwrap();
        let config = Config {
            glass,
            start_timeout_ms: 500,
            ..Config::default()
        };
        check_rules(&config, &[]).unwrap_err().to_string()
    }

    #[test]
    fn a_program_that_is_no_zygote_is_found_out() {
        let mute = start("exec sleep 60");
        assert!(mute.contains("said nothing") && mute.contains("/glass"), "{mute}");
        assert!(start("echo why >&2; exit 3").contains("exit status: 3"));
    }
}
