//! What a destination of RTF collects: digits of an object or picture, or letters of a name.

use super::tokens::nibble;

/// Longest data of one object in bytes; one byte more than a member may have, so that the sink tells the gap.
const MAX_DATA: usize = 256 * 1024 * 1024;

/// An object or picture, decoded.
pub struct Object {
    /// A picture and no object.
    pub picture: bool,
    /// Where its data begins, in bytes.
    pub at: usize,
    /// Its data.
    pub bytes: Vec<u8>,
    /// What `\objclass` said before it.
    pub class: String,
}

/// What is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `\objdata`.
    Object,
    /// `\pict`.
    Picture,
    /// `\template`.
    Template,
    /// `\objclass`.
    Class,
}

impl Kind {
    fn is_name(self) -> bool {
        matches!(self, Kind::Template | Kind::Class)
    }
}

/// Data of a destination that is still open.
pub struct Collector {
    pub kind: Kind,
    /// Depth of the group whose end is the end of the data.
    pub depth: usize,
    pub at: usize,
    pub bytes: Vec<u8>,
    half: Option<u8>,
    digits: usize,
}

impl Collector {
    /// Nothing yet, of a group at `depth` that begins at `at`.
    pub fn new(kind: Kind, depth: usize, at: usize) -> Self {
        Collector {
            kind,
            depth,
            at,
            bytes: Vec::new(),
            half: None,
            digits: 0,
        }
    }

    /// Bytes of `\bin`. None at all change nothing.
    pub fn raw(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.half = None;
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// A character that was written as `\'hh`; among digits Word drops the one before it.
    pub fn escaped(&mut self, byte: u8) {
        if self.kind.is_name() {
            self.bytes.push(byte);
        } else {
            self.half = None;
        }
    }

    /// A character that was written as `\u`.
    pub fn unit(&mut self, unit: u16) {
        if self.kind.is_name() {
            self.bytes.push(u8::try_from(unit).unwrap_or(b'?'));
        }
    }

    /// Digits, or the letters of a name. True when something else than digits stood behind the first of them.
    pub fn text(&mut self, text: &[u8]) -> bool {
        if self.kind.is_name() {
            self.bytes.extend_from_slice(text);
            return false;
        }
        let mut odd = false;
        for byte in text {
            if self.bytes.len() > MAX_DATA {
                break;
            }
            let Some(digit) = nibble(*byte) else {
                odd |= !byte.is_ascii_whitespace();
                continue;
            };
            self.digits = self.digits.saturating_add(1);
            match self.half.take() {
                Some(high) => self.bytes.push((high << 4) | digit),
                None => self.half = Some(digit),
            }
        }
        odd && self.digits > 0
    }
}
