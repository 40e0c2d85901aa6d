//! The views of one member: what its directory header says of it and what its local header says.

use super::names;
use super::record::{Aes, Central, Fields, Local};
use crate::reader::size;
use crate::sink::Member;

/// A member as one or two headers describe it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The header before its data.
    pub local: Option<Local<'a>>,
    /// Its header in a directory.
    pub central: Option<Central<'a>>,
}

/// How one header wants the data to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Compression method, below the encryption.
    pub method: u16,
    /// General purpose bits.
    pub flags: u16,
    /// DOS time.
    pub time: u16,
    /// Encrypted, says the header.
    pub encrypted: bool,
    /// WinZip's encryption.
    pub aes: Option<Aes>,
    /// Packed size, where the header gives one.
    pub packed: Option<usize>,
    /// Plain size, where the header gives one.
    pub plain: Option<u64>,
    /// CRC-32, where the header gives one.
    pub crc: Option<u32>,
}

impl View {
    /// `later` says that bit 3 makes zeros mean "see behind the data", which is so in local headers only.
    fn of(fields: &Fields<'_>, later: bool) -> Self {
        let later = later && fields.streamed();
        let given = |n: u64| (!(fields.zip64_missing || later && n == 0)).then_some(n);
        let aes = Aes::of(fields.extra).filter(|_| fields.method == 99);
        let crc = Some(fields.crc).filter(|crc| !(later && *crc == 0) && aes.is_none_or(|a| a.version == 1));
        View {
            method: aes.map_or(fields.method, |a| a.method),
            flags: fields.flags,
            time: fields.time,
            encrypted: fields.encrypted(),
            aes,
            // A size that points to a missing Zip64 field is taken at its word: readers then take what the file has.
            packed: Some(fields.packed).filter(|n| !(later && *n == 0)).map(size),
            plain: given(fields.plain),
            crc,
        }
    }
}

impl Entry<'_> {
    /// The distinct views, the directory's first.
    pub fn views(&self) -> Vec<View> {
        let mut views = Vec::new();
        if let Some(central) = &self.central {
            views.push(View::of(&central.fields, false));
        }
        if let Some(local) = &self.local {
            let mut view = View::of(&local.fields, true);
            if let Some(first) = views.first() {
                // What stands behind the data is said in the directory too.
                view.packed = view.packed.or(first.packed);
                view.plain = view.plain.or(first.plain);
                view.crc = view.crc.or(first.crc);
            }
            if !views.contains(&view) {
                views.push(view);
            }
        }
        views
    }

    /// The header that most readers believe.
    pub fn fields(&self) -> Option<&Fields<'_>> {
        self.central.as_ref().map(|c| &c.fields).or(self.local.as_ref().map(|l| &l.fields))
    }

    /// All names that some reader would use, the usual one first.
    pub fn names(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let headers = [self.central.as_ref().map(|c| &c.fields), self.local.as_ref().map(|l| &l.fields)];
        for fields in headers.into_iter().flatten() {
            let unicode = names::unicode_path(fields).filter(|(_, fits)| *fits).map(|(name, _)| name);
            for name in unicode.into_iter().chain([names::text(fields)]) {
                if !name.is_empty() && !out.contains(&name) {
                    out.push(name);
                }
            }
        }
        if out.is_empty() {
            out.push(String::new());
        }
        out
    }

    /// Unix mode bits, where the directory header has them.
    pub fn mode(&self) -> u32 {
        self.central
            .as_ref()
            .filter(|c| matches!(c.host, 3 | 19))
            .map_or(0, |c| c.attributes >> 16)
    }

    /// True for a symbolic link by its mode.
    pub fn is_link(&self) -> bool {
        self.mode() & 0o170_000 == 0o120_000
    }

    /// What the sink and the analysers are told.
    pub fn member(&self, name: String) -> Member {
        let attributes = self.central.as_ref().map_or(0, |c| c.attributes);
        let kind = self.mode() & 0o170_000;
        let dos_folder = attributes & 0x10 != 0 && self.fields().is_some_and(|f| f.plain == 0);
        Member {
            dir: name.ends_with(['/', '\\']) || kind == 0o040_000 || dos_folder,
            special: matches!(kind, 0o010_000 | 0o020_000 | 0o060_000 | 0o140_000),
            hidden: attributes & 0x06 != 0,
            declared: self.fields().map(|f| f.plain),
            name,
            ..Member::default()
        }
    }
}
