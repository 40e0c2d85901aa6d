//! The compressed container of VBA projects (MS-OVBA 2.4.1).

use crate::reader::Reader;

/// What a container decompressed to, and whether it ended as it should.
pub struct Decompressed {
    /// The bytes, as far as they could be decoded.
    pub bytes: Vec<u8>,
    /// True when every chunk was whole.
    pub whole: bool,
}

/// Bytes of a full chunk, decompressed.
const CHUNK: usize = 4096;

/// Decompresses a container, at most `max` bytes of it; `None` when the signature is not there.
pub fn decompress(container: &[u8], max: usize) -> Option<Decompressed> {
    let mut r = Reader::new(container);
    if r.u8()? != 1 {
        return None;
    }
    let mut out = Vec::new();
    while r.left() > 0 {
        if out.len() >= max {
            return Some(Decompressed { bytes: out, whole: false });
        }
        let Some(header) = r.u16() else { break };
        if (header >> 12) & 7 != 3 {
            return (!out.is_empty()).then_some(Decompressed { bytes: out, whole: false });
        }
        let length = usize::from(header & 0x0fff).saturating_add(1);
        let whole = r.left() >= length;
        let chunk = r.take(length.min(r.left())).unwrap_or_default();
        let decoded = if header & 0x8000 == 0 {
            out.extend_from_slice(chunk.get(..CHUNK).unwrap_or(chunk));
            true
        } else {
            tokens(chunk, &mut out)
        };
        if !(whole && decoded) {
            return Some(Decompressed { bytes: out, whole: false });
        }
    }
    Some(Decompressed { bytes: out, whole: true })
}

/// Decodes one chunk of token sequences (MS-OVBA 2.4.1.3.1); false at the first contradiction.
fn tokens(chunk: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut r = Reader::new(chunk);
    while let Some(flags) = r.u8() {
        for bit in 0..8_u32 {
            if r.left() == 0 {
                return true;
            }
            let done = out.len().saturating_sub(start);
            if flags.checked_shr(bit).unwrap_or_default() & 1 == 0 {
                if done >= CHUNK {
                    return false;
                }
                out.extend(r.u8());
                continue;
            }
            let Some(token) = r.u16() else { return false };
            // The number of offset bits grows with what is decoded (2.4.1.3.19.1): ceil(log2(done)), at least 4, at most 12.
            let bits = usize::BITS.saturating_sub(done.saturating_sub(1).leading_zeros()).clamp(4, 12);
            let length_mask = 0xffff_u16.checked_shr(bits).unwrap_or_default();
            let length = usize::from(token & length_mask).saturating_add(3);
            let back = usize::from(token.checked_shr(16_u32.saturating_sub(bits)).unwrap_or_default()).saturating_add(1);
            let Some(from) = out.len().checked_sub(back).filter(|from| *from >= start) else {
                return false;
            };
            if done.saturating_add(length) > CHUNK {
                return false;
            }
            for step in 0..length {
                let byte = out.get(from.saturating_add(step)).copied().unwrap_or_default();
                out.push(byte);
            }
        }
    }
    true
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A container of literal tokens only, for the tests of this family.
    pub(crate) fn store(text: &[u8]) -> Vec<u8> {
        let mut out = vec![1];
        for part in text.chunks(3000) {
            let mut chunk = Vec::new();
            for eight in part.chunks(8) {
                chunk.push(0);
                chunk.extend_from_slice(eight);
            }
            let header = 0xb000 | u16::try_from(chunk.len() - 1).unwrap();
            out.extend_from_slice(&header.to_le_bytes());
            out.extend(chunk);
        }
        out
    }

    #[test]
    fn the_examples_of_the_specification() {
        // MS-OVBA 3.2.2 and 3.2.3.
        let normal = b"\x01\x2f\xb0\x00\x23\x61\x61\x61\x62\x63\x64\x65\x82\x66\x00\x70\x61\x67\x68\x69\x6a\x01\x38\x08\x61\x6b\x6c\x00\x30\x6d\x6e\x6f\x70\x06\x71\x02\x70\x04\x10\x72\x73\x74\x75\x76\x10\x77\x78\x79\x7a\x00\x3c";
        let got = decompress(normal, 1 << 20).unwrap();
        assert!(got.whole);
        assert_eq!(got.bytes, b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
        let maximal = b"\x01\x03\xb0\x02\x61\x45\x00";
        assert_eq!(decompress(maximal, 1 << 20).unwrap().bytes, vec![b'a'; 73]);
    }

    #[test]
    fn a_copy_from_before_the_start_is_malformed() {
        let got = decompress(b"\x01\x04\xb0\x01\xff\xff\x00\x00", 1 << 20).unwrap();
        assert!(!got.whole);
        assert_eq!(decompress(&store(b"Attribute x"), 99).unwrap().bytes, b"Attribute x");
        assert!(decompress(b"\x02", 9).is_none());
    }
}
