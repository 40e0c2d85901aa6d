//! The text of an RTF document, decoded as its code page says.

use encoding_rs::Encoding;

/// Longest text that is decoded, in bytes.
const MAX_TEXT: usize = 64 * 1024 * 1024;

/// The text so far.
pub struct Prose {
    /// Of the bytes that come next.
    pub encoding: &'static Encoding,
    pending: Vec<u8>,
    text: String,
    /// Bytes and letters beyond [`MAX_TEXT`].
    pub lost: usize,
}

impl Default for Prose {
    fn default() -> Self {
        Prose {
            encoding: encoding_rs::WINDOWS_1252,
            pending: Vec::new(),
            text: String::new(),
            lost: 0,
        }
    }
}

impl Prose {
    /// Bytes that stand for letters.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.text.len().saturating_add(self.pending.len()) < MAX_TEXT {
            self.pending.extend_from_slice(bytes);
        } else {
            self.lost = self.lost.saturating_add(bytes.len());
        }
    }

    /// A letter that a control word stands for.
    pub fn letter(&mut self, letter: char) {
        if self.text.len() < MAX_TEXT {
            self.flush();
            self.text.push(letter);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// A letter that was written as its number.
    pub fn unit(&mut self, unit: u16) {
        self.letter(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    /// Decodes the text that waits, as letters of two bytes may come in two tokens; all of it so far.
    pub fn flush(&mut self) -> &str {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.text.push_str(&self.decode(&pending));
        }
        &self.text
    }

    /// What the bytes mean in the document's encoding.
    pub fn decode(&self, bytes: &[u8]) -> String {
        self.encoding.decode_without_bom_handling(bytes).0.into_owned()
    }
}
