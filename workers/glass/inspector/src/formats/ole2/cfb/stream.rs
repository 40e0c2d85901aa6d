//! One stream, read along its chain of sectors.

use std::io::{Error, ErrorKind, Read};

use super::{Cfb, FREE, MAX_REGULAR};
use crate::reader::{len64, size};

/// Reads one stream along its chain.
pub struct StreamReader<'c, 'a> {
    pub(super) cfb: &'c Cfb<'a>,
    pub(super) mini: bool,
    pub(super) sector: u32,
    pub(super) within: usize,
    pub(super) left: u64,
    pub(super) steps: usize,
}

impl Read for StreamReader<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 || into.is_empty() {
            return Ok(0);
        }
        let unit = if self.mini { 64 } else { self.cfb.sector_bytes() };
        if self.within >= unit {
            self.within = 0;
            self.steps = self.steps.saturating_add(1);
            let table = if self.mini { &self.cfb.mini_fat } else { &self.cfb.fat };
            self.sector = table.get(size(self.sector)).copied().unwrap_or(FREE);
            if self.steps > table.len() {
                return Err(Error::new(ErrorKind::InvalidData, "the chain of this stream is a loop"));
            }
        }
        if self.sector > MAX_REGULAR {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "the chain of this stream ends before its declared length",
            ));
        }
        let from = if self.mini {
            self.mini_sector()
        } else {
            self.cfb.sector(self.sector)
        };
        let from = from.and_then(|bytes| bytes.get(self.within..)).unwrap_or_default();
        if from.is_empty() {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the chain of this stream leads past the end of the file",
            ));
        }
        let n = from.len().min(into.len()).min(size(self.left));
        if let (Some(to), Some(from)) = (into.get_mut(..n), from.get(..n)) {
            to.copy_from_slice(from);
        }
        self.within = self.within.saturating_add(n);
        self.left = self.left.saturating_sub(len64(n));
        Ok(n)
    }
}

impl<'a> StreamReader<'_, 'a> {
    fn mini_sector(&self) -> Option<&'a [u8]> {
        let at = size(self.sector).checked_mul(64)?;
        let big = self.cfb.mini_stream.get(at >> self.cfb.shift)?;
        let within = at.checked_rem(self.cfb.sector_bytes())?;
        let sector = self.cfb.sector(*big)?;
        let end = within.saturating_add(64).min(sector.len());
        sector.get(within..end)
    }
}
