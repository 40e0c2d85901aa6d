//! Large RAR archives in parts: runs of blocks that can be read without the others.

use std::ops::Range;

use rars::ArchiveReader;

use super::{blocks, extract};

/// Bytes of one window; a block that is longer stands alone.
const WINDOW: usize = 32 * 1024 * 1024;

/// Where an archive may be cut.
pub(super) struct Windows {
    /// Length of the signature and the main header.
    pub(super) head: usize,
    /// Runs of whole blocks; the last one holds what the chain could not follow.
    pub(super) ranges: Vec<Range<usize>>,
}

/// How an archive can be cut; `None` when its members depend on one another or its headers are encrypted.
pub(super) fn split(bytes: &[u8]) -> Option<Windows> {
    let main = blocks::chain(bytes).next().filter(|block| block.sums)?;
    let head = main.next;
    let archive = ArchiveReader::read_with_options(bytes.get(..head)?, extract::options(None)).ok()?;
    if archive.is_solid() {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut from, mut to) = (head, head);
    for block in blocks::chain(bytes)
        .skip(1)
        .take_while(|block| block.sums && block.next <= bytes.len())
    {
        if block.next.saturating_sub(from) > WINDOW && to > from {
            ranges.push(from..to);
            from = to;
        }
        to = block.next;
    }
    if to > from {
        ranges.push(from..to);
    }
    if blocks::end(bytes).is_none() && to < bytes.len() {
        ranges.push(to..bytes.len());
    }
    Some(Windows { head, ranges })
}
