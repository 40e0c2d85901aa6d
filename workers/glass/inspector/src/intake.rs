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

/// The first room for a member, in bytes.
const STEP: usize = 64 * 1024;
/// How far the room is made ready before the decoder: what was cleared a moment ago is still in the processor's cache.
const AHEAD: usize = 512 * 1024;

fn fill(reader: &mut dyn Read, cap: usize, bytes: &mut Vec<u8>) -> ReadEnd {
    let mut filled = 0_usize;
    loop {
        if filled == bytes.len() {
            if filled >= cap {
                return probe(reader);
            }
            if filled == bytes.capacity() && filled > 0 {
                // The member may end just here: room is doubled for what is there, not for what may be.
                let mut some = [0_u8; 512];
                let most = some.len().min(cap.saturating_sub(filled));
                match more(reader, some.get_mut(..most).unwrap_or_default()) {
                    Ok(0) => return ReadEnd::Whole,
                    Ok(n) => {
                        bytes.reserve_exact(filled.max(STEP).min(cap.saturating_sub(filled)));
                        bytes.extend_from_slice(some.get(..n).unwrap_or(&some));
                        filled = bytes.len();
                        continue;
                    }
                    Err(e) => return ReadEnd::Failed(gap_of(&e)),
                }
            }
            if bytes.capacity() == 0 {
                bytes.reserve_exact(STEP.min(cap));
            }
            let ready = filled.saturating_add(AHEAD).min(bytes.capacity()).min(cap);
            bytes.resize(ready, 0);
        }
        match more(reader, bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => {
                bytes.truncate(filled);
                return ReadEnd::Whole;
            }
            Ok(n) => filled = filled.saturating_add(n).min(bytes.len()),
            Err(e) => {
                bytes.truncate(filled);
                return ReadEnd::Failed(gap_of(&e));
            }
        }
    }
}

/// Reads once, whatever signals arrive.
fn more(reader: &mut dyn Read, room: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// At the cap: is there more?
fn probe(reader: &mut dyn Read) -> ReadEnd {
    match more(reader, &mut [0]) {
        Ok(0) => ReadEnd::Whole,
        Ok(_) => ReadEnd::Cap,
        Err(e) => ReadEnd::Failed(gap_of(&e)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes, in pieces of a length that fits no buffer.
    struct Pieces(usize);

    impl Read for Pieces {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            let n = room.len().min(self.0).min(40_001);
            for (place, byte) in room.iter_mut().take(n).enumerate() {
                *byte = u8::try_from((self.0 - place) % 251).unwrap();
            }
            self.0 -= n;
            Ok(n)
        }
    }

    #[test]
    fn every_length_is_read_whole_and_none_past_its_cap() {
        for length in [
            0,
            1,
            511,
            STEP - 1,
            STEP,
            STEP + 1,
            2 * STEP,
            3 * STEP + 7,
            AHEAD,
            4 * AHEAD,
            4 * AHEAD + 1,
        ] {
            for cap in [0, 1, STEP, length.saturating_sub(1), length, length + 1, 64 << 20] {
                let mut bytes = Vec::new();
                let end = read_capped(&mut Pieces(length), cap, &mut bytes);
                assert_eq!(bytes.len(), length.min(cap), "{length} of {cap}");
                assert_eq!(matches!(end, ReadEnd::Cap), length > cap, "{length} of {cap}");
                let right = |(place, byte): (usize, &u8)| usize::from(*byte) == (length - place) % 251;
                assert!(bytes.iter().enumerate().all(right), "{length} of {cap}");
                assert!(
                    bytes.capacity() <= (2 * length).max(STEP) + 4096,
                    "{length} of {cap}: {}",
                    bytes.capacity()
                );
            }
        }
    }
}
