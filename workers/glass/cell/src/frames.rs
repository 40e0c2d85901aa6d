//! The way out of a child: frames on descriptor 0, counted against the report's limit.

use airlock_proto::frame::{Frame, encode};
use airlock_proto::limits::MAX_FRAME_BYTES;
use rustix::io::{Errno, retry_on_intr};

use crate::stdio;

/// What is kept back for the gap that says that the report is full, and for the end.
const RESERVE_BYTES: u64 = 64 * 1024;

/// Writes frames at once, so that what a child has said stays said when it falls.
pub struct Frames {
    sent: u64,
    most: u64,
    full: bool,
}

impl Frames {
    /// Frames up to a limit of bytes, a reserve for the last gap and the end included.
    pub fn new(max_report_bytes: u64) -> Self {
        Frames {
            sent: 0,
            most: max_report_bytes,
            full: false,
        }
    }

    /// Sends a frame; false when the report is full, which drops it. After that only gaps and the end are taken.
    pub fn emit(&mut self, frame: &Frame) -> bool {
        let last_words = matches!(frame, Frame::End { .. }) || (self.full && matches!(frame, Frame::Gap { .. }));
        let most = if last_words {
            self.most
        } else if self.full {
            return false;
        } else {
            self.most.saturating_sub(RESERVE_BYTES)
        };
        let Some(bytes) = encode(frame) else {
            self.full = true;
            return false;
        };
        let after = self.sent.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if after > most {
            self.full = true;
            return false;
        }
        self.sent = after;
        write_all(&bytes).is_ok()
    }
}

/// Longest record with its length, in bytes.
pub const MAX_WIRE_BYTES: usize = MAX_FRAME_BYTES + 4;

/// Writes all bytes to descriptor 0.
///
/// # Errors
/// What the kernel says; the host is gone then.
pub fn write_all(mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let n = retry_on_intr(|| rustix::io::write(stdio::socket(), bytes))?;
        bytes = bytes.get(n..).unwrap_or_default();
    }
    Ok(())
}
