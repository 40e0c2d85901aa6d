//! RAR5 encryption: the key, the file encryption record, encrypted data and encrypted headers (technical note, "Encryption").

use super::vint;
use crate::noise;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use sha2::Sha256;

/// AES-256-CBC keys by PBKDF2-HMAC-SHA256 with 2^10 rounds.
pub struct Keys {
    key: [u8; 32],
    salt: Vec<u8>,
    iv: Vec<u8>,
}

impl Keys {
    const ROUNDS: u8 = 10;

    /// Keys from a password, with a fixed salt and vector.
    pub fn new(password: &str) -> Self {
        let salt = noise(0x5a17, 16);
        let mut key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, 1 << Self::ROUNDS, &mut key);
        Self {
            key,
            salt,
            iv: noise(0x1f, 16),
        }
    }

    /// Rounds (as a power of two) and salt, as both records hold them.
    pub fn salt_and_count(&self) -> Vec<u8> {
        [&[Self::ROUNDS], self.salt.as_slice()].concat()
    }

    /// File encryption record (type 1): version 0, no password check, rounds, salt, initial vector.
    pub fn record(&self) -> Vec<u8> {
        let body = [vint(1), vint(0), vint(0), self.salt_and_count(), self.iv.clone()].concat();
        [vint(body.len() as u64), body].concat()
    }

    /// Encrypted data of a member.
    pub fn seal(&self, data: &[u8]) -> Vec<u8> {
        let Ok(cipher) = aes::Aes256::new_from_slice(&self.key) else {
            return Vec::new();
        };
        let mut last = self.iv.clone();
        let mut out = Vec::with_capacity(data.len() + 16);
        for chunk in data.chunks(16) {
            let mut plain = [0u8; 16];
            plain[..chunk.len()].copy_from_slice(chunk);
            plain.iter_mut().zip(&last).for_each(|(byte, before)| *byte ^= before);
            let mut block = aes::Block::from(plain);
            cipher.encrypt_block(&mut block);
            last = block.to_vec();
            out.extend_from_slice(&last);
        }
        out
    }

    /// An encrypted header: its initial vector, then the padded header.
    pub fn cover(&self, block: &[u8]) -> Vec<u8> {
        [self.iv.clone(), self.seal(block)].concat()
    }
}
