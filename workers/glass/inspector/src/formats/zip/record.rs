//! The records of a ZIP as they stand in the file, each read on its own and believed by nobody (APPNOTE 6.3.10, section 4.3).

use crate::reader::{Reader, size};

/// Signature of a local file header.
pub const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// Signature of a central directory header.
pub const CENTRAL: &[u8; 4] = b"PK\x01\x02";
/// Signature of the end of central directory record.
pub const END: &[u8; 4] = b"PK\x05\x06";
/// Signature of its Zip64 sibling.
pub const END64: &[u8; 4] = b"PK\x06\x06";
/// Signature of the locator of the Zip64 end record.
pub const LOCATOR: &[u8; 4] = b"PK\x06\x07";
/// Signature of a data descriptor, and of the mark of a split archive.
pub const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";

const FULL: u32 = u32::MAX;

/// What the local header and the central directory both say of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields<'a> {
    /// General purpose bits (4.4.4).
    pub flags: u16,
    /// Compression method (4.4.5).
    pub method: u16,
    /// DOS time, which some writers check passwords against.
    pub time: u16,
    /// CRC-32 of the plain bytes.
    pub crc: u32,
    /// Packed size in bytes, Zip64 resolved.
    pub packed: u64,
    /// Plain size in bytes, Zip64 resolved.
    pub plain: u64,
    /// Name as bytes.
    pub name: &'a [u8],
    /// Extra fields as bytes.
    pub extra: &'a [u8],
    /// A size says "see the Zip64 field" and there is none, or it is too short.
    pub zip64_missing: bool,
}

impl Fields<'_> {
    /// Bit 0: the data is encrypted.
    pub fn encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Bit 3: CRC and sizes stand behind the data.
    pub fn streamed(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Bits 6 and 13: PKWARE's strong encryption, masked headers.
    pub fn strong(&self) -> bool {
        self.flags & 0x2040 != 0
    }
}

/// A local file header (4.3.7).
#[derive(Debug, Clone, Copy)]
pub struct Local<'a> {
    /// Offset of the header.
    pub at: usize,
    /// Offset of the data behind it.
    pub data: usize,
    /// Its fields.
    pub fields: Fields<'a>,
    /// False when the four signature bytes are wrong.
    pub signed: bool,
}

impl<'a> Local<'a> {
    /// The header at `at`, whatever its signature; `None` when it does not fit into the file.
    pub fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut r = Reader::at(bytes, at);
        if r.offset() != at {
            return None;
        }
        let signed = r.take(4)? == LOCAL;
        r.skip(2)?;
        let (flags, method, time) = (r.u16()?, r.u16()?, r.u16()?);
        r.skip(2)?;
        let (crc, packed, plain) = (r.u32()?, r.u32()?, r.u32()?);
        let (name_len, extra_len) = (r.u16()?, r.u16()?);
        let name = r.take(usize::from(name_len))?;
        let extra = r.take(usize::from(extra_len))?;
        let wide = wide(extra, plain, packed, 0, 0);
        let fields = Fields {
            flags,
            method,
            time,
            crc,
            packed: wide.packed,
            plain: wide.plain,
            name,
            extra,
            zip64_missing: wide.missing,
        };
        Some(Local {
            at,
            data: r.offset(),
            fields,
            signed,
        })
    }
}

/// A central directory header (4.3.12).
#[derive(Debug, Clone, Copy)]
pub struct Central<'a> {
    /// Offset of the header.
    pub at: usize,
    /// Offset behind it.
    pub end: usize,
    /// Its fields.
    pub fields: Fields<'a>,
    /// Host system of "version made by".
    pub host: u8,
    /// External attributes (4.4.15).
    pub attributes: u32,
    /// Number of the disk that the member starts on.
    pub disk: u32,
    /// Offset of the local header, counted from where the archive is said to begin.
    pub offset: u64,
}

impl<'a> Central<'a> {
    /// The header at `at`; `None` without the signature or when it does not fit into the file.
    pub fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut r = Reader::at(bytes, at);
        if r.offset() != at || r.take(4)? != CENTRAL {
            return None;
        }
        let [_, host] = r.array::<2>()?;
        r.skip(2)?;
        let (flags, method, time) = (r.u16()?, r.u16()?, r.u16()?);
        r.skip(2)?;
        let (crc, packed, plain) = (r.u32()?, r.u32()?, r.u32()?);
        let (name_len, extra_len, comment_len) = (r.u16()?, r.u16()?, r.u16()?);
        let disk = r.u16()?;
        r.skip(2)?;
        let (attributes, offset) = (r.u32()?, r.u32()?);
        let name = r.take(usize::from(name_len))?;
        let extra = r.take(usize::from(extra_len))?;
        r.skip(usize::from(comment_len))?;
        let wide = wide(extra, plain, packed, offset, disk);
        let fields = Fields {
            flags,
            method,
            time,
            crc,
            packed: wide.packed,
            plain: wide.plain,
            name,
            extra,
            zip64_missing: wide.missing,
        };
        Some(Central {
            at,
            end: r.offset(),
            fields,
            host,
            attributes,
            disk: wide.disk,
            offset: wide.offset,
        })
    }
}

struct Wide {
    plain: u64,
    packed: u64,
    offset: u64,
    disk: u32,
    missing: bool,
}

/// The Zip64 extra field (4.5.3) holds, in this order, only those values whose small fields are full.
fn wide(extra: &[u8], plain: u32, packed: u32, offset: u32, disk: u16) -> Wide {
    let body = extras(extra).find(|(id, _)| *id == 1).map(|(_, body)| body);
    let mut r = Reader::new(body.unwrap_or_default());
    let mut missing = false;
    let mut value = |small: u32| {
        if small != FULL {
            return u64::from(small);
        }
        r.u64().unwrap_or_else(|| {
            missing = true;
            u64::from(small)
        })
    };
    let (plain, packed, offset) = (value(plain), value(packed), value(offset));
    let disk = if disk == u16::MAX {
        r.u32().unwrap_or(u32::from(disk))
    } else {
        u32::from(disk)
    };
    Wide {
        plain,
        packed,
        offset,
        disk,
        missing,
    }
}

/// The extra fields (4.5.1) as id and body; ends at the first that does not fit.
pub fn extras(extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut r = Reader::new(extra);
    std::iter::from_fn(move || {
        let (id, len) = (r.u16()?, r.u16()?);
        Some((id, r.take(usize::from(len))?))
    })
}

/// True when something other than zero padding stands behind the last extra field that fits.
pub fn extra_is_broken(extra: &[u8]) -> bool {
    let mut r = Reader::new(extra);
    loop {
        let rest = extra.get(r.offset()..).unwrap_or_default();
        let body = r.u16().and_then(|_| r.u16()).and_then(|len| r.skip(usize::from(len)));
        if body.is_none() {
            return rest.iter().any(|b| *b != 0);
        }
    }
}

/// How WinZip encrypted a member (extra field 0x9901, AE-1 and AE-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aes {
    /// 1 checks the CRC, 2 does not have one.
    pub version: u16,
    /// 1, 2, 3 for 128, 192, 256 bits.
    pub strength: u8,
    /// The method below the encryption.
    pub method: u16,
}

impl Aes {
    /// The field among these extra fields.
    pub fn of(extra: &[u8]) -> Option<Self> {
        let (_, body) = extras(extra).find(|(id, _)| *id == 0x9901)?;
        let mut r = Reader::new(body);
        let version = r.u16()?;
        r.skip(2)?;
        Some(Aes {
            version,
            strength: r.u8()?,
            method: r.u16()?,
        })
    }
}

/// An end of central directory record (4.3.16), Zip64 (4.3.14) resolved.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// Offset of the record.
    pub at: usize,
    /// Offset behind its comment, or the end of the file when the comment does not fit.
    pub end: usize,
    /// Where the directory should end: here, or at the Zip64 record.
    pub directory_end: usize,
    /// Disk numbers other than 0, or fewer entries here than in all.
    pub split: bool,
    /// Number of entries.
    pub count: u64,
    /// Size of the directory in bytes.
    pub size: u64,
    /// Offset of the directory, counted from where the archive is said to begin.
    pub offset: u64,
    /// Comment.
    pub comment: &'a [u8],
    /// The Zip64 record is missing or contradicts the small fields.
    pub zip64_odd: bool,
    /// A Zip64 record counts.
    pub zip64: bool,
}

impl<'a> End<'a> {
    /// The record at `at`; `None` without the signature or when it does not fit into the file.
    pub fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut r = Reader::at(bytes, at);
        if r.offset() != at || r.take(4)? != END {
            return None;
        }
        let (disk, start_disk, here, total) = (r.u16()?, r.u16()?, r.u16()?, r.u16()?);
        let (length, offset, comment_len) = (r.u32()?, r.u32()?, r.u16()?);
        // A comment that is said to be longer than the file ends with it.
        let comment = r.take(usize::from(comment_len).min(r.left()))?;
        let mut end = End {
            at,
            end: r.offset(),
            directory_end: at,
            split: disk != start_disk || (disk != 0 && disk != u16::MAX) || here != total,
            count: u64::from(total),
            size: u64::from(length),
            offset: u64::from(offset),
            comment,
            zip64_odd: false,
            zip64: false,
        };
        end.widen(bytes, total, length, offset);
        Some(end)
    }

    fn widen(&mut self, bytes: &'a [u8], total: u16, length: u32, offset: u32) {
        let full = total == u16::MAX || length == FULL || offset == FULL;
        let locator = self.at.checked_sub(20).filter(|at| starts(bytes, *at, LOCATOR));
        let Some(locator) = locator else {
            // 65,535 entries are allowed without Zip64; the other two are not.
            self.zip64_odd = length == FULL || offset == FULL;
            return;
        };
        let said = Reader::at(bytes, locator.saturating_add(8)).u64().map(size);
        let near = locator.checked_sub(56);
        let found = said.into_iter().chain(near).find(|at| starts(bytes, *at, END64));
        let Some(wide) = found.and_then(|at| Wide64::read(bytes, at)) else {
            // Where nothing asks for Zip64, a name that happens to look like a locator is no locator.
            self.zip64_odd = full;
            return;
        };
        self.zip64_odd = (total != u16::MAX && wide.count != u64::from(total))
            || (length != FULL && wide.size != u64::from(length))
            || (offset != FULL && wide.offset != u64::from(offset));
        self.zip64 = true;
        self.directory_end = wide.at;
        if full || self.zip64_odd {
            (self.count, self.size, self.offset) = (wide.count, wide.size, wide.offset);
        }
    }
}

struct Wide64 {
    at: usize,
    count: u64,
    size: u64,
    offset: u64,
}

impl Wide64 {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let mut r = Reader::at(bytes, at);
        r.skip(32)?;
        Some(Wide64 {
            at,
            count: r.u64()?,
            size: r.u64()?,
            offset: r.u64()?,
        })
    }
}

/// Whether `mark` stands at `at`.
pub fn starts(bytes: &[u8], at: usize, mark: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|tail| tail.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_end_where_they_do_not_fit() {
        assert_eq!(extras(&[1, 0, 1, 0, 7, 9, 9]).collect::<Vec<_>>(), [(1, &[7][..])]);
        assert!(extra_is_broken(&[1, 0, 1, 0, 7, 9, 9]));
        assert!(!extra_is_broken(&[1, 0, 1, 0, 7, 0, 0, 0]));
        assert!(!extra_is_broken(&[]));
    }

    #[test]
    fn zip64_values_come_in_order_and_only_for_full_fields() {
        let extra = [&[1, 0, 8, 0][..], &5_u64.to_le_bytes()].concat();
        let w = wide(&extra, 3, FULL, 9, 0);
        assert_eq!((w.plain, w.packed, w.offset, w.missing), (3, 5, 9, false));
        assert!(wide(&[], FULL, 1, 1, 0).missing);
    }
}
