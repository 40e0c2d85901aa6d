//! A low-level ZIP writer (PKWARE APPNOTE 6.3): every field of the local header, the central directory and the end record can lie.

mod archive;
mod bombs;
mod crypt;
mod quine;
mod tricks;

pub use archive::Archive;
pub use bombs::{filler, full_overlap, many_members, nested, quoted_overlap, repeated, zeros};
pub use crypt::{aes256, zipcrypto};
pub use quine::quine;
pub use tricks::{Trick, big_tricks, tricks};

use crate::bits::{Le, crc32, deflate};

/// The fields that the local header and the central directory both hold (APPNOTE 4.3.7, 4.3.12).
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// Version needed to extract.
    pub version: u16,
    /// General purpose bits (4.4.4).
    pub flags: u16,
    /// Compression method (4.4.5).
    pub method: u16,
    /// DOS time and date.
    pub stamp: u32,
    /// CRC-32 of the plain bytes.
    pub crc: u32,
    /// Packed size in bytes.
    pub packed: u32,
    /// Plain size in bytes.
    pub plain: u32,
    /// Name, as bytes.
    pub name: Vec<u8>,
    /// Extra field, as bytes.
    pub extra: Vec<u8>,
}

/// One member: both views of it, its bytes, and what stands around it.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// What the local header says.
    pub local: Fields,
    /// What the central directory says.
    pub central: Fields,
    /// The packed bytes after the local header.
    pub data: Vec<u8>,
    /// Bytes between the member before and this local header.
    pub gap: Vec<u8>,
    /// Bytes after the data: a data descriptor (4.3.9).
    pub descriptor: Vec<u8>,
    /// Comment in the central directory.
    pub comment: Vec<u8>,
    /// Version made by; the high byte is the host system.
    pub made_by: u16,
    /// External attributes (4.4.15).
    pub attributes: u32,
    /// The local header's four signature bytes.
    pub signature: [u8; 4],
    /// False leaves the member out of the central directory.
    pub listed: bool,
    /// False writes no local header and no data: only the directory names it.
    pub present: bool,
    /// Local header offset in the directory, when it shall not be the true one.
    pub offset: Option<u32>,
}

impl Entry {
    /// A deflated member.
    pub fn deflated(name: impl AsRef<[u8]>, plain: &[u8]) -> Self {
        Self::packed(name, plain, 8, deflate(plain))
    }

    /// A stored member.
    pub fn stored(name: impl AsRef<[u8]>, plain: &[u8]) -> Self {
        Self::packed(name, plain, 0, plain.to_vec())
    }

    /// A member whose bytes the caller packed with `method`.
    pub fn packed(name: impl AsRef<[u8]>, plain: &[u8], method: u16, data: Vec<u8>) -> Self {
        let fields = Fields {
            version: 20,
            flags: if name.as_ref().is_ascii() { 0 } else { 0x800 },
            method,
            stamp: STAMP,
            crc: crc32(plain),
            packed: data.len() as u32,
            plain: plain.len() as u32,
            name: name.as_ref().to_vec(),
            extra: Vec::new(),
        };
        Self {
            local: fields.clone(),
            central: fields,
            data,
            made_by: 0x0314,
            attributes: 0o100_644 << 16,
            signature: *b"PK\x03\x04",
            listed: true,
            present: true,
            ..Self::default()
        }
    }

    /// Changes both views.
    pub fn both(mut self, change: impl Fn(&mut Fields)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    /// Changes the local header only.
    pub fn local(mut self, change: impl Fn(&mut Fields)) -> Self {
        change(&mut self.local);
        self
    }

    /// Changes the central directory only.
    pub fn central(mut self, change: impl Fn(&mut Fields)) -> Self {
        change(&mut self.central);
        self
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Moves CRC and sizes behind the data (bit 3), with or without the descriptor's signature.
    pub fn streamed(mut self, signature: bool) -> Self {
        let f = self.local.clone();
        let mark: &[u8] = if signature { b"PK\x07\x08" } else { b"" };
        self.descriptor = Le::new().raw(mark).u32(f.crc).u32(f.packed).u32(f.plain).0;
        self.local.crc = 0;
        self.local.packed = 0;
        self.local.plain = 0;
        self.both(|f| f.flags |= 8)
    }
}

/// A plain archive with one deflated member per pair of name and bytes.
pub fn simple(files: &[(&str, &[u8])]) -> Vec<u8> {
    Archive::of(files.iter().map(|(name, data)| Entry::deflated(name, data)).collect()).build()
}

/// An extra field record (4.5.1).
pub fn extra(id: u16, body: &[u8]) -> Vec<u8> {
    Le::new().u16(id).u16(body.len() as u16).raw(body).0
}

/// 2024-01-02 03:04:06 in DOS form.
const STAMP: u32 = 0x5822_1883;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    fn read(bytes: Vec<u8>, name: &str) -> Vec<u8> {
        let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut plain = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn another_reader_reads_deflated_stored_streamed_and_zip64() {
        let text = b"hello hello hello hello".as_slice();
        let entries = vec![
            Entry::deflated("a", text),
            Entry::stored("b", text),
            Entry::deflated("c", text).streamed(true),
        ];
        let plain = Archive::of(entries);
        for name in ["a", "b", "c"] {
            assert_eq!(read(plain.build(), name), text);
            assert_eq!(read(plain.clone().with(|a| a.zip64 = true).build(), name), text);
        }
    }

    #[test]
    fn the_two_views_may_differ() {
        let bytes = Archive::of(vec![Entry::stored("seen.txt", b"x").local(|f| f.name = b"real.exe".to_vec())]).build();
        assert_eq!(read(bytes.clone(), "seen.txt"), b"x");
        assert!(bytes.windows(8).any(|w| w == b"real.exe"));
    }
}
