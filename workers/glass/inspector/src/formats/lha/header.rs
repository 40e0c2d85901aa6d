//! Headers of LHA members: where a valid one stands, and what it says.

use delharc::LhaHeader;
use delharc::header::ext::{EXT_HEADER_FILENAME, EXT_HEADER_PATH};

use crate::reader::size;

/// Candidates that are tried while looking for the next header.
const MAX_TRIES: usize = 100_000;

/// One member.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) header: LhaHeader,
    pub(super) name: String,
    pub(super) dir: bool,
    pub(super) symlink: Option<String>,
    pub(super) hidden: bool,
    /// Offset of the header.
    pub(super) start: usize,
    /// Offset of the packed data.
    pub(super) data: usize,
    /// Offset behind it; may lie past the end of the file.
    pub(super) end: usize,
}

impl Entry {
    /// The member whose header stands at `start`; `None` when it is not valid.
    pub(super) fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let from = bytes.get(start..)?;
        if !signature(bytes, start) {
            return None;
        }
        let mut rest = from;
        let header = LhaHeader::read(&mut rest).ok()??;
        let data = start.checked_add(from.len().checked_sub(rest.len())?)?;
        let end = data.checked_add(size(header.compressed_size))?;
        let mut name = name(&header);
        let lhd = header.compression == *b"-lhd-";
        let mut symlink = None;
        if lhd && let Some((link, target)) = name.split_once('|') {
            symlink = Some(target.to_owned());
            name = link.to_owned();
        }
        Some(Entry {
            dir: symlink.is_none() && (lhd || header.is_directory()),
            hidden: header.msdos_attrs.bits() & 6 != 0,
            name,
            symlink,
            start,
            data,
            end,
            header,
        })
    }
}

/// Whether a method's name and a known level stand where a header has them.
pub(super) fn signature(bytes: &[u8], at: usize) -> bool {
    let head = bytes.get(at..).unwrap_or_default();
    let Some([b'-', family @ .., b'-']) = head.get(2..7) else {
        return false;
    };
    let known = matches!(family, [b'l', b'h', b'0'..=b'9' | b'a'..=b'f' | b'x'] | [b'l', b'z', b's' | b'0'..=b'9'] | [b'p', b'm', b'0'..=b'9' | b's']);
    known && head.get(20).is_some_and(|level| *level <= 3)
}

/// Whether a header with a right checksum stands here.
pub(super) fn valid(bytes: &[u8], at: usize) -> bool {
    Entry::read(bytes, at).is_some_and(|entry| entry.header.level < 2 || !entry.name.is_empty())
}

/// The next valid header at or behind `from`, whose method stands within `head`.
pub(super) fn next(head: &[u8], bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.checked_add(2)?;
    let mut tries = 0_usize;
    for dash in memchr::memchr_iter(b'-', head.get(start..)?) {
        let at = from.checked_add(dash)?;
        if signature(bytes, at) {
            if valid(bytes, at) {
                return Some(at);
            }
            tries = tries.saturating_add(1);
            if tries > MAX_TRIES {
                return None;
            }
        }
    }
    None
}

/// The path as it is told, with `/` between its parts: extended headers first, then the plain field.
fn name(header: &LhaHeader) -> String {
    let (mut folder, mut file) = (&[][..], &header.filename[..]);
    for extra in header.iter_extra() {
        match extra {
            [EXT_HEADER_FILENAME, name @ ..] => file = name,
            [EXT_HEADER_PATH, path @ ..] => folder = path,
            _ => {}
        }
    }
    // Some programs put a comment behind a zero.
    let file = file.split(|byte| *byte == 0).next().unwrap_or_default();
    let (folder, file) = (text(folder), text(file));
    match (folder.is_empty(), folder.ends_with('/')) {
        (true, _) => file,
        (false, true) => format!("{folder}{file}"),
        (false, false) => format!("{folder}/{file}"),
    }
}

/// 0xff and the backslash are separators; other bytes are UTF-8 or else Shift JIS, the format's home.
fn text(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes
        .split(|byte| *byte == 0xff)
        .map(|part| match std::str::from_utf8(part) {
            Ok(text) => text.to_owned(),
            Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling(part).0.into_owned(),
        })
        .collect();
    parts.join("/").replace('\\', "/")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A stored member with a header of level 0.
    pub(crate) fn stored(name: &str, data: &[u8], crc: u16) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let mut body = b"-lh0-".to_vec();
        body.extend(length);
        body.extend(length);
        body.extend([0, 0, 0, 0, 0x20, 0, u8::try_from(name.len()).unwrap()]);
        body.extend(name.as_bytes());
        body.extend(crc.to_le_bytes());
        let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let mut file = vec![u8::try_from(body.len()).unwrap(), sum];
        file.extend(body);
        file.extend(data);
        file
    }

    #[test]
    fn the_next_header_is_found_behind_damage() {
        let mut file = stored("A\\b.txt", b"one", 0);
        file[1] ^= 1;
        let second = file.len();
        file.extend(stored("c", b"two", 0));
        assert!(Entry::read(&file, 0).is_none());
        assert_eq!(next(&file, &file, 1), Some(second));
        file[1] ^= 1;
        let entry = Entry::read(&file, 0).unwrap();
        assert_eq!((entry.name.as_str(), entry.end), ("A/b.txt", second));
    }
}
