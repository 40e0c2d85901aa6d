//! The forge makes every test input of the project: pure functions, the same bytes on every run, nothing foreign in the repository.
//!
//! One module per family. Each file is a function that returns `Vec<u8>`; the small builders
//! ([`zip::Archive`], [`cfb::Cfb`], [`vba::Project`], [`rar::Rar5`], [`pdf::Pdf`], …) let other crates' tests combine them.
//! Payloads are the EICAR test file (kept encoded) and unique harmless markers.

pub mod behind;
pub mod bits;
pub mod cases;
pub mod catalog;
pub mod cfb;
pub mod demo;
pub mod kinds;
pub mod lha;
pub mod lnk;
pub mod locked;
pub mod lz;
pub mod names;
pub mod odf;
pub mod office;
pub mod ole;
pub mod pdf;
pub mod rar;
pub mod rtf;
pub mod serve;
pub mod streams;
pub mod tarball;
pub mod vba;
pub mod web;
pub mod zip;

use sha2::{Digest, Sha256};

/// A unique printable marker of 32 bytes, `AIRLOCK-TEST-MARKER-` and 12 characters made from `seed`.
///
/// Different seeds give different markers; the text contains no byte that XML, RTF, HTML or JavaScript escapes.
pub fn marker(seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    let name = data_encoding::BASE32_NOPAD.encode(&digest);
    format!("AIRLOCK-TEST-MARKER-{}", &name[..12])
}

/// A short harmless text that holds `marker(seed)`, long enough that compressors do compress it.
pub fn payload(seed: &str) -> Vec<u8> {
    let filler = "This harmless text stands where an attacker would put the payload. ";
    format!("{}{}\r\n{}\r\n", filler.repeat(3), marker(seed), filler.repeat(2)).into_bytes()
}

/// The 68-byte EICAR anti-virus test file (<https://www.eicar.org>), decoded from a form that scanners do not report.
pub fn eicar() -> Vec<u8> {
    const HIDDEN: &[u8; 136] = b"\
        026f157b0a7f1a1b0a016e060a00026f6e\
        720a04736d1919736d277e1f13191b0877\
        090e1b141e1b081e771b140e130c13080f\
        09770e1f090e771c13161f7b7e12711270";
    data_encoding::HEXLOWER
        .decode(HIDDEN)
        .unwrap_or_default()
        .iter()
        .map(|b| b ^ 0x5a)
        .collect()
}

/// `len` bytes that no compressor can shrink, from a xorshift generator (Marsaglia 2003) started with `seed`.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(len);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_unique_printable_and_32_long() {
        let many: std::collections::BTreeSet<String> = (0..500).map(|n| marker(&n.to_string())).collect();
        assert_eq!(many.len(), 500);
        assert!(many.iter().all(|m| m.len() == 32 && m.bytes().all(|b| b.is_ascii_graphic())));
    }

    #[test]
    fn eicar_is_the_published_file() {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(eicar()));
        assert_eq!(hash, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f");
    }

    #[test]
    fn noise_is_repeatable_and_hard_to_compress() {
        assert_eq!(noise(7, 1000), noise(7, 1000));
        assert_ne!(noise(7, 1000), noise(8, 1000));
        assert!(bits::deflate(&noise(7, 10_000)).len() > 9_900);
    }
}
