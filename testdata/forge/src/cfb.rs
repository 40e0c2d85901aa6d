//! A small writer of OLE2 compound files, version 3 (MS-CFB): storages, streams, mini stream, FAT.

use crate::bits::{Le, utf16le};

const SECTOR: usize = 512;
const FREE: u32 = 0xffff_ffff;
const END: u32 = 0xffff_fffe;
const FAT_SECTOR: u32 = 0xffff_fffd;

/// A compound file under construction; node 0 is the root storage.
#[derive(Debug, Clone)]
pub struct Cfb {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    name: String,
    parent: usize,
    class: [u8; 16],
    stream: Option<Vec<u8>>,
}

impl Default for Cfb {
    fn default() -> Self {
        Self::new()
    }
}

impl Cfb {
    /// A file with an empty root storage.
    pub fn new() -> Self {
        Self {
            nodes: vec![Node {
                name: "Root Entry".to_owned(),
                parent: usize::MAX,
                class: [0; 16],
                stream: None,
            }],
        }
    }

    /// Adds a stream; `path` parts are separated by `/`, and storages are made as needed.
    pub fn stream(mut self, path: &str, data: &[u8]) -> Self {
        let (storage, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.storage(storage);
        self.nodes.push(Node {
            name: name.to_owned(),
            parent,
            class: [0; 16],
            stream: Some(data.to_vec()),
        });
        self
    }

    /// Sets the class id of a storage (`""` is the root).
    pub fn class(mut self, path: &str, class: [u8; 16]) -> Self {
        let node = self.storage(path);
        self.nodes[node].class = class;
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let mut file = Layout::default();
        let mut mini = Vec::new();
        let mut mini_fat = Vec::new();
        let mut starts = vec![(END, 0u64); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(data) = node.stream.as_ref().filter(|data| !data.is_empty()) else {
                continue;
            };
            let first = if data.len() < 4096 {
                add_mini(&mut mini, &mut mini_fat, data)
            } else {
                file.add(data)
            };
            starts[index] = (first, data.len() as u64);
        }
        starts[0] = if mini.is_empty() {
            (END, 0)
        } else {
            (file.add(&mini), mini.len() as u64)
        };
        let mini_bytes: Vec<u8> = mini_fat.iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
        let mini_sectors = mini_bytes.len().div_ceil(SECTOR);
        let mini_start = if mini_bytes.is_empty() {
            END
        } else {
            file.add_filled(&mini_bytes, 0xff)
        };
        let directory_start = file.add(&self.directory(&starts));
        file.finish(directory_start, mini_start, mini_sectors as u32)
    }

    fn storage(&mut self, path: &str) -> usize {
        path.split('/').filter(|part| !part.is_empty()).fold(0, |parent, part| {
            let found = self
                .nodes
                .iter()
                .position(|n| n.parent == parent && n.name == part && n.stream.is_none());
            found.unwrap_or_else(|| {
                self.nodes.push(Node {
                    name: part.to_owned(),
                    parent,
                    class: [0; 16],
                    stream: None,
                });
                self.nodes.len() - 1
            })
        })
    }

    fn directory(&self, starts: &[(u32, u64)]) -> Vec<u8> {
        let mut links = vec![[FREE; 3]; self.nodes.len()];
        for storage in 0..self.nodes.len() {
            let mut children: Vec<usize> = (0..self.nodes.len()).filter(|n| self.nodes[*n].parent == storage).collect();
            children.sort_by_key(|n| (self.nodes[*n].name.encode_utf16().count(), self.nodes[*n].name.to_uppercase()));
            links[storage][2] = balance(&children, &mut links);
        }
        let mut out = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let mut name = utf16le(&node.name);
            name.truncate(62);
            let name_len = name.len() as u16 + 2;
            name.resize(64, 0);
            let kind = if index == 0 {
                5
            } else if node.stream.is_some() {
                2
            } else {
                1
            };
            let [left, right, child] = links[index];
            let entry = Le::new().raw(name).u16(name_len).u8(kind).u8(1).u32(left).u32(right).u32(child);
            let (start, size) = starts[index];
            let start = if kind == 1 { 0 } else { start };
            out.extend(entry.raw(node.class).u32(0).u64(0).u64(0).u32(start).u64(size).0);
        }
        while !out.len().is_multiple_of(SECTOR) {
            out.extend(Le::new().raw([0; 68]).u32(FREE).u32(FREE).u32(FREE).raw([0; 48]).0);
        }
        out
    }
}

/// A balanced search tree over the sorted siblings; all nodes are black, as MS-CFB 2.6.4 allows for writers.
fn balance(sorted: &[usize], links: &mut [[u32; 3]]) -> u32 {
    if sorted.is_empty() {
        return FREE;
    }
    let middle = sorted.len() / 2;
    let node = sorted[middle];
    links[node][0] = balance(&sorted[..middle], links);
    links[node][1] = balance(&sorted[middle + 1..], links);
    node as u32
}

/// Appends a stream to the mini stream in sectors of 64 bytes; returns its first mini sector.
fn add_mini(mini: &mut Vec<u8>, fat: &mut Vec<u32>, data: &[u8]) -> u32 {
    let first = fat.len() as u32;
    let count = data.len().div_ceil(64) as u32;
    fat.extend((1..count).map(|n| first + n).chain([END]));
    mini.extend_from_slice(data);
    mini.resize(mini.len().next_multiple_of(64), 0);
    first
}

#[derive(Default)]
struct Layout {
    sectors: Vec<u8>,
    fat: Vec<u32>,
}

impl Layout {
    fn add(&mut self, data: &[u8]) -> u32 {
        self.add_filled(data, 0)
    }

    fn add_filled(&mut self, data: &[u8], fill: u8) -> u32 {
        let first = self.fat.len() as u32;
        let count = data.len().div_ceil(SECTOR) as u32;
        self.fat.extend((1..count).map(|n| first + n).chain([END]));
        self.sectors.extend_from_slice(data);
        self.sectors.resize(self.fat.len() * SECTOR, fill);
        first
    }

    /// Appends the FAT itself and puts the header in front; files of at most 109 FAT sectors (about 7 MiB).
    fn finish(mut self, directory: u32, mini_fat: u32, mini_sectors: u32) -> Vec<u8> {
        let first = self.fat.len();
        let mut count = 1;
        while (first + count) * 4 > count * SECTOR {
            count += 1;
        }
        assert!(count <= 109, "the compound file is longer than this writer supports");
        self.fat.extend(std::iter::repeat_n(FAT_SECTOR, count));
        self.fat.resize(count * SECTOR / 4, FREE);
        let mut out = Le::new().raw([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).raw([0; 16]);
        out = out
            .u16(0x3e)
            .u16(3)
            .u16(0xfffe)
            .u16(9)
            .u16(6)
            .raw([0; 6])
            .u32(0)
            .u32(count as u32)
            .u32(directory);
        out = out.u32(0).u32(4096).u32(mini_fat).u32(mini_sectors).u32(END).u32(0);
        for n in 0..109 {
            out = out.u32(if n < count { (first + n) as u32 } else { FREE });
        }
        out = out.raw(self.sectors);
        self.fat.iter().fold(out, |out, next| out.u32(*next)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn a_strict_reader_reads_every_stream() {
        let long = crate::noise(1, 100_000);
        let mut file = Cfb::new();
        let mut expected = Vec::new();
        for n in 0..20 {
            let (path, data) = (format!("A/B{}/stream{n}", n % 3), crate::noise(n, n as usize * 311));
            file = file.stream(&path, &data);
            expected.push((path, data));
        }
        let bytes = file.stream("Long", &long).stream("\u{1}Ole10Native", b"x").build();
        expected.push(("Long".to_owned(), long));
        let mut read = ::cfb::CompoundFile::open_strict(Cursor::new(bytes)).unwrap();
        for (path, data) in expected {
            let mut out = Vec::new();
            read.open_stream(format!("/{path}")).unwrap().read_to_end(&mut out).unwrap();
            assert_eq!(out, data, "{path}");
        }
    }
}
