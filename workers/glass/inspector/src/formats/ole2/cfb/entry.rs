//! One entry of the directory (MS-CFB 2.6).

use crate::reader::{Reader, size};

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Storage,
    /// A stream of bytes.
    Stream,
    /// The root storage; its chain is the mini stream.
    Root,
}

/// One directory entry (MS-CFB 2.6).
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its own name; control characters as they are, names of MSI tables decoded.
    pub name: String,
    /// Its class id as stored.
    pub clsid: [u8; 16],
    /// Index of the storage that holds it; `None` for the root and for an entry that no storage names.
    pub parent: Option<usize>,
    /// Length in bytes that it declares.
    pub size: u64,
    pub(super) start: u32,
    pub(super) child: u32,
    pub(super) left: u32,
    pub(super) right: u32,
}

/// The entry that these bytes describe, in a file of sectors of `1 << shift` bytes; `None` for an unused one.
pub(super) fn entry(raw: &[u8], shift: u32) -> Option<Entry> {
    let mut r = Reader::new(raw);
    let name = r.take(64)?;
    let length = size(r.u16()?).min(64);
    let kind = match r.u8()? {
        1 => Kind::Storage,
        2 => Kind::Stream,
        5 => Kind::Root,
        _ => return None,
    };
    r.skip(1)?;
    let (left, right, child) = (r.u32()?, r.u32()?, r.u32()?);
    let clsid = r.array()?;
    r.skip(20)?;
    let start = r.u32()?;
    let (low, high) = (r.u32()?, r.u32()?);
    // Version 3 says nothing of the upper half (MS-CFB 2.6.1).
    let size = if shift == 12 {
        (u64::from(high) << 32) | u64::from(low)
    } else {
        u64::from(low)
    };
    let units: Vec<u16> = name
        .get(..length)
        .unwrap_or(name)
        .chunks_exact(2)
        .filter_map(|two| two.try_into().ok().map(u16::from_le_bytes))
        .take_while(|unit| *unit != 0)
        .collect();
    Some(Entry {
        kind,
        name: decode_name(&units),
        clsid,
        parent: None,
        size: if kind == Kind::Stream { size } else { 0 },
        start,
        child,
        left,
        right,
    })
}

/// Names of MSI tables pack two characters into one unit between U+3800 and U+4840.
pub(super) fn decode_name(units: &[u16]) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    let letter = |n: u16| char::from(ALPHABET.get(size(n & 0x3f)).copied().unwrap_or(b'_'));
    let mut out = String::new();
    for unit in char::decode_utf16(units.iter().copied()) {
        let c = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        match u16::try_from(u32::from(c)).unwrap_or_default() {
            n @ 0x3800..=0x47ff => {
                let n = n.wrapping_sub(0x3800);
                out.push(letter(n));
                out.push(letter(n >> 6));
            }
            n @ 0x4800..=0x483f => out.push(letter(n)),
            0x4840 => out.push('!'),
            _ => out.push(c),
        }
    }
    out
}
