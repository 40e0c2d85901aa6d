//! Small tools that every family uses: little-endian writing, bit writers, checksums and raw compressors.

use std::io::Write;

/// A byte buffer with little-endian appenders.
#[derive(Debug, Default, Clone)]
pub struct Le(pub Vec<u8>);

impl Le {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }
    /// Appends one byte.
    pub fn u8(mut self, v: u8) -> Self {
        self.0.push(v);
        self
    }
    /// Appends 16 bits.
    pub fn u16(mut self, v: u16) -> Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// Appends 32 bits.
    pub fn u32(mut self, v: u32) -> Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// Appends 64 bits.
    pub fn u64(mut self, v: u64) -> Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// Appends bytes as they are.
    pub fn raw(mut self, v: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(v.as_ref());
        self
    }
    /// Appends a text and a zero byte.
    pub fn cstr(self, v: &str) -> Self {
        self.raw(v).u8(0)
    }
    /// Appends a text as UTF-16 LE, without a length and without an end.
    pub fn utf16(self, v: &str) -> Self {
        self.raw(utf16le(v))
    }
}

/// A text as UTF-16 LE without a byte order mark.
pub fn utf16le(v: &str) -> Vec<u8> {
    v.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text as UTF-16 BE without a byte order mark.
pub fn utf16be(v: &str) -> Vec<u8> {
    v.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Writes bits, the most significant first (RAR, LHA).
#[derive(Debug, Default)]
pub struct MsbBits {
    out: Vec<u8>,
    used: u32,
}

impl MsbBits {
    /// Appends the low `count` bits of `value`.
    pub fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.out.push(0);
            }
            if (value >> shift) & 1 == 1 {
                let last = self.out.len() - 1;
                self.out[last] |= 0x80 >> (self.used % 8);
            }
            self.used += 1;
        }
    }
    /// The bytes, the last one filled with zero bits, and how many of its bits (1 to 8) are used.
    pub fn finish(self) -> (Vec<u8>, u32) {
        let tail = self.used % 8;
        (self.out, if tail == 0 { 8 } else { tail })
    }
}

/// Writes bits, the least significant first (deflate).
#[derive(Debug, Default)]
pub struct LsbBits {
    out: Vec<u8>,
    used: u32,
}

impl LsbBits {
    /// Appends the low `count` bits of `value`, lowest first.
    pub fn put(&mut self, value: u32, count: u32) {
        for shift in 0..count {
            if self.used.is_multiple_of(8) {
                self.out.push(0);
            }
            if (value >> shift) & 1 == 1 {
                let last = self.out.len() - 1;
                self.out[last] |= 1 << (self.used % 8);
            }
            self.used += 1;
        }
    }
    /// Appends a Huffman code, its highest bit first (RFC 1951 3.1.1).
    pub fn code(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|shift| self.put(value >> shift, 1));
    }
    /// How many bits were written.
    pub fn len(&self) -> u32 {
        self.used
    }
    /// True before the first bit.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    /// The bytes, the last one filled with zero bits.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Canonical Huffman codes for the lengths (0 = symbol not used): `(code, length)` by symbol (RFC 1951 3.2.2).
pub fn canonical(lengths: &[u8]) -> Vec<(u32, u32)> {
    let mut codes = vec![(0, 0); lengths.len()];
    let mut next = 0u32;
    for len in 1..=16u8 {
        next <<= 1;
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, l)| **l == len) {
            codes[symbol] = (next, u32::from(len));
            next += 1;
        }
    }
    codes
}

/// CRC-32 as ZIP, gzip, RAR and PNG have it.
pub fn crc32(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}

/// CRC-32 of `part` repeated `times`, without reading it more than once.
pub fn crc32_repeated(part: &[u8], times: u64) -> u32 {
    let mut one = crc32fast::Hasher::new();
    one.update(part);
    let mut all = crc32fast::Hasher::new();
    (0..times).for_each(|_| all.combine(&one));
    all.finalize()
}

/// CRC-16/ARC (LHA).
pub fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xa001 } else { c >> 1 })
    })
}

/// Raw deflate (RFC 1951) at the best level.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    into_memory(encoder.write_all(data));
    into_memory(encoder.finish())
}

/// A zlib stream (RFC 1950) at the best level.
pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    into_memory(encoder.write_all(data));
    into_memory(encoder.finish())
}

/// Raw deflate of `plain` that ends byte-aligned and not final, so that it may be repeated.
pub fn deflate_block(plain: &[u8]) -> Vec<u8> {
    let mut deflater = flate2::Compress::new(flate2::Compression::best(), false);
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 8 + 1024);
    into_memory(deflater.compress_vec(plain, &mut out, flate2::FlushCompress::Full));
    out
}

/// Raw deflate of `plain` repeated `times`, built from one compressed block: 10 GiB of zeros take well under a second.
pub fn deflate_repeated(plain: &[u8], times: usize) -> Vec<u8> {
    let mut out = deflate_block(plain).repeat(times);
    out.extend_from_slice(&[3, 0]);
    out
}

/// Compressors that write to memory fail only when memory itself is gone.
pub(crate) fn into_memory<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("a compressor failed in memory: {error:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn repeated_zeros_inflate_to_the_promised_length() {
        let packed = deflate_repeated(&vec![0; 1 << 20], 5);
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(&packed[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain.len(), 5 << 20);
        assert_eq!(crc32(&plain), crc32_repeated(&vec![0; 1 << 20], 5));
    }

    #[test]
    fn crc16_check_value() {
        assert_eq!(crc16(b"123456789"), 0xbb3d);
    }
}
