//! LHA/LZH archives: header levels 0, 1 and 2, methods -lh0- and -lh5- (LHA for UNIX `header.doc.md`; Okumura's ar002).

use crate::bits::{Le, MsbBits, canonical, crc16};
use crate::lz::{Token, tokens};
use crate::payload;

/// One member.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name, with `/` between folders.
    pub name: String,
    /// The plain bytes.
    pub data: Vec<u8>,
    /// Header level: 0, 1 or 2.
    pub level: u8,
    /// Compresses with -lh5-; false stores with -lh0-.
    pub compressed: bool,
}

impl Member {
    /// A member; `level` above 2 counts as 2.
    pub fn new(name: &str, data: &[u8], level: u8, compressed: bool) -> Self {
        Self {
            name: name.to_owned(),
            data: data.to_vec(),
            level: level.min(2),
            compressed,
        }
    }

    fn write(&self) -> Vec<u8> {
        let packed = if self.compressed { lh5(&self.data) } else { self.data.clone() };
        let method: &[u8; 5] = if self.compressed { b"-lh5-" } else { b"-lh0-" };
        let head = match self.level {
            0 => self.level_0(method, packed.len() as u32),
            1 => self.level_1(method, packed.len() as u32),
            _ => self.level_2(method, packed.len() as u32),
        };
        [head, packed].concat()
    }

    fn level_0(&self, method: &[u8; 5], packed: u32) -> Vec<u8> {
        let name = self.name.replace('/', "\\");
        let body = self
            .common(method, packed, 0)
            .u8(name.len() as u8)
            .raw(&name)
            .u16(crc16(&self.data))
            .0;
        with_checksum(&body)
    }

    fn level_1(&self, method: &[u8; 5], packed: u32) -> Vec<u8> {
        let (folder, file) = self.split();
        let extended = extended(&[(2, folder)]);
        let body = self
            .common(method, packed + extended.len() as u32 - 2, 1)
            .u8(file.len() as u8)
            .raw(&file);
        let body = body.u16(crc16(&self.data)).u8(b'U').0;
        [with_checksum(&[&body[..], &extended[..2]].concat()), extended[2..].to_vec()].concat()
    }

    fn level_2(&self, method: &[u8; 5], packed: u32) -> Vec<u8> {
        let (folder, file) = self.split();
        let extended = extended(&[(1, file), (2, folder)]);
        let size = 24 + extended.len();
        let pad = usize::from(size.is_multiple_of(256));
        let fields = Le::new()
            .raw(method)
            .u32(packed)
            .u32(self.data.len() as u32)
            .u32(0x6593_7d80)
            .u8(0x20)
            .u8(2);
        Le::new()
            .u16((size + pad) as u16)
            .raw(fields.0)
            .u16(crc16(&self.data))
            .u8(b'U')
            .raw(extended)
            .raw(vec![0; pad])
            .0
    }

    fn common(&self, method: &[u8; 5], packed: u32, level: u8) -> Le {
        Le::new()
            .raw(method)
            .u32(packed)
            .u32(self.data.len() as u32)
            .u32(0x5822_1883)
            .u8(0x20)
            .u8(level)
    }

    /// Folder with 0xFF after each part, and file name.
    fn split(&self) -> (Vec<u8>, Vec<u8>) {
        match self.name.rsplit_once('/') {
            Some((folder, file)) => (
                folder.bytes().map(|b| if b == b'/' { 0xff } else { b }).chain([0xff]).collect(),
                file.into(),
            ),
            None => (Vec::new(), self.name.clone().into_bytes()),
        }
    }
}

/// The members and the zero byte that ends an archive.
pub fn build(members: &[Member]) -> Vec<u8> {
    let mut out: Vec<u8> = members.iter().flat_map(Member::write).collect();
    out.push(0);
    out
}

/// Every LHA file: name, bytes; the marker of each is `marker(<name without extension>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let text = b"A photo of a mountain, described in words. ".repeat(60);
    let two = |seed: &str, level, compressed| {
        build(&[
            Member::new("readme.txt", &text, level, compressed),
            Member::new("folder/evil.txt", &payload(seed), level, compressed),
        ])
    };
    vec![
        ("lh0-level0.lzh", two("lh0-level0", 0, false)),
        ("lh0-level1.lzh", two("lh0-level1", 1, false)),
        ("lh0-level2.lzh", two("lh0-level2", 2, false)),
        ("lh5-level0.lzh", two("lh5-level0", 0, true)),
        ("lh5-level1.lzh", two("lh5-level1", 1, true)),
        ("lh5-level2.lha", two("lh5-level2", 2, true)),
    ]
}

fn with_checksum(body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    [&[body.len() as u8, sum], body].concat()
}

/// A chain of extended headers: size, type, bytes, …, and a final size of 0; empty ones are left out.
fn extended(records: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let used = records.iter().filter(|(_, data)| !data.is_empty());
    let chain = used.fold(Le::new(), |out, (kind, data)| out.u16(data.len() as u16 + 3).u8(*kind).raw(data));
    chain.u16(0).0
}

/// -lh5-: blocks of at most 60,000 steps, fixed complete codes, matches in a window of 8 KiB.
fn lh5(data: &[u8]) -> Vec<u8> {
    let main_lengths = main_lengths();
    let offset_lengths = [3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4];
    let (main, offsets) = (canonical(&main_lengths), canonical(&offset_lengths));
    let mut bits = MsbBits::default();
    for block in tokens(&[], data, 256, 8192).chunks(60_000) {
        bits.put(block.len() as u32, 16);
        put_main_lengths(&mut bits, &main_lengths);
        bits.put(14, 4);
        offset_lengths.iter().for_each(|length| bits.put(u32::from(*length), 3));
        for token in block {
            match *token {
                Token::Literal(byte) => put(&mut bits, main[usize::from(byte)]),
                Token::Match { length, distance } => {
                    put(&mut bits, main[256 + length - 3]);
                    let over = distance as u32 - 1;
                    let slot = if over == 0 { 0 } else { over.ilog2() + 1 };
                    put(&mut bits, offsets[slot as usize]);
                    bits.put(over, slot.saturating_sub(1));
                }
            }
        }
    }
    bits.finish().0
}

/// 256 literals and 252 match lengths of 9 bits, two match lengths of 8.
fn main_lengths() -> Vec<u8> {
    (0..510).map(|symbol| if symbol == 256 || symbol == 257 { 8 } else { 9 }).collect()
}

/// The code lengths of the main code, coded with two symbols of one bit: 10 (length 8) and 11 (length 9).
fn put_main_lengths(bits: &mut MsbBits, lengths: &[u8]) {
    bits.put(12, 5);
    bits.put(0, 9);
    bits.put(3, 2);
    bits.put(0, 12);
    bits.put(1, 3);
    bits.put(1, 3);
    bits.put(510, 9);
    lengths.iter().for_each(|length| bits.put(u32::from(*length) - 8, 1));
}

fn put(bits: &mut MsbBits, (code, width): (u32, u32)) {
    bits.put(code, width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn another_reader_unpacks_every_level_and_method() {
        for (name, bytes) in samples() {
            let mut reader = delharc::LhaDecodeReader::new(&bytes[..]).unwrap();
            let mut members = Vec::new();
            loop {
                let mut data = Vec::new();
                reader.read_to_end(&mut data).unwrap();
                reader.crc_check().unwrap();
                members.push((reader.header().parse_pathname().to_string_lossy().into_owned(), data));
                if !reader.next_file().unwrap() {
                    break;
                }
            }
            let seed = name.split('.').next().unwrap();
            assert_eq!(members[1], ("folder/evil.txt".to_owned(), payload(seed)), "{name}");
            assert_eq!(members[0].1.len(), 43 * 60);
        }
    }

    #[test]
    fn lh5_shrinks_text_and_hides_the_marker() {
        let packed = lh5(&payload("x").repeat(30));
        assert!(packed.len() < payload("x").len() * 3);
        assert!(!packed.windows(12).any(|w| w == b"AIRLOCK-TEST"));
    }
}
