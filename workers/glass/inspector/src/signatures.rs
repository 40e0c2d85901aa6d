//! Signatures that readers look for anywhere in a file, found in one pass for all of them: most files hold none.

use std::sync::LazyLock;

use crate::needles::Needles;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// A gzip stream with deflate (RFC 1952, section 2.3.1).
    Gzip,
    /// A bzip2 stream (bzip2 1.0.8).
    Bzip2,
    /// An xz stream (xz file format 1.2.1, section 2.1.1).
    Xz,
    /// A local header of a ZIP archive (PKWARE APPNOTE 6.3.10, section 4.3.7).
    Zip,
    /// A RAR archive from 1.5 on (RAR 5.0 archive format, general archive structure).
    Rar,
    /// A 7z archive (7zFormat.txt, Signature Header).
    Seven,
    /// A cabinet (MS-CAB 2.1).
    Cabinet,
    /// A zstd frame, without its last byte, by which an xz stream begins (RFC 8878, section 3.1.1).
    Zstd,
    /// A XAR archive (xar 1.8, file format).
    Xar,
    /// The magic word of a tar header, 257 bytes behind its start (POSIX.1-2024 pax, ustar Interchange Format).
    Tar,
    /// A script of Windows Script Encoder.
    EncodedScript,
    /// The word of an object of a PDF (ISO 32000-2, section 7.3.10).
    PdfObject,
    /// How the first line of uuencoded data begins (POSIX.1-2024, uuencode).
    Uuencoded,
    /// The same of data in base64.
    UuencodedBase64,
    /// A SquashFS image in little-endian order, without its first byte, by which bzip2's ends (squashfs 4.0, superblock).
    SquashFs,
    /// An installer of NSIS, 8 bytes behind the start of its header (NSIS 3, `firstheader`).
    Nsis,
}

/// The bytes of each.
const TABLE: [(Signature, &[u8]); 16] = [
    (Signature::Gzip, b"\x1f\x8b\x08"),
    (Signature::Bzip2, b"BZh"),
    (Signature::Xz, b"\xfd7zXZ\0"),
    (Signature::Zip, b"PK\x03\x04"),
    (Signature::Rar, b"Rar!\x1a\x07"),
    (Signature::Seven, b"7z\xbc\xaf\x27\x1c"),
    (Signature::Cabinet, b"MSCF"),
    (Signature::Zstd, b"\x28\xb5\x2f"),
    (Signature::Xar, b"xar!"),
    (Signature::Tar, b"ustar"),
    (Signature::EncodedScript, b"#@~^"),
    (Signature::PdfObject, b"obj"),
    (Signature::Uuencoded, b"begin "),
    (Signature::UuencodedBase64, b"begin-base64 "),
    (Signature::SquashFs, b"sqs"),
    (Signature::Nsis, b"NullsoftInst"),
];

static NEEDLES: LazyLock<Needles> = LazyLock::new(|| Needles::new(&TABLE.map(|(_, word)| word)));

/// Where each signature stands first in some bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Firsts([Option<usize>; TABLE.len()]);

impl Firsts {
    /// Looks through all bytes once.
    pub fn of(bytes: &[u8]) -> Self {
        let mut firsts = Firsts::default();
        for (at, index) in NEEDLES.find(bytes) {
            if let Some(first) = firsts.0.get_mut(index) {
                first.get_or_insert(at);
            }
        }
        firsts
    }

    /// Where this one stands first.
    pub fn get(&self, signature: Signature) -> Option<usize> {
        let index = TABLE.iter().position(|(of, _)| *of == signature)?;
        self.0.get(index).copied().flatten()
    }
}

/// All places from `start` on where any signature stands, in order.
pub fn from(bytes: &[u8], start: usize) -> impl Iterator<Item = (usize, Signature)> + '_ {
    let found = NEEDLES.find(bytes.get(start..).unwrap_or_default());
    found.filter_map(move |(at, index)| Some((at.saturating_add(start), TABLE.get(index)?.0)))
}

/// All places where a signature stands, in order, given the first of them.
pub fn places(bytes: &[u8], signature: Signature, first: Option<usize>) -> impl Iterator<Item = usize> + '_ {
    let word = TABLE.iter().find(|(of, _)| *of == signature).map_or(&[][..], |(_, word)| word);
    let rest = first.and_then(|first| Some((first, bytes.get(first..)?)));
    rest.into_iter()
        .flat_map(move |(first, rest)| memchr::memmem::find_iter(rest, word).map(move |at| at.saturating_add(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_signature_ends_as_another_one_begins() {
        for (signature, word) in TABLE {
            // What SquashFS's own ends with is not the byte that stands before it.
            for (_, other) in TABLE
                .into_iter()
                .filter(|(of, _)| (signature, *of) != (Signature::SquashFs, Signature::SquashFs))
            {
                for k in 1..word.len().min(other.len()) {
                    assert!(word[word.len() - k..] != other[..k], "{word:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn each_is_found_where_it_stands_first() {
        for (signature, word) in TABLE {
            let bytes = [&[b'-'; 700][..], word, b"PK\x01", word, b"--"].concat();
            let first = Firsts::of(&bytes).get(signature);
            assert_eq!(first, Some(700), "{signature:?}");
            assert_eq!(places(&bytes, signature, first).collect::<Vec<_>>(), [700, 703 + word.len()]);
            assert!(
                TABLE
                    .iter()
                    .all(|(of, _)| *of == signature || Firsts::of(&bytes).get(*of).is_none())
            );
        }
        assert_eq!(places(b"PK\x03\x04", Signature::Zip, None).count(), 0);
    }
}
