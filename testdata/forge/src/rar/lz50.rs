//! The RAR5 compressor: one block of Huffman-coded literals and matches, whose window may begin in an earlier member.

use crate::bits::{MsbBits, canonical};
use crate::lz::{Token, tokens};

/// One compressed block (method 3, algorithm version 0): Huffman tables, literals and matches.
pub fn compress(window: &[u8], data: &[u8]) -> Vec<u8> {
    let lengths = code_lengths();
    let (main, far) = (canonical(&lengths[..306]), canonical(&lengths[306..370]));
    let low = canonical(&lengths[370..386]);
    let mut bits = MsbBits::default();
    put_tables(&mut bits, &lengths);
    for token in tokens(window, data, 250, 1 << 20) {
        match token {
            Token::Literal(byte) => put_code(&mut bits, main[usize::from(byte)]),
            Token::Match { length, distance } => {
                let bonus = [0x100, 0x2000, 0x40000].iter().filter(|limit| distance > **limit).count();
                let (slot, extra, width) = length_slot(length - 2 - bonus);
                put_code(&mut bits, main[262 + slot]);
                bits.put(extra, width);
                let (slot, extra, width) = distance_slot(distance - 1);
                put_code(&mut bits, far[slot]);
                if width < 4 {
                    bits.put(extra, width);
                } else {
                    bits.put(extra >> 4, width - 4);
                    put_code(&mut bits, low[(extra & 15) as usize]);
                }
            }
        }
    }
    let (body, used) = bits.finish();
    let size = &(body.len() as u32).to_le_bytes()[..3];
    let flags = 0x80 | 0x40 | (2 << 3) | (used - 1) as u8;
    let check = size.iter().fold(0x5a ^ flags, |sum, byte| sum ^ byte);
    [&[flags, check], size, &body].concat()
}

/// Complete codes: 256 literals of 9 bits and 44 length slots of 6 or 7; 64 distances of 6; 16 low distance nibbles of 4; no repeats.
fn code_lengths() -> Vec<u8> {
    let runs = [(9, 256), (0, 6), (6, 20), (7, 24), (6, 64), (4, 16), (0, 44)];
    runs.iter()
        .flat_map(|(length, count)| std::iter::repeat_n(*length, *count))
        .collect()
}

/// The code lengths, themselves coded with 20 symbols: 0 to 15 a length, 17 a long repeat, 19 a long run of zeros.
fn put_tables(bits: &mut MsbBits, lengths: &[u8]) {
    let mut meta = [0u8; 20];
    for symbol in [0, 4, 6, 7, 9, 16, 17, 19] {
        meta[symbol] = 3;
    }
    meta.iter().for_each(|length| bits.put(u32::from(*length), 4));
    let codes = canonical(&meta);
    for run in lengths.chunk_by(|a, b| a == b) {
        let mut left = run.len();
        if run[0] != 0 {
            put_code(bits, codes[usize::from(run[0])]);
            left -= 1;
        }
        while left >= 11 {
            let now = left.min(138);
            put_code(bits, codes[if run[0] == 0 { 19 } else { 17 }]);
            bits.put(now as u32 - 11, 7);
            left -= now;
        }
        (0..left).for_each(|_| put_code(bits, codes[usize::from(run[0])]));
    }
}

fn put_code(bits: &mut MsbBits, (code, width): (u32, u32)) {
    bits.put(code, width);
}

fn length_slot(over: usize) -> (usize, u32, u32) {
    if over < 8 {
        return (over, 0, 0);
    }
    let width = over.ilog2() - 2;
    let slot = ((width as usize + 1) << 2) | ((over >> width) & 3);
    (slot, over as u32 & ((1 << width) - 1), width)
}

fn distance_slot(over: usize) -> (usize, u32, u32) {
    if over < 4 {
        return (over, 0, 0);
    }
    let width = over.ilog2() - 1;
    let slot = 2 * width as usize + 2 + ((over >> width) & 1);
    (slot, over as u32 & ((1 << width) - 1), width)
}
