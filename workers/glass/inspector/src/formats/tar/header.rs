//! One tar header block of 512 bytes (POSIX.1-2024 pax, ustar Interchange Format).

/// Length of a block in bytes.
pub(in crate::formats) const BLOCK: usize = 512;

/// What a header describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Hardlink,
    Symlink,
    /// A device or fifo.
    Special,
    Dir,
    Pax,
    PaxGlobal,
    GnuName,
    GnuLink,
    Sparse,
    /// The rest of a file of the volume before.
    Continued,
}

/// The fields that matter here.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) link: String,
    /// `None` when the field is no number.
    pub(super) size: Option<u64>,
    pub(super) kind: Kind,
    /// The checksum fits.
    pub(super) sums: bool,
    /// The magic word stands in its place.
    pub(super) ustar: bool,
}

impl Header {
    /// The header at an offset; `None` when it cannot be one, whatever its checksum says.
    pub(super) fn at(bytes: &[u8], offset: usize) -> Option<Self> {
        let block = bytes.get(offset..)?.get(..BLOCK)?;
        let (magic, gnu) = (block.get(257..262)? == b"ustar", block.get(262)? == &b' ');
        let sums = checksum(block);
        if !sums && !magic {
            return None;
        }
        let flag = *block.get(156)?;
        let mut name = text(block.get(..100)?);
        if magic && !gnu {
            let prefix = text(block.get(345..500)?);
            if !prefix.is_empty() {
                name = format!("{prefix}/{name}");
            }
        }
        let kind = match flag {
            b'0' | 0 if name.ends_with('/') => Kind::Dir,
            b'1' => Kind::Hardlink,
            b'2' => Kind::Symlink,
            b'3' | b'4' | b'6' => Kind::Special,
            b'5' => Kind::Dir,
            b'x' | b'X' => Kind::Pax,
            b'g' => Kind::PaxGlobal,
            b'L' => Kind::GnuName,
            b'K' => Kind::GnuLink,
            b'S' => Kind::Sparse,
            b'M' => Kind::Continued,
            _ => Kind::File,
        };
        Some(Header {
            name,
            link: text(block.get(157..257)?),
            size: number(block.get(124..136)?),
            kind,
            sums,
            ustar: magic,
        })
    }
}

/// Offset of the first block that is a header beyond doubt: GNU tar skips to it, whatever stands in front.
pub(super) fn first(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).step_by(BLOCK).find(|at| {
        let fits = |header: &Header| header.sums && (header.ustar || (header.size.is_some() && plain(&header.name)));
        Header::at(bytes, *at).is_some_and(|header| fits(&header))
    })
}

/// A name that a person would give, for archives of the time before there was a magic word.
fn plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_control)
}

/// The sum of all bytes with the checksum field as spaces; some old programs summed signed bytes.
fn checksum(block: &[u8]) -> bool {
    // Asked of every block of data, too: what is no number, or none that bytes add up to, is out at once.
    const LARGEST: u64 = 512 * 255;
    let Some(want) = block.get(148..156).and_then(number).filter(|want| (1..=LARGEST).contains(want)) else {
        return false;
    };
    let (mut unsigned, mut high) = (0_u64, 0_u64);
    for byte in block {
        unsigned = unsigned.wrapping_add(u64::from(*byte));
        high = high.wrapping_add(u64::from(*byte >> 7));
    }
    for byte in block.get(148..156).unwrap_or_default() {
        unsigned = unsigned.wrapping_sub(u64::from(*byte)).wrapping_add(32);
        high = high.wrapping_sub(u64::from(*byte >> 7));
    }
    want == unsigned || want == unsigned.wrapping_sub(high.wrapping_mul(256))
}

/// An octal number between spaces and zeros, or GNU's base 256; `None` when it is neither or negative.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first().filter(|(first, _)| **first & 0x80 != 0) {
        let mut value = u64::from(first & 0x7f);
        if value & 0x40 != 0 {
            return None;
        }
        for byte in rest {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let text = field.trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let mut value = 0_u64;
    for byte in text.get(..end)? {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        value = value.checked_mul(8)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

/// Text up to the first zero; Latin-1 where it is no UTF-8.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let bytes = bytes.get(..end.min(16 * 1024)).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   17 \0"), Some(0o17));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(b"99"), None);
    }
}
