//! Encrypted Office files: ECMA-376 standard encryption, AES-128 in ECB mode (MS-OFFCRYPTO 2.3.4.5 to 2.3.4.9).

use crate::bits::{Le, utf16le};
use crate::cfb::Cfb;
use crate::office::{Ooxml, Package};
use crate::{marker, noise};
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use sha1::{Digest, Sha1};

/// A `.docx` with `marker(seed)` that `password` opens.
pub fn docx(password: &str, seed: &str) -> Vec<u8> {
    lock(&Package::new(Ooxml::Docx, &marker(seed)).build(), password)
}

/// An `.xlsx` with `marker(seed)`; Excel itself tries `VelvetSweatshop` before it asks.
pub fn xlsx(password: &str, seed: &str) -> Vec<u8> {
    lock(&Package::new(Ooxml::Xlsx, &marker(seed)).build(), password)
}

/// Any package, encrypted.
pub fn lock(package: &[u8], password: &str) -> Vec<u8> {
    let salt = noise(0x0ff1ce, 16);
    let key = key(&salt, password);
    let verifier = noise(0x7e57, 16);
    let info = Le::new()
        .u16(4)
        .u16(2)
        .u32(0x24)
        .raw(header())
        .u32(16)
        .raw(&salt)
        .raw(ecb(&key, &verifier))
        .u32(20)
        .raw(ecb(&key, &Sha1::digest(&verifier)));
    let body = Le::new().u64(package.len() as u64).raw(ecb(&key, package)).0;
    Cfb::new()
        .stream("EncryptionInfo", &info.0)
        .stream("EncryptedPackage", &body)
        .stream(
            "\u{6}DataSpaces/Version",
            &Le::new().u32(0x3c).utf16("Microsoft.Container.DataSpaces").u32(1).u32(1).u32(1).0,
        )
        .build()
}

/// Header size and `EncryptionHeader` (2.3.2): AES-128, SHA-1.
fn header() -> Vec<u8> {
    let provider = [utf16le("Microsoft Enhanced RSA and AES Cryptographic Provider"), vec![0, 0]].concat();
    let fields = Le::new()
        .u32(0x24)
        .u32(0)
        .u32(0x660e)
        .u32(0x8004)
        .u32(128)
        .u32(0x18)
        .u32(0)
        .u32(0)
        .raw(provider)
        .0;
    Le::new().u32(fields.len() as u32).raw(fields).0
}

/// The key of 2.3.4.7: 50,000 rounds of SHA-1.
fn key(salt: &[u8], password: &str) -> Vec<u8> {
    let mut hash = Sha1::digest([salt, &utf16le(password)].concat());
    for round in 0..50_000u32 {
        hash = Sha1::digest([round.to_le_bytes().as_slice(), &hash].concat());
    }
    hash = Sha1::digest([hash.as_slice(), &[0; 4]].concat());
    let mut pad = [0x36u8; 64];
    pad.iter_mut().zip(hash).for_each(|(byte, with)| *byte ^= with);
    Sha1::digest(pad)[..16].to_vec()
}

fn ecb(key: &[u8], data: &[u8]) -> Vec<u8> {
    let Ok(cipher) = aes::Aes128::new_from_slice(key) else {
        return Vec::new();
    };
    let block = |chunk: &[u8]| {
        let mut plain = [0u8; 16];
        plain[..chunk.len()].copy_from_slice(chunk);
        let mut block = aes::Block::from(plain);
        cipher.encrypt_block(&mut block);
        block.to_vec()
    };
    data.chunks(16).flat_map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn the_streams_have_their_sizes_and_hide_the_package() {
        let bytes = docx("infected", "t");
        assert!(!bytes.windows(4).any(|w| w == b"PK\x03\x04"));
        let mut file = ::cfb::CompoundFile::open_strict(Cursor::new(bytes)).unwrap();
        let mut read = |path: &str| {
            let mut out = Vec::new();
            file.open_stream(path).unwrap().read_to_end(&mut out).unwrap();
            out
        };
        assert_eq!(read("/EncryptedPackage").len() % 16, 8);
        assert_eq!(read("/EncryptionInfo")[..8], [4, 0, 2, 0, 0x24, 0, 0, 0]);
        assert_ne!(key(b"salt", "a"), key(b"salt", "b"));
    }
}
