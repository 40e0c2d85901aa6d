//! Single-stream compressors: gzip, bzip2, xz, lzma; several members, tails and bombs of each.

use crate::bits::{Le, crc32, crc32_repeated, deflate, deflate_repeated, into_memory};
use crate::payload;
use std::io::Write;

/// A gzip member (RFC 1952) with the file name in its header.
pub fn gzip(name: &str, plain: &[u8]) -> Vec<u8> {
    gzip_frame(name, &deflate(plain), crc32(plain), plain.len() as u64)
}

/// A bzip2 stream.
pub fn bzip2(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::best());
    into_memory(encoder.write_all(plain));
    into_memory(encoder.finish())
}

/// An xz stream.
pub fn xz(plain: &[u8]) -> Vec<u8> {
    let mut encoder = into_memory(lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)));
    into_memory(encoder.write_all(plain));
    into_memory(encoder.finish())
}

/// A `.lzma` file (the old LZMA-alone format) with a known size.
pub fn lzma(plain: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut encoder = into_memory(lzma_rust2::LzmaWriter::new_use_header(
        Vec::new(),
        &options,
        Some(plain.len() as u64),
    ));
    into_memory(encoder.write_all(plain));
    into_memory(encoder.finish())
}

/// LZMA as ZIP method 14 holds it: version, property size, properties, stream with an end mark (APPNOTE 5.8.8).
pub fn zip_lzma(plain: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut encoder = into_memory(lzma_rust2::LzmaWriter::new_no_header(Vec::new(), &options, true));
    let head = Le::new().u16(0x1409).u16(5).u8(encoder.props()).u32(options.dict_size).0;
    into_memory(encoder.write_all(plain));
    [head, into_memory(encoder.finish())].concat()
}

/// Chunk and count of the bombs: 160 times 64 MiB are 10 GiB.
const CHUNK: usize = 64 << 20;
const TIMES: usize = 160;

/// 10 GiB of zeros in one gzip member (10 MiB packed).
pub fn gzip_bomb() -> Vec<u8> {
    let zeros = vec![0; CHUNK];
    let crc = crc32_repeated(&zeros, TIMES as u64);
    gzip_frame("zeros.bin", &deflate_repeated(&zeros, TIMES), crc, CHUNK as u64 * TIMES as u64)
}

/// 10 GiB of zeros in 160 bzip2 streams.
pub fn bzip2_bomb() -> Vec<u8> {
    bzip2(&vec![0; CHUNK]).repeat(TIMES)
}

/// 10 GiB of zeros in 160 xz streams.
pub fn xz_bomb() -> Vec<u8> {
    xz(&vec![0; CHUNK]).repeat(TIMES)
}

/// Every small stream file: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let first = b"The first member is harmless.\n".as_slice();
    let tail = b"\0\0tail bytes that no member covers".as_slice();
    vec![
        ("one.gz", gzip("one.txt", &payload("one"))),
        ("one-bz2.bz2", bzip2(&payload("one-bz2"))),
        ("one-xz.xz", xz(&payload("one-xz"))),
        ("g05-alone.lzma", lzma(&payload("g05-alone"))),
        (
            "second-member.gz",
            [gzip("a", first), gzip("b", &payload("second-member"))].concat(),
        ),
        (
            "g03-second-stream.bz2",
            [bzip2(first), bzip2(&payload("g03-second-stream"))].concat(),
        ),
        (
            "second-stream-xz.xz",
            [xz(first), vec![0; 8], xz(&payload("second-stream-xz"))].concat(),
        ),
        ("tail-gz.gz", [gzip("a", &payload("tail-gz")), tail.to_vec()].concat()),
        ("tail-bz2.bz2", [bzip2(&payload("tail-bz2")), tail.to_vec()].concat()),
        ("tail-xz.xz", [xz(&payload("tail-xz")), tail.to_vec()].concat()),
        (
            "bad-crc.gz",
            gzip_frame("a", &deflate(&payload("bad-crc")), 0, payload("bad-crc").len() as u64),
        ),
        (
            "lying-size.gz",
            gzip_frame("a", &deflate(&payload("lying-size")), crc32(&payload("lying-size")), 5),
        ),
        ("cut.gz", {
            let whole = gzip("a", &[payload("cut"), crate::noise(3, 4000)].concat());
            whole[..whole.len() - 1000].to_vec()
        }),
    ]
}

fn gzip_frame(name: &str, packed: &[u8], crc: u32, plain: u64) -> Vec<u8> {
    Le::new()
        .raw([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 2, 3])
        .cstr(name)
        .raw(packed)
        .u32(crc)
        .u32(plain as u32)
        .0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn all(mut reader: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn round_trips() {
        let plain = [payload("round"), crate::noise(1, 5000)].concat();
        assert_eq!(
            all(flate2::read::MultiGzDecoder::new(&gzip("n", &plain).repeat(2)[..])),
            plain.repeat(2)
        );
        assert_eq!(all(::bzip2::read::MultiBzDecoder::new(&bzip2(&plain)[..])), plain);
        assert_eq!(all(lzma_rust2::XzReader::new(&xz(&plain)[..], true)), plain);
    }

    #[test]
    fn bombs_are_small_and_begin_to_unpack() {
        let bomb = gzip_bomb();
        assert!(bomb.len() < 12 << 20 && bzip2_bomb().len() < 1 << 20 && xz_bomb().len() < 4 << 20);
        let mut head = Vec::new();
        flate2::read::GzDecoder::new(&bomb[..])
            .take(200 << 20)
            .read_to_end(&mut head)
            .unwrap();
        assert_eq!(head.len(), 200 << 20);
    }
}
