//! A whole ZIP: members in file order, central directory, end record, and what may stand around them (APPNOTE 4.3).

use super::{Entry, Fields};
use crate::bits::Le;

/// A whole archive; the `Option` fields replace what the end record would truly say.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// Bytes before the first local header; offsets count them, unless `prefix_uncounted`.
    pub prefix: Vec<u8>,
    /// Offsets ignore the prefix (as when an archive was glued to a program).
    pub prefix_uncounted: bool,
    /// The members in file order.
    pub entries: Vec<Entry>,
    /// Bytes between the last member and the central directory.
    pub gap: Vec<u8>,
    /// Archive comment.
    pub comment: Vec<u8>,
    /// Bytes after the end record.
    pub tail: Vec<u8>,
    /// Writes the zip64 end record and its locator (4.3.14, 4.3.15).
    pub zip64: bool,
    /// Leaves out the central directory and the end record.
    pub headless: bool,
    /// Number of entries in the end record (both fields).
    pub count: Option<u16>,
    /// Size of the directory in the end record.
    pub directory_size: Option<u32>,
    /// Offset of the directory in the end record.
    pub directory_offset: Option<u32>,
    /// Number of this disk and of the disk with the directory.
    pub disk: u16,
}

impl Archive {
    /// An archive of these members.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            ..Self::default()
        }
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let base = if self.prefix_uncounted { self.prefix.len() } else { 0 };
        let mut directory = Vec::new();
        let mut listed = 0u64;
        for entry in &self.entries {
            if entry.present {
                out.extend_from_slice(&entry.gap);
            }
            let at = entry.offset.unwrap_or((out.len() - base) as u32);
            if entry.present {
                out.extend_from_slice(&local_header(entry));
                out.extend_from_slice(&entry.data);
                out.extend_from_slice(&entry.descriptor);
            }
            if entry.listed {
                directory.extend_from_slice(&directory_header(entry, at));
                listed += 1;
            }
        }
        out.extend_from_slice(&self.gap);
        if self.headless {
            return out;
        }
        let at = (out.len() - base) as u64;
        out.extend_from_slice(&directory);
        if self.zip64 {
            out.extend_from_slice(&zip64_end(listed, directory.len() as u64, at));
        }
        out.extend_from_slice(&self.end_record(listed, directory.len() as u64, at));
        out.extend_from_slice(&self.tail);
        out
    }

    fn end_record(&self, listed: u64, size: u64, at: u64) -> Vec<u8> {
        let count = self.count.unwrap_or(if self.zip64 { 0xffff } else { listed as u16 });
        let size = self.directory_size.unwrap_or(if self.zip64 { u32::MAX } else { size as u32 });
        let at = self.directory_offset.unwrap_or(if self.zip64 { u32::MAX } else { at as u32 });
        Le::new()
            .raw(b"PK\x05\x06")
            .u16(self.disk)
            .u16(self.disk)
            .u16(count)
            .u16(count)
            .u32(size)
            .u32(at)
            .u16(self.comment.len() as u16)
            .raw(&self.comment)
            .0
    }
}

/// A member's local header.
pub fn local_header(entry: &Entry) -> Vec<u8> {
    let f = &entry.local;
    shared(Le::new().raw(entry.signature), f).raw(&f.name).raw(&f.extra).0
}

fn directory_header(entry: &Entry, offset: u32) -> Vec<u8> {
    let f = &entry.central;
    shared(Le::new().raw(b"PK\x01\x02").u16(entry.made_by), f)
        .u16(entry.comment.len() as u16)
        .u16(0)
        .u16(0)
        .u32(entry.attributes)
        .u32(offset)
        .raw(&f.name)
        .raw(&f.extra)
        .raw(&entry.comment)
        .0
}

fn shared(out: Le, f: &Fields) -> Le {
    out.u16(f.version)
        .u16(f.flags)
        .u16(f.method)
        .u32(f.stamp)
        .u32(f.crc)
        .u32(f.packed)
        .u32(f.plain)
        .u16(f.name.len() as u16)
        .u16(f.extra.len() as u16)
}

fn zip64_end(listed: u64, size: u64, at: u64) -> Vec<u8> {
    let record = at + size;
    Le::new()
        .raw(b"PK\x06\x06")
        .u64(44)
        .u16(45)
        .u16(45)
        .u32(0)
        .u32(0)
        .u64(listed)
        .u64(listed)
        .u64(size)
        .u64(at)
        .raw(b"PK\x06\x07")
        .u32(0)
        .u64(record)
        .u32(1)
        .0
}
