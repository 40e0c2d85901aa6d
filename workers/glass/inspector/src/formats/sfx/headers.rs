//! Headers of archives that are whole: more than the signature, so that a word in a program is none.

use crate::reader::{Reader, size};

/// A 7z archive: a start header whose checksum fits and that leads to members (7zFormat.txt, Signature Header).
pub(super) fn seven(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 6);
        let major = r.u8()?;
        r.skip(1)?;
        let checksum = r.u32()?;
        let start = r.take(20)?;
        let mut r = Reader::at(start, 8);
        Some(major == 0 && r.u64()? > 0 && crc32fast::hash(start) == checksum)
    };
    read().unwrap_or_default()
}

/// A cabinet that libmspack would take: it has members, and the archive ends within the file (MS-CAB 2.1).
pub(super) fn cabinet(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 8);
        let length = size(r.u32()?);
        r.skip(4)?;
        let files = size(r.u32()?);
        r.skip(6)?;
        let (folders, members) = (r.u16()?, r.u16()?);
        let fits = files >= 36 && files < length && length < bytes.len().saturating_add(32);
        Some(fits && folders > 0 && members > 0)
    };
    read().unwrap_or_default()
}

/// A XAR archive: its table of contents is zlib data that lies within the file (xar 1.8, `xar_header`).
pub(super) fn xar(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 4);
        let (header, version) = (usize::from(r.u16_be()?), r.u16_be()?);
        let toc = u64::from_be_bytes(r.array()?);
        let rest = bytes.get(header..)?;
        Some((28..=4096).contains(&header) && version == 1 && toc > 0 && size(toc) <= rest.len() && rest.first() == Some(&0x78))
    };
    read().unwrap_or_default()
}

/// A SquashFS image: version 4.0, and a block size that its logarithm is of (squashfs 4.0, superblock).
pub(super) fn squashfs(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 12);
        let block = r.u32()?;
        r.skip(4)?;
        let (method, log) = (r.u16()?, r.u16()?);
        r.skip(4)?;
        let (major, minor) = (r.u16()?, r.u16()?);
        Some(
            bytes.starts_with(b"hsqs")
                && (1..=6).contains(&method)
                && 1_u32.checked_shl(log.into()) == Some(block)
                && (major, minor) == (4, 0),
        )
    };
    read().unwrap_or_default()
}

/// The first header of an NSIS installer, which says how long the archive behind it is (NSIS 3, `firstheader`).
pub(super) fn nsis(bytes: &[u8]) -> bool {
    let read = || {
        let mut r = Reader::at(bytes, 4);
        let magic = r.u32()?;
        r.skip(12)?;
        let (head, all) = (r.u32()?, r.u32()?);
        Some(magic == 0xdead_beef && head > 0 && all >= 28)
    };
    read().unwrap_or_default()
}

/// A zstd frame that ends within the file: its header is sound, and each block of it leads to the next (RFC 8878, section 3.1.1). Each
/// block takes one of `left`, and a frame that is not walked to its end for want of them is none.
pub(super) fn zstd(bytes: &[u8], left: &mut usize) -> bool {
    const LARGEST: usize = 128 << 10;
    let mut read = || {
        let mut r = Reader::new(bytes);
        if r.u32()? != 0xfd2f_b528 {
            return None;
        }
        let descriptor = r.u8()?;
        let single = descriptor & 0x20 != 0;
        let unused = descriptor & 0x18 != 0;
        // The window is at most 2 GiB where a decoder takes it at all.
        let window = if single { 0 } else { r.u8()? >> 3 };
        r.skip([0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?)?;
        let content = match descriptor >> 6 {
            0 => usize::from(single),
            1 => 2,
            2 => 4,
            _ => 8,
        };
        r.skip(content)?;
        if unused || window > 21 {
            return None;
        }
        while *left > 0 {
            *left = left.saturating_sub(1);
            let [a, b, c] = r.array()?;
            let head = u32::from_le_bytes([a, b, c, 0]);
            let length = size(head >> 3);
            if length > LARGEST {
                return None;
            }
            match head >> 1 & 3 {
                0 => r.skip(length)?,
                1 => r.skip(1)?,
                2 if length > 2 => literals(r.take(length)?)?,
                _ => return None,
            }
            if head & 1 == 1 {
                return r.skip(if descriptor & 4 == 0 { 0 } else { 4 });
            }
        }
        None
    };
    read().is_some()
}

/// Whether the literals of a compressed block lie within it (RFC 8878, section 3.1.1.3.1).
fn literals(block: &[u8]) -> Option<()> {
    let mut head = [0_u8; 8];
    for (to, from) in head.iter_mut().zip(block.iter().take(5)) {
        *to = *from;
    }
    let bits = u64::from_le_bytes(head);
    let format = bits >> 2 & 3;
    let (header, packed) = match (bits & 3, format) {
        // Raw literals stand as they are; repeated ones are one byte.
        (kind @ (0 | 1), 0 | 2) => (1, if kind == 0 { bits >> 3 & 0x1f } else { 1 }),
        (kind @ (0 | 1), 1) => (2, if kind == 0 { bits >> 4 & 0xfff } else { 1 }),
        (kind @ (0 | 1), _) => (3, if kind == 0 { bits >> 4 & 0xf_ffff } else { 1 }),
        (_, 0 | 1) => (3, bits >> 14 & 0x3ff),
        (_, 2) => (4, bits >> 18 & 0x3fff),
        _ => (5, bits >> 22 & 0x3_ffff),
    };
    // At least one byte follows them: how many sequences there are.
    (size(packed).saturating_add(header) < block.len()).then_some(())
}
