//! A ZIP whose only member is itself, byte for byte (after Cox, "Zip Files All The Way Down", 2010).
//!
//! The deflate stream is a quine of stored blocks ("print these bytes") and fixed-Huffman matches ("repeat those bytes").
//! The CRC stands in the file four times; CRC-32 is affine over GF(2), so 33 trial files give the value that fits.

use super::{Archive, Entry};
use crate::bits::{LsbBits, crc32};

/// The quine; its member is called `again/…/quine.zip`.
pub fn quine() -> Vec<u8> {
    const NAME: &[u8; 40] = b"again/and/again/and/again/to/a/quine.zip";
    let whole = assemble(NAME, 0, 0).len() as u32;
    let base = crc32(&assemble(NAME, whole, 0));
    let columns: Vec<u32> = (0..32).map(|bit| crc32(&assemble(NAME, whole, 1 << bit)) ^ base).collect();
    assemble(NAME, whole, fixed_point(base, &columns))
}

/// The file for a claimed size and a claimed CRC of the member.
fn assemble(name: &[u8], whole: u32, crc: u32) -> Vec<u8> {
    let (head, tail) = frame(name, whole, crc, 0);
    let body = program(&head, &tail);
    let (head, tail) = frame(name, whole, crc, (body.len() - tail.len()) as u32);
    [head.as_slice(), &program(&head, &tail)].concat()
}

/// Local header, and central directory with end record, around `packed` bytes of data.
fn frame(name: &[u8], whole: u32, crc: u32, packed: u32) -> (Vec<u8>, Vec<u8>) {
    let entry = Entry::packed(name, b"", 8, Vec::new()).both(|f| {
        f.crc = crc;
        f.plain = whole;
        f.packed = packed;
    });
    let head = super::archive::local_header(&entry);
    let at = head.len() + packed as usize;
    let tail = Archive::of(vec![entry]).with(|a| a.directory_offset = Some(at as u32)).build();
    (head.clone(), tail[head.len()..].to_vec())
}

/// The deflate stream that prints `head`, itself and `tail`, followed by `tail`.
fn program(head: &[u8], tail: &[u8]) -> Vec<u8> {
    let print_head = print(head.len() + 5);
    let again_head = again_head(head.len() + 5);
    let again_tail = again_tail(tail.len());
    let print_tail = print(again_tail.len() + tail.len());
    let (none, one, four, again) = (print(0), print(5), print(20), again_four());
    let (n, o, f, r) = (none.as_slice(), one.as_slice(), four.as_slice(), again.as_slice());
    let (ph, rh, pt, rt) = (
        print_head.as_slice(),
        again_head.as_slice(),
        print_tail.as_slice(),
        again_tail.as_slice(),
    );
    [
        [ph, head, ph].concat(),
        rh.to_vec(),
        [o, rh].concat(),
        [o, o].concat(),
        [f, rh, o, o, f].concat(),
        r.to_vec(),
        [f, r, f, r, f].concat(),
        r.to_vec(),
        [f, r, n, n, pt].concat(),
        r.to_vec(),
        [n, n, pt, rt, tail].concat(),
        [rt, tail].concat(),
    ]
    .concat()
}

/// "Print the next `len` bytes": a stored block's header, five bytes.
fn print(len: usize) -> Vec<u8> {
    let len = len as u16;
    [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes()].concat()
}

/// "Repeat the last 20 bytes" in exactly five bytes: two matches of 10.
fn again_four() -> Vec<u8> {
    let mut bits = LsbBits::default();
    bits.put(0b010, 3);
    repeat(&mut bits, 10, 20);
    repeat(&mut bits, 10, 20);
    bits.code(0, 7);
    bits.finish()
}

/// "Repeat the last `len` bytes" in exactly five bytes: a match and the last byte, 0xFF, as a literal of nine bits.
fn again_head(len: usize) -> Vec<u8> {
    let mut bits = LsbBits::default();
    bits.put(0b010, 3);
    repeat(&mut bits, len - 1, len);
    bits.code(0x1ff, 9);
    bits.code(0, 7);
    bits.finish()
}

/// "Repeat my own bytes and the `tail`, then end": the final block, of any size.
fn again_tail(tail: usize) -> Vec<u8> {
    let mut size = 5;
    loop {
        let mut bits = LsbBits::default();
        bits.put(0b011, 3);
        let total = size + tail;
        repeat(&mut bits, total, total);
        bits.code(0, 7);
        let block = bits.finish();
        if block.len() == size {
            return block;
        }
        size = block.len();
    }
}

/// One match in the fixed Huffman code (RFC 1951 3.2.5, 3.2.6); `length` 3 to 257, `distance` 5 or more.
fn repeat(bits: &mut LsbBits, length: usize, distance: usize) {
    let over = (length - 3) as u32;
    let (symbol, extra_bits) = if over < 8 {
        (257 + over, 0)
    } else {
        let width = over.ilog2() - 2;
        (257 + 4 * width + (over >> width), width)
    };
    match symbol {
        ..=279 => bits.code(symbol - 256, 7),
        _ => bits.code(symbol - 280 + 0xc0, 8),
    }
    bits.put(over, extra_bits);
    let back = (distance - 1) as u32;
    let width = back.ilog2() - 1;
    bits.code(2 * width + (back >> width), 5);
    bits.put(back, width);
}

/// Solves `base ^ columns·c = c` by elimination; a singular system gives the CRC of the trial file 0, which a test would see.
fn fixed_point(base: u32, columns: &[u32]) -> u32 {
    let mut rows: Vec<(u32, u32)> = (0..32)
        .map(|row| {
            let left = columns
                .iter()
                .enumerate()
                .fold(0, |acc, (bit, column)| acc | (((column >> row) & 1) << bit));
            (left ^ (1 << row), (base >> row) & 1)
        })
        .collect();
    for bit in 0..32 {
        let Some(pivot) = (bit..32).find(|row| (rows[*row].0 >> bit) & 1 == 1) else {
            return base;
        };
        rows.swap(bit, pivot);
        let (left, right) = rows[bit];
        for (index, row) in rows.iter_mut().enumerate() {
            if index != bit && (row.0 >> bit) & 1 == 1 {
                *row = (row.0 ^ left, row.1 ^ right);
            }
        }
    }
    rows.iter().enumerate().fold(0, |acc, (bit, row)| acc | (row.1 << bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn the_only_member_is_the_archive_itself() {
        let whole = quine();
        let mut archive = ::zip::ZipArchive::new(Cursor::new(whole.clone())).unwrap();
        assert_eq!(archive.len(), 1);
        let mut member = Vec::new();
        archive.by_index(0).unwrap().read_to_end(&mut member).unwrap();
        assert_eq!(member, whole);
    }
}
