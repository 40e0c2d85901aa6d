//! A reader of compound files (MS-CFB 12.0) that goes on where a strict one stops: it walks the directory entry by entry and every
//! chain with a guard, and keeps what is wrong as plain sentences.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Read};

use crate::reader::{Reader, len64, size};

/// The signature of a compound file (MS-CFB 2.2).
pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// The highest sector number that is a sector (MS-CFB 2.1, MAXREGSECT).
const MAX_REGULAR: u32 = 0xffff_fffa;
const END_OF_CHAIN: u32 = 0xffff_fffe;
const FREE: u32 = 0xffff_ffff;
const ENTRY_BYTES: usize = 128;
/// Directory entries that are read; a file of 2 GiB has room for far more, and nobody needs them.
const MAX_ENTRIES: usize = 200_000;
/// How deep a path is told.
const MAX_PATH_DEPTH: usize = 64;

/// Start and end of bytes that stand in one piece in the file.
pub type Run = (usize, usize);

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
    start: u32,
    child: u32,
    left: u32,
    right: u32,
}

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

    fn read_fat(&mut self, declared: u32, difat: u32, difat_sectors: u32) {
        let room = self.sectors();
        let mut list: Vec<u32> = words(self.bytes.get(76..512).unwrap_or_default()).collect();
        let mut next = difat;
        let mut steps = 0_usize;
        while next <= MAX_REGULAR && (difat_sectors > 0 || next != 0) {
            steps = steps.saturating_add(1);
            let Some(sector) = self.sector(next).filter(|_| steps <= room) else {
                self.note("the chain of its list of tables is broken");
                break;
            };
            let mut numbers: Vec<u32> = words(sector).collect();
            self.own.push(next);
            next = numbers.pop().unwrap_or(END_OF_CHAIN);
            list.append(&mut numbers);
        }
        let wanted = if declared == 0 { list.len() } else { size(declared) };
        list.truncate(wanted);
        let listed: Vec<u32> = list.into_iter().filter(|sector| *sector <= MAX_REGULAR).collect();
        for sector in listed {
            if self.fat.len() > room {
                break;
            }
            match self.sector(sector) {
                Some(bytes) => {
                    self.fat.extend(words(bytes));
                    self.own.push(sector);
                }
                None => {
                    self.note("a part of its sector table lies past the end of the file");
                    let hole = self.sector_bytes().checked_div(4).unwrap_or_default();
                    self.fat.extend(std::iter::repeat_n(FREE, hole));
                }
            }
        }
    }

    /// All sectors of a chain; stops at the end, at a loop and past the end of the file.
    fn chain(&mut self, start: u32, wrong: &'static str) -> Vec<u32> {
        let room = self.sectors();
        let mut chain = Vec::new();
        let mut next = start;
        while next <= MAX_REGULAR {
            if chain.len() > room || self.sector(next).is_none() {
                self.note(wrong);
                // A loop repeats itself: what it holds is there once.
                let mut seen = BTreeSet::new();
                chain.retain(|sector| seen.insert(*sector));
                break;
            }
            chain.push(next);
            next = self.fat.get(size(next)).copied().unwrap_or(FREE);
        }
        if next > MAX_REGULAR && next != END_OF_CHAIN {
            self.note(wrong);
        }
        chain
    }

    fn numbers(&self, chain: &[u32]) -> Vec<u32> {
        chain.iter().filter_map(|s| self.sector(*s)).flat_map(words).collect()
    }

    fn read_directory(&mut self, chain: &[u32]) {
        let mut entries = Vec::new();
        for sector in chain {
            for raw in self.sector(*sector).unwrap_or_default().chunks_exact(ENTRY_BYTES) {
                if entries.len() < MAX_ENTRIES {
                    entries.push(entry(raw, self.shift));
                } else {
                    self.note("its directory has more entries than anybody needs: the rest was not read");
                }
            }
        }
        self.entries = entries;
    }

    /// Walks the trees of siblings (MS-CFB 2.6.4) with a guard, so that every entry knows its storage.
    fn name_parents(&mut self) {
        let mut reached = BTreeSet::new();
        let mut todo: Vec<(u32, usize)> = Vec::new();
        let mut twice = false;
        let storages: Vec<(usize, u32)> = self
            .entries()
            .filter(|(_, e)| e.kind != Kind::Stream)
            .map(|(i, e)| (i, e.child))
            .collect();
        for (index, child) in storages {
            todo.push((child, index));
            while let Some((at, parent)) = todo.pop() {
                if at > MAX_REGULAR {
                    continue;
                }
                let at = size(at);
                if at == parent || !reached.insert(at) {
                    twice = true;
                    continue;
                }
                if let Some(entry) = self.entries.get_mut(at).and_then(Option::as_mut) {
                    entry.parent = Some(parent);
                    todo.push((entry.left, parent));
                    todo.push((entry.right, parent));
                }
            }
        }
        if twice {
            self.note("its directory leads to the same entry twice");
        }
        if self
            .entries()
            .any(|(_, e)| e.kind == Kind::Stream && e.parent.is_none() && e.size > 0)
        {
            self.note("it holds a stream that no storage names");
        }
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes
        .chunks_exact(4)
        .filter_map(|four| four.try_into().ok().map(u32::from_le_bytes))
}

fn entry(raw: &[u8], shift: u32) -> Option<Entry> {
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
fn decode_name(units: &[u16]) -> String {
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

/// Reads one stream along its chain.
pub struct StreamReader<'c, 'a> {
    cfb: &'c Cfb<'a>,
    mini: bool,
    sector: u32,
    within: usize,
    left: u64,
    steps: usize,
}

impl Read for StreamReader<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 || into.is_empty() {
            return Ok(0);
        }
        let unit = if self.mini { 64 } else { self.cfb.sector_bytes() };
        if self.within >= unit {
            self.within = 0;
            self.steps = self.steps.saturating_add(1);
            let table = if self.mini { &self.cfb.mini_fat } else { &self.cfb.fat };
            self.sector = table.get(size(self.sector)).copied().unwrap_or(FREE);
            if self.steps > table.len() {
                return Err(Error::new(ErrorKind::InvalidData, "the chain of this stream is a loop"));
            }
        }
        if self.sector > MAX_REGULAR {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "the chain of this stream ends before its declared length",
            ));
        }
        let from = if self.mini {
            self.mini_sector()
        } else {
            self.cfb.sector(self.sector)
        };
        let from = from.and_then(|bytes| bytes.get(self.within..)).unwrap_or_default();
        if from.is_empty() {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the chain of this stream leads past the end of the file",
            ));
        }
        let n = from.len().min(into.len()).min(size(self.left));
        if let (Some(to), Some(from)) = (into.get_mut(..n), from.get(..n)) {
            to.copy_from_slice(from);
        }
        self.within = self.within.saturating_add(n);
        self.left = self.left.saturating_sub(len64(n));
        Ok(n)
    }
}

impl<'a> StreamReader<'_, 'a> {
    fn mini_sector(&self) -> Option<&'a [u8]> {
        let at = size(self.sector).checked_mul(64)?;
        let big = self.cfb.mini_stream.get(at >> self.cfb.shift)?;
        let within = at.checked_rem(self.cfb.sector_bytes())?;
        let sector = self.cfb.sector(*big)?;
        let end = within.saturating_add(64).min(sector.len());
        sector.get(within..end)
    }
}

#[cfg(test)]
pub(crate) mod tests;
