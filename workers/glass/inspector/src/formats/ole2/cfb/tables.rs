//! The tables of a compound file (MS-CFB 2.3 to 2.6): which sector follows which, and the directory with its trees.

use std::collections::BTreeSet;

use super::entry::{Kind, entry};
use super::{Cfb, END_OF_CHAIN, FREE, MAX_REGULAR};
use crate::reader::size;

const ENTRY_BYTES: usize = 128;
/// Directory entries that are read; a file of 2 GiB has room for far more, and nobody needs them.
const MAX_ENTRIES: usize = 200_000;

impl Cfb<'_> {
    /// Reads the sector table, by the list in the header and what follows it.
    pub(super) fn read_fat(&mut self, declared: u32, difat: u32, difat_sectors: u32) {
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
    pub(super) fn chain(&mut self, start: u32, wrong: &'static str) -> Vec<u32> {
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

    /// The numbers that the sectors of a chain hold.
    pub(super) fn numbers(&self, chain: &[u32]) -> Vec<u32> {
        chain.iter().filter_map(|s| self.sector(*s)).flat_map(words).collect()
    }

    /// Reads the entries of the directory.
    pub(super) fn read_directory(&mut self, chain: &[u32]) {
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
    pub(super) fn name_parents(&mut self) {
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
