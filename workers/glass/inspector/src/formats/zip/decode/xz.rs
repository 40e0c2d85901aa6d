//! xz as a method of ZIP (APPNOTE 5.10): streams that follow one another are one member, as 7-Zip reads them.

use std::io::{self, Read};

use lzma_rust2::XzReader;

const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Reads as all streams from the start, padding between them allowed.
pub(super) struct Streams<'a> {
    reader: Option<XzReader<&'a [u8]>>,
    limit: u32,
}

impl<'a> Streams<'a> {
    /// `limit` is what a decoder may allocate, in KiB.
    pub(super) fn new(data: &'a [u8], limit: u32) -> Self {
        Streams {
            reader: Some(XzReader::new_mem_limit(data, false, limit)),
            limit,
        }
    }
}

impl Read for Streams<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(reader) = &mut self.reader {
            let n = reader.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            let rest = self.reader.take().map(XzReader::into_inner).unwrap_or_default();
            let padding = rest.iter().take_while(|b| **b == 0).count();
            let next = rest.get(padding..).filter(|next| padding % 4 == 0 && next.starts_with(MAGIC));
            self.reader = next.map(|next| XzReader::new_mem_limit(next, false, self.limit));
        }
        Ok(0)
    }
}
