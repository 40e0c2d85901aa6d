//! A reader of compound files (MS-CFB 12.0) that goes on where a strict one stops: it walks the directory entry by entry and every
//! chain with a guard, and keeps what is wrong as plain sentences.

mod entry;
mod stream;
mod tables;

use std::io::Read as _;

pub use self::entry::{Entry, Kind};
pub use self::stream::StreamReader;
use crate::reader::{Reader, size};

/// The signature of a compound file (MS-CFB 2.2).
pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// The highest sector number that is a sector (MS-CFB 2.1, MAXREGSECT).
const MAX_REGULAR: u32 = 0xffff_fffa;
const END_OF_CHAIN: u32 = 0xffff_fffe;
const FREE: u32 = 0xffff_ffff;
/// How deep a path is told.
const MAX_PATH_DEPTH: usize = 64;

/// Start and end of bytes that stand in one piece in the file.
pub type Run = (usize, usize);

/// An opened compound file.
pub struct Cfb<'a> {
    bytes: &'a [u8],
    shift: u32,
    cutoff: u64,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini_stream: Vec<u32>,
    entries: Vec<Option<Entry>>,
    /// Sectors of the tables and of the directory.
    own: Vec<u32>,
    /// What contradicts the specification, one plain sentence each.
    pub wrong: Vec<&'static str>,
}

impl<'a> Cfb<'a> {
    /// Opens a compound file; `None` when there is no header or no directory.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let mut r = Reader::at(bytes, 26);
        let major = r.u16()?;
        let order = r.u16()?;
        let declared = r.u16()?;
        let mini_shift = r.u16()?;
        let mut r = Reader::at(bytes, 44);
        let fat_sectors = r.u32()?;
        let directory = r.u32()?;
        r.skip(4)?;
        let cutoff = r.u32()?;
        let mini_fat = r.u32()?;
        r.skip(4)?;
        let difat = r.u32()?;
        let difat_sectors = r.u32()?;
        let shift: u32 = match declared {
            9 | 12 => u32::from(declared),
            _ if major == 4 => 12,
            _ => 9,
        };
        let mut cfb = Cfb {
            bytes,
            shift,
            cutoff: 4096,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini_stream: Vec::new(),
            entries: Vec::new(),
            own: Vec::new(),
            wrong: Vec::new(),
        };
        if order != 0xfffe || declared != if major == 4 { 12 } else { 9 } || mini_shift != 6 {
            cfb.note("its header declares a byte order or sector sizes that no reader expects");
        }
        if cutoff != 4096 {
            cfb.note("its header declares another limit for small streams than 4,096 bytes");
        }
        cfb.read_fat(fat_sectors, difat, difat_sectors);
        let chain = cfb.chain(directory, "the chain of its directory is broken");
        cfb.read_directory(&chain);
        cfb.own.extend(chain);
        if !cfb.entries.iter().flatten().any(|e| e.kind != Kind::Root) {
            // A directory without a chain still stands where the header says.
            cfb.read_directory(&[directory]);
            cfb.own.push(directory);
        }
        if cfb.entries.is_empty() {
            return None;
        }
        if mini_fat <= MAX_REGULAR {
            let chain = cfb.chain(mini_fat, "the chain of its table of small sectors is broken");
            cfb.mini_fat = cfb.numbers(&chain);
            cfb.own.extend(chain);
        }
        let root = cfb.entries.iter().flatten().find(|e| e.kind == Kind::Root).map(|e| e.start);
        if let Some(start) = root.filter(|start| *start <= MAX_REGULAR) {
            cfb.mini_stream = cfb.chain(start, "the chain of its small streams is broken");
        }
        cfb.name_parents();
        Some(cfb)
    }

    /// All entries with their index, in the order of the directory.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter_map(|(i, e)| e.as_ref().map(|e| (i, e)))
    }

    /// The class id of the root.
    pub fn root_clsid(&self) -> [u8; 16] {
        self.entries().find(|(_, e)| e.kind == Kind::Root).map_or([0; 16], |(_, e)| e.clsid)
    }

    /// True when the root holds a stream or storage of that name (case does not matter).
    pub fn has_root(&self, name: &str) -> bool {
        self.root_entry(name).is_some()
    }

    /// The entry of that name directly below the root.
    pub fn root_entry(&self, name: &str) -> Option<&Entry> {
        self.entries()
            .find(|(_, e)| self.is_root(e.parent) && e.name.eq_ignore_ascii_case(name))
            .map(|(_, e)| e)
    }

    /// Names from the root to the entry, joined with `/`.
    pub fn path(&self, entry: &Entry) -> String {
        let mut names = vec![entry.name.as_str()];
        let mut up = entry.parent;
        while let Some(parent) = up.and_then(|i| self.entries.get(i)).and_then(Option::as_ref) {
            if parent.kind == Kind::Root || names.len() >= MAX_PATH_DEPTH {
                break;
            }
            names.push(&parent.name);
            up = parent.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The name of the storage that holds the entry; empty for the root.
    pub fn storage(&self, entry: &Entry) -> &str {
        let parent = entry.parent.and_then(|i| self.entries.get(i)).and_then(Option::as_ref);
        parent.filter(|p| p.kind != Kind::Root).map_or("", |p| &p.name)
    }

    /// The bytes of a stream. A broken chain ends in an error: truncated past the end of the file, malformed otherwise.
    pub fn reader(&self, entry: &Entry) -> StreamReader<'_, 'a> {
        StreamReader {
            cfb: self,
            mini: entry.size < self.cutoff,
            sector: entry.start,
            within: 0,
            left: entry.size,
            steps: 0,
        }
    }

    /// At most the first `max` bytes of a stream, as far as they can be read, and whether that was all of it.
    pub fn read(&self, entry: &Entry, max: usize) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let mut part = [0_u8; 4096];
        let mut reader = self.reader(entry);
        while out.len() < max {
            match reader.read(&mut part) {
                Ok(0) => return (out, true),
                Ok(n) => out.extend_from_slice(part.get(..n.min(max.saturating_sub(out.len()))).unwrap_or_default()),
                Err(_) => return (out, false),
            }
        }
        let whole = reader.left == 0;
        (out, whole)
    }

    /// The whole file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where streams lie in one piece, and where the sectors lie that nobody uses, as ranges of the file. Tables and the directory are
    /// neither.
    pub fn runs(&self) -> (Vec<Run>, Vec<Run>) {
        let unit = self.sector_bytes();
        let mut free = vec![true; self.sectors()];
        let mut used: Vec<Run> = Vec::new();
        for (_, entry) in self.entries().filter(|(_, e)| e.kind == Kind::Stream && e.size >= self.cutoff) {
            let (mut next, mut left) = (entry.start, size(entry.size));
            let mut whole = None;
            // A sector that a stream before has taken ends this one: what follows is its, too.
            while left > 0 && free.get(size(next)).is_some_and(|free| *free) {
                let Some(start) = self.offset(next) else { break };
                let end = start.saturating_add(unit.min(left));
                if let Some(place) = free.get_mut(size(next)) {
                    *place = false;
                }
                match used.last_mut().filter(|run| whole == Some(start) && run.1 == start) {
                    Some(run) => run.1 = end,
                    None => used.push((start, end)),
                }
                whole = Some(end);
                left = left.saturating_sub(unit);
                next = self.fat.get(size(next)).copied().unwrap_or(FREE);
            }
        }
        for sector in self.mini_stream.iter().chain(&self.own) {
            if let Some(place) = free.get_mut(size(*sector)) {
                *place = false;
            }
        }
        let mut unused = Vec::new();
        let (mut start, limit) = (unit, self.end());
        for run in free.chunk_by(|a, b| a == b) {
            let stop = run.len().saturating_mul(unit).saturating_add(start);
            if run.first() == Some(&true) && start < limit {
                unused.push((start, stop.min(limit)));
            }
            start = stop;
        }
        (used, unused)
    }

    /// Where the last sector that is in use ends, in bytes; at most the length of the file.
    pub fn end(&self) -> usize {
        let last = self.fat.iter().rposition(|next| *next != FREE).unwrap_or_default();
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        self.offset(last)
            .and_then(|at| at.checked_add(self.sector_bytes()))
            .unwrap_or(usize::MAX)
            .min(self.bytes.len())
    }

    /// Where the sectors end that the sector table knows, in bytes; partial sectors are none.
    pub fn known(&self) -> usize {
        let whole = self.sectors().min(self.fat.len().saturating_add(1));
        whole.saturating_mul(self.sector_bytes())
    }

    fn note(&mut self, what: &'static str) {
        if !self.wrong.contains(&what) {
            self.wrong.push(what);
        }
    }

    fn is_root(&self, parent: Option<usize>) -> bool {
        let parent = parent.and_then(|i| self.entries.get(i)).and_then(Option::as_ref);
        parent.is_some_and(|p| p.kind == Kind::Root)
    }

    fn sector_bytes(&self) -> usize {
        1_usize.checked_shl(self.shift).unwrap_or(512)
    }

    /// Sectors that the file has room for, the last one perhaps in part.
    fn sectors(&self) -> usize {
        self.bytes.len().checked_div(self.sector_bytes()).unwrap_or_default()
    }

    fn offset(&self, sector: u32) -> Option<usize> {
        size(sector).checked_add(1)?.checked_mul(self.sector_bytes())
    }

    fn sector(&self, sector: u32) -> Option<&'a [u8]> {
        let start = self.offset(sector).filter(|at| *at < self.bytes.len())?;
        let end = start.saturating_add(self.sector_bytes()).min(self.bytes.len());
        self.bytes.get(start..end)
    }
}

#[cfg(test)]
pub(crate) mod tests;
