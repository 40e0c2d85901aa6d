//! The chain of RAR blocks, read without trust: where the first is valid, how far the chain holds, and where it ends.

use crate::reader::{Reader, len64, size};

/// Length of a RAR 5 signature in bytes; that of RAR 1.5 to 4 is one shorter.
const SIGNATURE5: usize = 8;
const SIGNATURE4: usize = 7;

/// Places whose checksum is tried while looking for a header.
const MAX_CANDIDATES: usize = 100_000;

/// One block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) kind: u64,
    /// Offset behind its header.
    pub(super) data: usize,
    /// Offset behind its data; may lie past the end of the file.
    pub(super) next: usize,
    /// The header's checksum fits.
    pub(super) sums: bool,
}

impl Block {
    fn is_end(&self, five: bool) -> bool {
        self.kind == if five { 5 } else { 0x7b }
    }
}

/// Whether the archive is of version 5 or later.
pub(super) fn is_five(bytes: &[u8]) -> bool {
    bytes.starts_with(b"Rar!\x1a\x07\x01\0")
}

/// Whether it looks like RAR 1.3 (signature, header size, flags).
pub(super) fn rar13(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    r.take(4) == Some(b"RE~^") && r.u16().is_some_and(|size| (7..4096).contains(&size))
}

/// Whether a valid block follows the signature.
pub(super) fn first_is_valid(bytes: &[u8]) -> bool {
    let five = is_five(bytes);
    let first = if five { at5(bytes, SIGNATURE5) } else { at4(bytes, SIGNATURE4) };
    first.is_some_and(|block| block.sums)
}

/// The blocks from the first on, as far as the chain can be followed. Encrypted headers end it.
pub(super) fn chain(bytes: &[u8]) -> impl Iterator<Item = Block> + '_ {
    let five = is_five(bytes);
    let mut at = Some(if five { SIGNATURE5 } else { SIGNATURE4 });
    std::iter::from_fn(move || {
        let here = at?;
        let block = if five { at5(bytes, here) } else { at4(bytes, here) }?;
        at = (!block.is_end(five) && block.next > here && block.next < bytes.len()).then_some(block.next);
        Some(block)
    })
}

/// The blocks that hold members, as far as the chain is valid.
pub(super) fn files(bytes: &[u8]) -> impl Iterator<Item = Block> + '_ {
    let file = if is_five(bytes) { 2 } else { 0x74 };
    chain(bytes)
        .take_while(|block| block.sums)
        .filter(move |block| block.kind == file && block.data <= block.next)
}

/// Offset behind the end record; `None` when the chain has none.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let five = is_five(bytes);
    chain(bytes)
        .take_while(|block| block.sums)
        .find(|block| block.is_end(five))
        .map(|block| block.next)
}

/// Length of the part whose blocks are whole and valid, and the block that is neither or runs past the end, if there is one.
pub(super) fn sound(bytes: &[u8]) -> (usize, Option<Block>) {
    let mut sound = if is_five(bytes) { SIGNATURE5 } else { SIGNATURE4 };
    for block in chain(bytes) {
        if !block.sums || block.next > bytes.len() {
            return (sound, Some(block));
        }
        sound = block.next;
    }
    (sound, None)
}

/// The next valid header of a file at or behind `from`; gives up when too much looks like one.
pub(super) fn next_file(bytes: &[u8], from: usize) -> Option<usize> {
    if is_five(bytes) {
        // The type stands behind the checksum and a length of one or two bytes.
        return (from..bytes.len())
            .filter(|at| match bytes.get(at.saturating_add(4)..) {
                Some([length, 2, ..]) => (7..0x80).contains(length),
                Some([low, high, 2, ..]) => *low >= 0x80 && (1..0x80).contains(high),
                _ => false,
            })
            .take(MAX_CANDIDATES)
            .find(|at| at5(bytes, *at).is_some_and(|block| block.sums));
    }
    // The type stands behind the two bytes of the checksum.
    let kinds = bytes.get(from.checked_add(2)?..)?;
    memchr::memchr_iter(0x74, kinds)
        .filter_map(|at| from.checked_add(at))
        .filter(|at| matches!(bytes.get(at.saturating_add(5)..), Some([low, high, ..]) if (32..8192).contains(&u16::from_le_bytes([*low, *high]))))
        .take(MAX_CANDIDATES)
        .find(|at| at4(bytes, *at).is_some_and(|block| block.sums))
}

/// RAR 5: CRC-32, then the rest of the header counted by a variable-length integer.
fn at5(bytes: &[u8], at: usize) -> Option<Block> {
    let mut r = Reader::at(bytes, at);
    let crc = r.u32()?;
    let summed = r.offset();
    let length = size(vint(&mut r)?);
    let data = r.offset().checked_add(length)?;
    let header = bytes.get(summed..data)?;
    let (kind, flags) = (vint(&mut r)?, vint(&mut r)?);
    // No other types exist; this spares most checksums while looking for a header.
    if !(1..=255).contains(&kind) {
        return None;
    }
    if flags & 1 != 0 {
        vint(&mut r)?;
    }
    let extra = if flags & 2 != 0 { vint(&mut r)? } else { 0 };
    Some(Block {
        kind,
        data,
        next: data.saturating_add(size(extra)),
        sums: length < 2 * 1024 * 1024 && crc32fast::hash(header) == crc,
    })
}

/// RAR 1.5 to 4: the low half of a CRC-32, type, flags, length, and a data length where the flags say so.
fn at4(bytes: &[u8], at: usize) -> Option<Block> {
    let mut r = Reader::at(bytes, at);
    let (crc, kind, flags, length) = (r.u16()?, r.u8()?, r.u16()?, r.u16()?);
    let extra = if flags & 0x8000 != 0 { r.u32()? } else { 0 };
    let mut extra = u64::from(extra);
    // Files larger than 4 GiB: the high half of the packed length stands 21 bytes further on.
    if matches!(kind, 0x74 | 0x7a) && flags & 0x100 != 0 {
        r.skip(21)?;
        extra |= u64::from(r.u32()?).wrapping_shl(32);
    }
    let data = at.checked_add(usize::from(length))?;
    let header = bytes.get(at.checked_add(2)?..data).unwrap_or_default();
    let [low, high, ..] = crc32fast::hash(header).to_le_bytes();
    // Old comment blocks sum only their first bytes.
    let old = matches!(kind, 0x75..=0x79);
    Some(Block {
        kind: u64::from(kind),
        data,
        next: data.saturating_add(size(extra)),
        sums: length >= 7 && !header.is_empty() && (old || crc == u16::from_le_bytes([low, high])),
    })
}

fn vint(r: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..10_u32 {
        let byte = r.u8()?;
        value |= u64::from(byte & 0x7f).checked_shl(index.checked_mul(7)?).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The cost exponent of the key derivation of RAR 5 encrypted headers; `None` when they are not encrypted.
pub(super) fn header_cost(bytes: &[u8]) -> Option<u8> {
    let mut r = Reader::at(bytes, SIGNATURE5);
    r.u32().filter(|_| is_five(bytes))?;
    vint(&mut r)?;
    let (kind, flags) = (vint(&mut r)?, vint(&mut r)?);
    if kind != 4 {
        return None;
    }
    for bit in [1, 2] {
        if flags & bit != 0 {
            vint(&mut r)?;
        }
    }
    vint(&mut r)?;
    vint(&mut r)?;
    r.u8()
}

/// Bytes from an offset to the end.
pub(super) fn left(bytes: &[u8], at: usize) -> u64 {
    len64(bytes.len().saturating_sub(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_checksum_ends_the_sound_part() {
        // Main header: type 1, no flags, archive flags 0.
        let mut file = b"Rar!\x1a\x07\x01\0".to_vec();
        let header = [3, 1, 0, 0];
        file.extend(crc32fast::hash(&header).to_le_bytes());
        file.extend(header);
        let sound_part = file.len();
        file.extend([0, 0, 0, 0, 3, 5, 0, 0, 0]);
        assert!(first_is_valid(&file));
        let (length, broken) = sound(&file);
        assert_eq!(length, sound_part);
        assert!(broken.is_some());
        assert_eq!(end(&file), None);
    }
}
