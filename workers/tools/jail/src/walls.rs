//! The canary's answers: every wall tried by a real child of the real zygote, before the first file is taken.

use std::time::{Duration, Instant};

use airlock_proto::control::{Attempt, REQUEST_CANARY};
use serde::Serialize;

use crate::JailError;
use crate::child::{Child, Death, How, readable};
use crate::spawn::Glass;

/// How long a canary may take; under load a child needs some milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the one that computes for ever is let run.
const SPIN_TIME: Duration = Duration::from_millis(20);

/// One wall, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wall {
    /// Short name.
    pub name: &'static str,
    /// What was tried, in plain words.
    pub what: &'static str,
    /// True when the jailed child could not do it.
    pub refused: bool,
    /// What came of it: an error of the kernel, or the end of the child.
    pub how: String,
}

/// Tries every wall.
pub(crate) fn try_all(glass: &mut Glass) -> Result<Vec<Wall>, JailError> {
    let mut canaries = Vec::new();
    for (index, &attempt) in (0_u8..).zip(Attempt::ALL) {
        canaries.push((attempt, glass.fork(REQUEST_CANARY, index, 0)?));
    }
    Ok(canaries
        .into_iter()
        .map(|(attempt, child)| {
            let (refused, how) = outcome(attempt, child);
            Wall {
                name: attempt.name(),
                what: attempt.what(),
                refused,
                how,
            }
        })
        .collect())
}

/// The first wall that does not hold, as an error.
pub(crate) fn hole(walls: &[Wall]) -> Option<JailError> {
    walls.iter().find(|wall| !wall.refused).map(|wall| JailError::Hole {
        what: wall.what,
        how: wall.how.clone(),
    })
}

fn outcome(attempt: Attempt, mut child: Child) -> (bool, String) {
    if attempt == Attempt::Spin {
        let answered = readable(child.socket(), Instant::now() + SPIN_TIME);
        let Death { how, .. } = child.wait(Instant::now());
        return match how {
            How::Signal(libc::SIGKILL) if !answered => (true, "killed by the host at its deadline".to_owned()),
            other => (false, format!("{other:?}")),
        };
    }
    let deadline = Instant::now() + PATIENCE;
    let mut errno = [0_u8; 4];
    let answered = readable(child.socket(), deadline)
        .then(|| rustix::io::read(child.socket(), &mut errno).ok())
        .flatten();
    let errno = i32::from_le_bytes(errno);
    let Death { how, .. } = child.wait(deadline);
    match (answered, how) {
        (Some(4), _) if errno == 0 => (false, "it was allowed".to_owned()),
        (Some(4), _) => {
            let expected: &[i32] = if attempt == Attempt::MapTooMuch {
                &[libc::ENOMEM]
            } else {
                &[libc::EPERM, libc::EACCES]
            };
            (expected.contains(&errno), std::io::Error::from_raw_os_error(errno).to_string())
        }
        (_, How::Signal(libc::SIGSYS)) => (true, "killed by the filter (SIGSYS)".to_owned()),
        (_, How::Exit(status)) => (false, format!("the child could not lock itself (status {status})")),
        (_, How::Signal(signal)) => (false, format!("no answer, ended by signal {signal}")),
    }
}
