//! Passwords: the traditional cipher (APPNOTE 6.1) and WinZip's AES. A password counts when the checksum or the code fits.

use super::decode::{self, Plan};
use super::view::View;
use crate::reader::{len64, size};
use crate::sink::Sink;

/// Attempts at AES an archive: each costs a thousand rounds of HMAC.
const MOST_SLOW: u32 = 1024;
/// Members that no password opens, after which no more are tried unless one was opened.
const MOST_SHUT: u32 = 256;
/// How much of a comment is tried as passwords.
const MOST_COMMENT: usize = 1024;
const MOST_WORDS: usize = 16;

/// The passwords of one archive, the one that opened a member last first.
pub struct Keys {
    words: Vec<String>,
    beside: Vec<String>,
    slow: u32,
    shut: u32,
}

impl Keys {
    /// Those that the job and common knowledge offer, then the words of the archive's comment.
    pub fn new(sink: &Sink<'_, '_>, comment: &[u8]) -> Self {
        let mut words = sink.passwords();
        let text = String::from_utf8_lossy(comment.get(..MOST_COMMENT).unwrap_or(comment)).into_owned();
        let mut beside = Vec::new();
        for word in text.split([' ', '\t', '\r', '\n', ':', '=', '"', '\'']).take(MOST_WORDS) {
            if !word.is_empty() && !words.iter().any(|have| have == word) {
                words.push(word.to_owned());
                beside.push(word.to_owned());
            }
        }
        Keys {
            words,
            beside,
            slow: 0,
            shut: 0,
        }
    }

    /// Whether the password stood in the comment and nowhere else.
    pub fn is_beside(&self, word: &str) -> bool {
        self.beside.iter().any(|have| have == word)
    }

    /// The decrypted, still packed data, and the password.
    pub fn open(&mut self, sink: &mut Sink<'_, '_>, data: &[u8], view: &View) -> Option<(Vec<u8>, String)> {
        let room = sink.walk.budget.alive_left();
        if len64(data.len()) > room || self.shut >= MOST_SHUT || sink.expired() {
            return None;
        }
        for at in 0..self.words.len() {
            if view.aes.is_some() {
                self.slow = self.slow.saturating_add(1);
                if self.slow > MOST_SLOW {
                    return None;
                }
            }
            let word = self.words.get(at)?.clone();
            if let Some(plain) = attempt(sink, data, view, &word) {
                if let Some(start) = self.words.get_mut(..=at) {
                    start.rotate_right(1);
                }
                self.shut = 0;
                return Some((plain, word));
            }
        }
        self.shut = self.shut.saturating_add(1);
        None
    }
}

fn attempt(sink: &mut Sink<'_, '_>, data: &[u8], view: &View, word: &str) -> Option<Vec<u8>> {
    // The traditional cipher checks one byte: of the CRC, or of the time where the CRC was not known yet.
    let by_time = view.flags & 8 != 0 && view.aes.is_none();
    for flags in if by_time { [8, 0].as_slice() } else { &[0] } {
        let crc = view.crc.unwrap_or_default();
        let Some(plain) = decode::decrypt(data, *flags, view.time, crc, view.aes, word) else {
            continue;
        };
        // AES data is authenticated; the other cipher lets one wrong password in 256 through.
        if view.aes.is_some() || checks(sink, &plain, view) {
            return Some(plain);
        }
        sink.pay(plain.len());
    }
    None
}

fn checks(sink: &mut Sink<'_, '_>, plain: &[u8], view: &View) -> bool {
    let plan = Plan {
        method: view.method,
        flags: view.flags,
        plain: view.plain.unwrap_or(0),
        room: sink.walk.budget.alive_left(),
    };
    let Ok(tally) = decode::measure(plain, plan, sink.budget_left()) else {
        return false;
    };
    sink.pay(size(tally.len));
    match view.crc {
        Some(crc) => crc == tally.crc,
        // Without a checksum only a stream that knows its end, and ends there, speaks for the password.
        None => view.method != 0 && tally.ended && tally.used == plain.len(),
    }
}
