//! Encrypted members: the traditional PKWARE cipher (APPNOTE 6.1) and WinZip AES-256, AE-2.

use super::{Entry, extra};
use crate::bits::{Le, crc32, deflate};
use crate::noise;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// A deflated member under the traditional cipher; `password` opens it.
pub fn zipcrypto(name: &str, plain: &[u8], password: &str) -> Entry {
    let mut keys = Keys::new(password.as_bytes());
    let mut head = noise(u64::from(crc32(plain)), 12);
    head[11] = (crc32(plain) >> 24) as u8;
    let body = [head, deflate(plain)].concat();
    let sealed = body.into_iter().map(|byte| keys.encrypt(byte)).collect();
    Entry::packed(name, plain, 8, sealed).both(|f| f.flags |= 1)
}

/// A deflated member under AES-256 as WinZip writes it (AE-2: the CRC field is 0, extra field 0x9901).
pub fn aes256(name: &str, plain: &[u8], password: &str) -> Entry {
    let salt = noise(u64::from(crc32(plain)), 16);
    let mut keys = [0u8; 66];
    pbkdf2::pbkdf2_hmac::<Sha1>(password.as_bytes(), &salt, 1000, &mut keys);
    let mut body = deflate(plain);
    counter_mode(&keys[..32], &mut body);
    let code = authentication_code(&keys[32..64], &body);
    let sealed = [salt.as_slice(), &keys[64..], &body, &code[..10]].concat();
    let record = extra(0x9901, &Le::new().u16(2).raw(b"AE").u8(3).u16(8).0);
    Entry::packed(name, plain, 99, sealed).both(|f| {
        f.flags |= 1;
        f.crc = 0;
        f.version = 51;
        f.extra.clone_from(&record);
    })
}

/// AES in counter mode with the little-endian counter that starts at 1.
fn counter_mode(key: &[u8], body: &mut [u8]) {
    let Ok(cipher) = aes::Aes256::new_from_slice(key) else { return };
    for (index, chunk) in body.chunks_mut(16).enumerate() {
        let mut block = aes::Block::from((index as u128 + 1).to_le_bytes());
        cipher.encrypt_block(&mut block);
        chunk.iter_mut().zip(block).for_each(|(byte, pad)| *byte ^= pad);
    }
}

fn authentication_code(key: &[u8], body: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(key) else {
        return vec![0; 20];
    };
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

struct Keys([u32; 3]);

impl Keys {
    fn new(password: &[u8]) -> Self {
        let mut keys = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.iter().for_each(|byte| keys.update(*byte));
        keys
    }

    fn encrypt(&mut self, byte: u8) -> u8 {
        let word = (self.0[2] | 2) & 0xffff;
        let pad = (word.wrapping_mul(word ^ 1) >> 8) as u8;
        self.update(byte);
        byte ^ pad
    }

    fn update(&mut self, byte: u8) {
        self.0[0] = crc_step(self.0[0], byte);
        self.0[1] = self.0[1].wrapping_add(self.0[0] & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        self.0[2] = crc_step(self.0[2], (self.0[1] >> 24) as u8);
    }
}

fn crc_step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(
        crc ^ u32::from(byte),
        |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 },
    )
}

#[cfg(test)]
mod tests {
    use super::super::Archive;
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn another_reader_opens_both_with_the_password_only() {
        let plain = crate::payload("crypt");
        for entry in [zipcrypto("a.txt", &plain, "infected"), aes256("a.txt", &plain, "infected")] {
            let bytes = Archive::of(vec![entry]).build();
            let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            let mut out = Vec::new();
            archive.by_index_decrypt(0, b"infected").unwrap().read_to_end(&mut out).unwrap();
            assert_eq!(out, plain);
            assert!(archive.by_index_decrypt(0, b"wrong").is_err());
        }
    }
}
