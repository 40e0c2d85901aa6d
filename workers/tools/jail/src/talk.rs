//! One conversation with one child: the job goes out, capped frames come back, and at the deadline the child is killed.

use std::time::{Duration, Instant};

use airlock_proto::control::MEMORY_STATUS;
use airlock_proto::frame::encode;
use airlock_proto::limits::MAX_FRAME_BYTES;
use airlock_proto::{Gap, GapKind};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SendFlags, send};

use crate::child::{Child, Death, How, readable};
use crate::ledger::{Ledger, Lie};
use crate::spawn::send_with_fd;
use crate::{JailError, SealedFile};
use airlock_proto::frame::JobHeader;

/// How long a child may take to end once it has said that it is done.
const LAST_BREATH: Duration = Duration::from_secs(5);

/// What came of a conversation.
pub(crate) struct Said<'j> {
    pub ledger: Ledger<'j>,
    pub verdict: Verdict,
    pub death: Death,
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The child said that it was done, and ended by itself.
    Whole,
    /// It had no chance: it died before it had taken the job.
    NotTaken,
    /// A cap explains it: the gap stands.
    Capped(Gap),
    /// No cap explains it.
    Died(Gap),
    /// It said what no honest child says.
    Lied(Gap),
}

impl Said<'_> {
    /// Whether the zygote must be replaced: somebody may have learned its address layout.
    pub fn layout_is_known(&self) -> bool {
        match self.verdict {
            Verdict::Lied(_) => true,
            Verdict::Whole | Verdict::NotTaken | Verdict::Capped(_) => false,
            Verdict::Died(_) => matches!(self.death.how, How::Signal(_)),
        }
    }
}

/// The header as the child reads it.
pub(crate) fn envelope(header: &JobHeader) -> Result<Vec<u8>, JailError> {
    encode(header).ok_or(JailError::HeaderTooLong)
}

/// Hands a job to a child and listens to its end.
pub(crate) fn converse<'j>(mut child: Child, header: &'j JobHeader, envelope: &[u8], file: &'j SealedFile, cpu_seconds: u64) -> Said<'j> {
    let mut ledger = Ledger::new(header, file);
    let soft = Duration::from_millis(header.limits.deadline_ms);
    // The soft deadline is the child's own; a quarter later it is ours.
    let hard = soft.saturating_add(soft / 4);
    let deadline = Instant::now() + hard;
    if hand_over(&child, envelope, file).is_err() {
        child.kill();
        let death = child.wait(deadline);
        return Said {
            ledger,
            verdict: Verdict::NotTaken,
            death,
        };
    }
    let heard = listen(&child, &mut ledger, deadline);
    let patience = match heard {
        Heard::Out => Instant::now() + LAST_BREATH,
        Heard::TooLate | Heard::Lie(_) => {
            child.kill();
            deadline
        }
    };
    let death = child.wait(patience);
    let verdict = judge(heard, death, ledger.ended(), hard, cpu_seconds);
    Said { ledger, verdict, death }
}

enum Heard {
    /// The socket is closed at the other end.
    Out,
    TooLate,
    Lie(Lie),
}

fn hand_over(child: &Child, envelope: &[u8], file: &SealedFile) -> Result<(), Errno> {
    let mut sent = send_with_fd(child.socket(), envelope, file.fd())?;
    while let Some(rest) = envelope.get(sent..).filter(|rest| !rest.is_empty()) {
        let n = retry_on_intr(|| send(child.socket(), rest, SendFlags::NOSIGNAL))?;
        sent = sent.saturating_add(n);
    }
    Ok(())
}

fn listen(child: &Child, ledger: &mut Ledger<'_>, deadline: Instant) -> Heard {
    let mut buffer = Vec::new();
    let mut chunk = vec![0_u8; MAX_FRAME_BYTES + 4];
    let mut room = ledger.max_bytes();
    loop {
        if !readable(child.socket(), deadline) {
            return Heard::TooLate;
        }
        let n = match retry_on_intr(|| rustix::io::read(child.socket(), &mut chunk)) {
            Ok(0) | Err(_) => return Heard::Out,
            Ok(n) => n,
        };
        let Some(left) = room.checked_sub(n) else {
            return Heard::Lie(Lie("more bytes than the limit of a report"));
        };
        room = left;
        buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
        match take_frames(&buffer, ledger) {
            Ok(used) => drop(buffer.drain(..used)),
            Err(lie) => return Heard::Lie(lie),
        }
    }
}

/// Takes all whole frames from the front of the bytes; how many bytes they were.
fn take_frames(bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<usize, Lie> {
    let mut used = 0_usize;
    loop {
        let rest = bytes.get(used..).unwrap_or_default();
        let Some((length, body)) = rest.split_first_chunk::<4>() else {
            return Ok(used);
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > MAX_FRAME_BYTES {
            return Err(Lie("a frame longer than the limit"));
        }
        let Some(body) = body.get(..length) else { return Ok(used) };
        ledger.take(body)?;
        used = used.saturating_add(length).saturating_add(4);
    }
}

fn judge(heard: Heard, death: Death, ended: bool, hard: Duration, cpu_seconds: u64) -> Verdict {
    let time = || {
        Verdict::Capped(Gap::new(
            GapKind::Time,
            format!("the scan did not end within {} ms and was stopped", hard.as_millis()),
        ))
    };
    match (heard, death.how) {
        (Heard::Lie(Lie(what)), _) => Verdict::Lied(Gap::new(GapKind::ChildDied, format!("the child said what none says: {what}"))),
        (Heard::TooLate, _) => time(),
        (Heard::Out, How::Exit(0)) if ended => Verdict::Whole,
        (Heard::Out, How::Exit(MEMORY_STATUS)) => Verdict::Capped(Gap::new(
            GapKind::Memory,
            "the memory of the scan was used up: the rest was not looked at",
        )),
        (Heard::Out, How::Signal(libc::SIGXCPU)) => cpu(cpu_seconds),
        // The hard limit behind the soft one kills.
        (Heard::Out, How::Signal(libc::SIGKILL)) if death.cpu_us >= cpu_seconds.saturating_mul(1_000_000) => cpu(cpu_seconds),
        (Heard::Out, How::Signal(signal)) => Verdict::Died(Gap::new(
            GapKind::ChildDied,
            format!("the child that looked at it was ended by signal {signal}{}", signal_name(signal)),
        )),
        (Heard::Out, How::Exit(status)) => Verdict::Died(Gap::new(
            GapKind::ChildDied,
            format!("the child that looked at it ended with status {status} before it was done"),
        )),
    }
}

fn cpu(seconds: u64) -> Verdict {
    Verdict::Capped(Gap::new(
        GapKind::Time,
        format!("the scan used up its {seconds} s of computing time and was stopped"),
    ))
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSYS => " (a forbidden system call)",
        libc::SIGSEGV => " (a bad address)",
        libc::SIGABRT => " (it gave up)",
        libc::SIGKILL => " (killed, perhaps by the system for want of memory)",
        libc::SIGBUS => " (a bad address)",
        _ => "",
    }
}
