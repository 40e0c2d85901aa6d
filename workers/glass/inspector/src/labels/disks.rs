//! Images of disks that no signature tells: their first sector must fit as a whole. And compressed data that begins with a frame to skip.

use super::Label;
use crate::reader::Reader;

/// A disk image that systems mount and archivers open, or compressed data.
pub(super) fn find(bytes: &[u8]) -> Option<Label> {
    let (name, title) = if is_fat(bytes) == Some(true) {
        ("fat", "a FAT volume")
    } else if is_partitioned(bytes) == Some(true) {
        ("mbr", "a disk image with partitions")
    } else if is_skippable(bytes) == Some(true) {
        ("zstd", "zstd or LZ4 data")
    } else {
        return None;
    };
    Some(Label {
        name,
        title,
        container: true,
    })
}

/// The parameter block of a FAT volume (ECMA-107, section 9; Microsoft FAT32 specification 1.03): a jump and sizes that can be.
fn is_fat(bytes: &[u8]) -> Option<bool> {
    let jumps = (*bytes.first()? == 0xeb && *bytes.get(2)? == 0x90) || *bytes.first()? == 0xe9;
    let mut r = Reader::at(bytes, 11);
    let (sector, cluster, reserved, tables) = (r.u16()?, r.u8()?, r.u16()?, r.u8()?);
    let media = *bytes.get(21)?;
    let sizes = matches!(sector, 512 | 1024 | 2048 | 4096) && cluster.is_power_of_two();
    Some(jumps && sizes && reserved > 0 && matches!(tables, 1 | 2) && media >= 0xf0)
}

/// A master boot record: its signature, and four entries each of which is empty or a partition (UEFI 2.10, section 5.2.1).
fn is_partitioned(bytes: &[u8]) -> Option<bool> {
    if bytes.get(510..512)? != b"\x55\xaa" || bytes.len() < 1024 {
        return Some(false);
    }
    let mut partitions = 0_usize;
    for entry in bytes.get(446..510)?.as_chunks::<16>().0 {
        let [status, _, _, _, kind, ..] = entry;
        let mut r = Reader::at(entry, 8);
        let (start, length) = (r.u32()?, r.u32()?);
        if !matches!(status, 0 | 0x80) || (*kind != 0 && (start == 0 || length == 0)) {
            return Some(false);
        }
        partitions = partitions.saturating_add(usize::from(*kind != 0));
    }
    Some(partitions > 0)
}

/// A frame that both formats skip (RFC 8878, section 3.1.2), and another frame behind it.
fn is_skippable(bytes: &[u8]) -> Option<bool> {
    const FRAMES: [&[u8]; 3] = [b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"];
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..)?;
        if !(rest.first().is_some_and(|b| b & 0xf0 == 0x50) && rest.get(1..4) == Some(b"\x2a\x4d\x18")) {
            return Some(at > 0 && FRAMES.iter().any(|frame| rest.starts_with(frame)));
        }
        let length = usize::try_from(Reader::at(rest, 4).u32()?).ok()?;
        at = at.checked_add(length)?.checked_add(8)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Option<&'static str> {
        find(bytes).map(|label| label.name)
    }

    #[test]
    fn images_without_a_signature_are_told_by_their_first_sector() {
        let mut fat = vec![0; 1024];
        fat.splice(..24, *b"\xeb\x3c\x90MSDOS5.0\0\x02\x01\x01\0\x02\xe0\0\x40\x0b\xf0\x09\0");
        assert_eq!(name(&fat), Some("fat"));
        let mut disk = vec![0; 1024];
        disk.splice(446..462, *b"\x80\0\0\0\x07\0\0\0\0\x08\0\0\0\0\x10\0");
        disk.splice(510..512, *b"\x55\xaa");
        assert_eq!(name(&disk), Some("mbr"));
        disk.splice(446..447, *b"A");
        assert_eq!(name(&disk), None);
        assert_eq!(name(&[0; 2048]), None);
    }

    #[test]
    fn frames_to_skip_hide_no_compressed_data() {
        assert_eq!(name(b"\x50\x2a\x4d\x18\x02\0\0\0xx\x28\xb5\x2f\xfd"), Some("zstd"));
        assert_eq!(
            name(b"\x5f\x2a\x4d\x18\x02\0\0\0xx\x51\x2a\x4d\x18\0\0\0\0\x04\x22\x4d\x18"),
            Some("zstd")
        );
        assert_eq!(name(b"\x50\x2a\x4d\x18\x02\0\0\0xxyyyy"), None);
    }
}
