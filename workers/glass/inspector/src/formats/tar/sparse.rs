//! Sparse files of tar: the maps of GNU's four formats, and a reader that fills the holes with zeros.

use std::io::{self, ErrorKind, Read};

use airlock_proto::{Gap, GapKind};

use super::header::{BLOCK, number};
use super::pax::Pax;
use crate::reader::{Reader, len64, size};
use crate::sink::{Member, Sink, Taken};

/// Segments of one file that are read.
const MAX_SEGMENTS: usize = 1_000_000;

/// Where the stored bytes belong.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// Offset in the file and length, in order.
    segments: Vec<(u64, u64)>,
    /// Length of the whole file.
    real: u64,
    /// Bytes of the map itself before the data.
    pub(super) skip: usize,
}

/// The map of an old GNU header at `at` and the blocks that extend it.
pub(super) fn gnu(bytes: &[u8], at: usize) -> Map {
    let mut map = Map::default();
    let block = bytes.get(at..).unwrap_or_default();
    map.real = block.get(483..495).and_then(number).unwrap_or_default();
    map.take(block.get(386..482).unwrap_or_default());
    let mut more = block.get(482).is_some_and(|flag| *flag != 0);
    while more && map.segments.len() < MAX_SEGMENTS {
        let next = block.get(BLOCK.saturating_add(map.skip)..).unwrap_or_default();
        let Some(next) = next.get(..BLOCK) else { break };
        map.take(next.get(..504).unwrap_or_default());
        more = next.get(504).is_some_and(|flag| *flag != 0);
        map.skip = map.skip.saturating_add(BLOCK);
    }
    map
}

/// The map that pax records give (0.0, 0.1), or announce before the data (1.0); `None` for a plain file.
pub(super) fn pax(said: &Pax, body: &[u8]) -> Option<Map> {
    let real = said.sparse_size?;
    let mut map = Map { real, ..Map::default() };
    if said.sparse_major == Some(1) {
        let mut r = Reader::new(body);
        // libarchive reads over lines that begin with `#`.
        let mut line = || loop {
            let line = r.until(b'\n')?;
            if !line.starts_with(b"#") {
                return std::str::from_utf8(line).ok()?.parse::<u64>().ok();
            }
        };
        let count = size(line()?).min(MAX_SEGMENTS);
        for _ in 0..count {
            let (Some(offset), Some(length)) = (line(), line()) else { break };
            map.segments.push((offset, length));
        }
        map.skip = r.offset().div_ceil(BLOCK).saturating_mul(BLOCK);
        return Some(map);
    }
    for pair in said.sparse_map.chunks_exact(2) {
        if let [offset, length] = pair {
            map.segments.push((*offset, *length));
        }
    }
    (!map.segments.is_empty()).then_some(map)
}

impl Map {
    fn take(&mut self, entries: &[u8]) {
        for entry in entries.chunks_exact(24) {
            let (offset, length) = entry.split_at(12);
            if offset.first() == Some(&0) {
                return;
            }
            if let (Some(offset), Some(length)) = (number(offset), number(length)) {
                self.segments.push((offset, length));
            }
        }
    }
}

/// Hands over the expanded file; and the stored bytes as they are, when a limit or a false map hides some of them.
pub(super) fn hand_over(map: &Map, mut member: Member, data: &[u8], missing: usize, sink: &mut Sink<'_, '_>) {
    member.declared = Some(map.real);
    let stored: u64 = map.segments.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length));
    let mut end = 0;
    let ordered = map.segments.iter().all(|(offset, length)| {
        let fits = *offset >= end;
        end = offset.saturating_add(*length);
        fits && end <= map.real
    });
    let name = member.name.clone();
    let mut reader = Expand {
        map,
        data,
        segment: 0,
        used: 0,
        at: 0,
        short: missing > 0,
    };
    let taken = if ordered { sink.member(member, &mut reader) } else { Taken::Failed };
    if !ordered {
        sink.gap(Gap::new(GapKind::Malformed, "the map of a sparse file contradicts itself"));
    }
    if taken == Taken::Cut || !ordered || stored < len64(data.len()) {
        sink.member_slice(Member::named(name), data);
    }
}

struct Expand<'a> {
    map: &'a Map,
    data: &'a [u8],
    segment: usize,
    /// Bytes of the segment that were given.
    used: u64,
    at: u64,
    short: bool,
}

impl Read for Expand<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let (offset, length) = self.map.segments.get(self.segment).copied().unwrap_or((self.map.real, 0));
            if self.at < offset {
                let n = buf.len().min(size(offset.saturating_sub(self.at)));
                buf.get_mut(..n).unwrap_or_default().fill(0);
                self.at = self.at.saturating_add(len64(n));
                return Ok(n);
            }
            let left = length.saturating_sub(self.used);
            if left == 0 {
                if self.segment >= self.map.segments.len() {
                    return Ok(0);
                }
                self.segment = self.segment.saturating_add(1);
                self.used = 0;
                continue;
            }
            let n = buf.len().min(size(left)).min(self.data.len());
            if n == 0 {
                if buf.is_empty() {
                    return Ok(0);
                }
                let why = if self.short {
                    "the archive ends inside this member"
                } else {
                    "its map asks for more than is stored"
                };
                return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
            }
            let (now, rest) = self.data.split_at(n);
            buf.get_mut(..n).unwrap_or_default().copy_from_slice(now);
            self.data = rest;
            self.used = self.used.saturating_add(len64(n));
            self.at = self.at.saturating_add(len64(n));
            return Ok(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_zeros() {
        let map = Map {
            segments: vec![(2, 2), (6, 1)],
            real: 8,
            skip: 0,
        };
        let mut out = Vec::new();
        let mut reader = Expand {
            map: &map,
            data: b"abc",
            segment: 0,
            used: 0,
            at: 0,
            short: false,
        };
        reader.read_to_end(&mut out).unwrap();
        assert_eq!(out, b"\0\0ab\0\0c\0");
    }
}
