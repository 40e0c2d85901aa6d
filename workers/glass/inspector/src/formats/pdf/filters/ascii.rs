//! Filters that make bytes of characters (ISO 32000-2 sections 7.4.2 and 7.4.3).

use std::io::{BufRead, Read, Result};

use super::{CHUNK, Pending, next_byte};
use crate::formats::pdf::lexer::hex_digit;

/// Hexadecimal digits (7.4.2).
pub(super) struct AsciiHex<R> {
    pub(super) from: R,
    pub(super) ended: bool,
}

impl<R: BufRead> AsciiHex<R> {
    fn digit(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = next_byte(&mut self.from)? {
            if byte == b'>' {
                break;
            }
            if let Some(digit) = hex_digit(byte) {
                return Ok(Some(digit));
            }
        }
        self.ended = true;
        Ok(None)
    }
}

impl<R: BufRead> Read for AsciiHex<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut made = 0_usize;
        for slot in out {
            if self.ended {
                break;
            }
            let Some(high) = self.digit()? else { break };
            let low = self.digit()?.unwrap_or_default();
            *slot = high.wrapping_shl(4) | low;
            made = made.saturating_add(1);
        }
        Ok(made)
    }
}

/// Groups of five characters (7.4.3).
pub(super) struct Ascii85<R> {
    pub(super) from: R,
    pub(super) out: Pending,
    pub(super) ended: bool,
}

impl<R: BufRead> Ascii85<R> {
    /// Decodes some groups of five characters.
    fn fill(&mut self) -> Result<()> {
        let out = self.out.refill();
        let mut group = 0_u64;
        let mut held = 0_usize;
        while out.len() < CHUNK || held > 0 {
            let byte = match next_byte(&mut self.from)? {
                Some(b'~') | None => {
                    self.ended = true;
                    break;
                }
                Some(byte) => byte,
            };
            match byte {
                b'z' if held == 0 => out.extend([0; 4]),
                b'!'..=b'u' => {
                    group = group.wrapping_mul(85).wrapping_add(u64::from(byte.saturating_sub(b'!')));
                    held = held.saturating_add(1);
                    if held == 5 {
                        out.extend(group.to_be_bytes().get(4..).unwrap_or_default());
                        (group, held) = (0, 0);
                    }
                }
                _ => {}
            }
        }
        if held > 1 {
            for _ in held..5 {
                group = group.wrapping_mul(85).wrapping_add(84);
            }
            let last = group.to_be_bytes();
            let some = last.get(4..held.saturating_add(3)).unwrap_or_default();
            out.extend(some);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Ascii85<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let given = self.out.give(out);
            if given > 0 || self.ended || out.is_empty() {
                return Ok(given);
            }
            self.fill()?;
        }
    }
}
