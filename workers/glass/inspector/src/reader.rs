//! The one checked reader for hand-written headers: total methods over a slice, nothing that can panic.

/// A cursor over hostile bytes. Every method answers `None` past the end and then leaves the place where it was.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// A reader at `offset` of `bytes`; at the end when the offset is past it.
    pub fn at(bytes: &'a [u8], offset: usize) -> Self {
        Reader {
            bytes,
            at: offset.min(bytes.len()),
        }
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(n)?;
        let got = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(got)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let got = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        got
    }

    /// Goes on `n` bytes.
    pub fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(|_| ())
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Little-endian 16 bits.
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.array()?))
    }

    /// Little-endian 32 bits.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.array()?))
    }

    /// Little-endian 64 bits.
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.array()?))
    }

    /// Big-endian 16 bits.
    pub fn u16_be(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.array()?))
    }

    /// Big-endian 32 bits.
    pub fn u32_be(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.array()?))
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Bytes up to `end`, which is consumed and not returned; `None` when there is no such byte.
    pub fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let left = self.bytes.get(self.at..)?;
        let n = memchr::memchr(end, left)?;
        let got = left.get(..n)?;
        self.at = self.at.saturating_add(n).saturating_add(1);
        Some(got)
    }
}

/// Length or offset of a file as `usize`; saturates where it cannot be one, so that it lies past any end.
pub fn size(n: impl TryInto<usize>) -> usize {
    n.try_into().unwrap_or(usize::MAX)
}

/// A length as `u64`.
pub fn len64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut r = Reader::new(&[1, 2, 3]);
        assert_eq!(r.u16(), Some(0x0201));
        assert_eq!(r.u16(), None);
        assert_eq!(r.u8(), Some(3));
        assert_eq!(r.u8(), None);
        assert_eq!(Reader::at(&[1], 9).left(), 0);
        assert_eq!(r.take(usize::MAX), None);
    }
}
