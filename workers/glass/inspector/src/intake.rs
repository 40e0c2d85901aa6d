//! Reading a member into memory, never past what was paid for, whatever its decoder does.

use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock_proto::{Gap, GapKind, text};

/// How reading a member ended.
pub(crate) enum ReadEnd {
    Whole,
    Cap,
    Failed(Gap),
}

/// Reads until the end, an error, or one byte past `cap` (which is then dropped); a panic of the decoder is a malformed member.
pub(crate) fn read_capped(reader: &mut dyn Read, cap: usize, bytes: &mut Vec<u8>) -> ReadEnd {
    let outcome = catch_unwind(AssertUnwindSafe(|| fill(reader, cap, bytes)));
    outcome.unwrap_or_else(|_| ReadEnd::Failed(Gap::new(GapKind::Malformed, "its decoder gave up on contradictory data")))
}

fn fill(reader: &mut dyn Read, cap: usize, bytes: &mut Vec<u8>) -> ReadEnd {
    const STEP: usize = 64 * 1024;
    let mut filled = 0_usize;
    loop {
        if filled == bytes.len() {
            if filled >= cap {
                bytes.truncate(filled);
                return probe(reader);
            }
            let grown = filled.saturating_mul(2).max(STEP).min(cap);
            bytes.reserve_exact(grown.saturating_sub(filled));
            bytes.resize(grown, 0);
        }
        let Some(room) = bytes.get_mut(filled..) else {
            return ReadEnd::Whole;
        };
        match reader.read(room) {
            Ok(0) => {
                bytes.truncate(filled);
                return ReadEnd::Whole;
            }
            Ok(n) => filled = filled.saturating_add(n).min(bytes.len()),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => {
                bytes.truncate(filled);
                return ReadEnd::Failed(gap_of(&e));
            }
        }
    }
}

/// At the cap: is there more?
fn probe(reader: &mut dyn Read) -> ReadEnd {
    let mut one = [0_u8; 1];
    loop {
        match reader.read(&mut one) {
            Ok(0) => return ReadEnd::Whole,
            Ok(_) => return ReadEnd::Cap,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return ReadEnd::Failed(gap_of(&e)),
        }
    }
}

/// The gap that an error of a decoder means.
pub fn gap_of(error: &std::io::Error) -> Gap {
    let kind = match error.kind() {
        ErrorKind::UnexpectedEof => GapKind::Truncated,
        ErrorKind::Unsupported => GapKind::Unsupported,
        ErrorKind::PermissionDenied => GapKind::PasswordNeeded,
        ErrorKind::OutOfMemory => GapKind::Memory,
        _ => GapKind::Malformed,
    };
    Gap::new(kind, text::cut(&text::escape(&format!("decoding stopped: {error}")), 300))
}
