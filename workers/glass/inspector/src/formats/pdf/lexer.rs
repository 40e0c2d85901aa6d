//! The lexer of PDF objects (ISO 32000-2 section 7.3): tolerant, bounded in depth and in values, keeping what it could read of a damaged object.

use super::value::{Dict, Name, Value};

/// Deepest nesting of arrays and dictionaries that is read.
const MAX_DEPTH: u32 = 100;
/// Numbers of an array past this many elements are not kept: glyph widths and tables say nothing that a scan asks for.
const MAX_NUMBERS: usize = 1024;

/// White space of section 7.2.3.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// A cursor that reads objects.
pub struct Lexer<'a, 'v> {
    bytes: &'a [u8],
    at: usize,
    /// The furthest that was looked ahead.
    ahead: usize,
    values: &'v mut usize,
    /// True when the object ended before it was closed.
    pub broken: bool,
    /// True when it was nested deeper than is read.
    pub too_deep: bool,
    /// True when a string was in hexadecimal, had an escape, or bytes that are no ASCII.
    pub coded: bool,
}

impl<'a, 'v> Lexer<'a, 'v> {
    /// A lexer at `at`; `values` is how many values may still be made.
    pub fn new(bytes: &'a [u8], at: usize, values: &'v mut usize) -> Self {
        Lexer {
            bytes,
            at,
            ahead: at,
            values,
            broken: false,
            too_deep: false,
            coded: false,
        }
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Offset behind the last byte that was looked at, in bytes: the work that reading took.
    pub fn furthest(&self) -> usize {
        self.at.max(self.ahead)
    }

    /// The next object; `Null` for what is none.
    pub fn value(&mut self) -> Value {
        self.nested(0).unwrap_or_else(|| {
            self.broken = true;
            Value::Null
        })
    }

    /// Skips white space and comments.
    pub fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.step();
            } else if byte == b'%' {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                self.at = self.at.saturating_add(end);
            } else {
                return;
            }
        }
    }

    /// Takes a keyword if it stands next.
    pub fn keyword(&mut self, word: &[u8]) -> bool {
        let stands = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if stands {
            self.at = self.at.saturating_add(word.len());
        }
        stands
    }

    /// The unsigned integer that stands next.
    pub fn unsigned(&mut self) -> Option<u64> {
        let start = self.at;
        let mut n = 0_u64;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            n = n.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')));
            self.step();
        }
        (self.at > start).then_some(n)
    }

    /// The number that stands next, as its whole part: readers take a sign and a fraction where only an unsigned integer may stand.
    pub fn lenient(&mut self) -> Option<i64> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.')).count();
        let word = rest.get(..length).filter(|w| w.iter().any(u8::is_ascii_digit))?;
        self.at = self.at.saturating_add(length);
        Some(whole(word))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.step();
        Some(byte)
    }

    /// `None` at a closing bracket, at the end, or at a keyword that ends what is read.
    fn nested(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        if *self.values == 0 {
            self.broken = true;
            return None;
        }
        *self.values = self.values.saturating_sub(1);
        match self.peek()? {
            b'/' => Some(Value::Name(self.name())),
            b'(' => Some(Value::Text(self.literal())),
            b'<' => {
                self.step();
                if self.keyword(b"<") {
                    self.dict(depth)
                } else {
                    Some(Value::Text(self.hex()))
                }
            }
            b'[' => {
                self.step();
                self.array(depth)
            }
            b'{' | b'}' | b')' => {
                self.step();
                Some(Value::Null)
            }
            b'>' | b']' => None,
            b'0'..=b'9' | b'+' | b'-' | b'.' => Some(self.number()),
            _ => self.word(depth),
        }
    }

    fn deeper(&mut self, depth: u32) -> bool {
        if depth >= MAX_DEPTH {
            self.too_deep = true;
            self.broken = true;
            return false;
        }
        true
    }

    fn dict(&mut self, depth: u32) -> Option<Value> {
        if !self.deeper(depth) {
            return None;
        }
        let mut dict = Dict::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'>') => {
                    self.step();
                    self.keyword(b">");
                    break;
                }
                Some(b'/') => {
                    let key = self.name();
                    self.skip_space();
                    // A key without a value: the dictionary closes next.
                    let value = if self.peek() == Some(b'>') {
                        Value::Null
                    } else {
                        match self.nested(depth.saturating_add(1)) {
                            Some(value) => value,
                            None if self.peek() == Some(b']') => {
                                self.step();
                                Value::Null
                            }
                            None => {
                                self.broken = true;
                                Value::Null
                            }
                        }
                    };
                    dict.push((key, value));
                }
                // Something that is no key: read over it.
                Some(b']') => self.step(),
                Some(_) => {
                    if self.nested(depth.saturating_add(1)).is_none() {
                        self.broken = true;
                    }
                }
                None => self.broken = true,
            }
            if self.broken {
                break;
            }
        }
        Some(Value::Dict(dict))
    }

    fn array(&mut self, depth: u32) -> Option<Value> {
        if !self.deeper(depth) {
            return None;
        }
        let mut array = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b']') => {
                    self.step();
                    break;
                }
                // The dictionary around it closes: the bracket is missing.
                Some(b'>') => break,
                None => self.broken = true,
                Some(_) => match self.nested(depth.saturating_add(1)) {
                    Some(Value::Int(_) | Value::Real(_) | Value::Null) if array.len() > MAX_NUMBERS => {
                        *self.values = self.values.saturating_add(1);
                    }
                    Some(value) => array.push(value),
                    None => self.broken = true,
                },
            }
            if self.broken {
                break;
            }
        }
        Some(Value::Array(array))
    }

    fn name(&mut self) -> Name {
        self.step();
        let mut bytes = Vec::new();
        let mut escaped = false;
        while let Some(byte) = self.peek().filter(|b| is_regular(*b)) {
            self.step();
            let pair = (byte == b'#').then(|| self.bytes.get(self.at..self.at.saturating_add(2))).flatten();
            let decoded = pair.and_then(|pair| match pair {
                [high, low] => Some(hex_digit(*high)?.wrapping_shl(4) | hex_digit(*low)?),
                _ => None,
            });
            if let Some(decoded) = decoded {
                self.at = self.at.saturating_add(2);
                escaped |= decoded.is_ascii_alphanumeric();
                bytes.push(decoded);
            } else {
                bytes.push(byte);
            }
        }
        Name {
            bytes: bytes.into(),
            escaped,
        }
    }

    fn literal(&mut self) -> Vec<u8> {
        self.step();
        let mut out = Vec::new();
        let mut open = 1_u32;
        loop {
            let Some(byte) = self.next() else {
                self.broken = true;
                break;
            };
            match byte {
                b'(' => {
                    open = open.saturating_add(1);
                    out.push(byte);
                }
                b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        break;
                    }
                    out.push(byte);
                }
                b'\\' => self.escape(&mut out),
                _ => out.push(byte),
            }
        }
        self.coded |= !out.is_ascii();
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        self.coded = true;
        let Some(byte) = self.next() else { return };
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(0x0c),
            b'\r' => {
                self.keyword(b"\n");
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut n = u32::from(byte.saturating_sub(b'0'));
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|d| (b'0'..=b'7').contains(d)) else {
                        break;
                    };
                    self.step();
                    n = n.wrapping_shl(3) | u32::from(digit.saturating_sub(b'0'));
                }
                out.push(u8::try_from(n & 0xff).unwrap_or_default());
            }
            other => out.push(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.coded = true;
        let mut out = Vec::new();
        let mut half = None;
        loop {
            match self.next() {
                None => {
                    self.broken = true;
                    break;
                }
                Some(b'>') => break,
                Some(byte) => {
                    let Some(digit) = hex_digit(byte) else { continue };
                    half = match half {
                        None => Some(digit),
                        Some(high) => {
                            out.push(u8::wrapping_shl(high, 4) | digit);
                            None
                        }
                    };
                }
            }
        }
        out.extend(half.map(|high| u8::wrapping_shl(high, 4)));
        out
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.step();
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        let Some(number) = std::str::from_utf8(word).ok().and_then(|w| w.parse::<i64>().ok()) else {
            return if word.iter().all(u8::is_ascii_digit) {
                Value::Int(i64::MAX)
            } else {
                Value::Real(whole(word))
            };
        };
        let Ok(object) = u32::try_from(number) else {
            return Value::Int(number);
        };
        // `N G R`: look ahead, and go back when it is none.
        let back = self.at;
        self.skip_space();
        if self.at > back && self.unsigned().is_some() {
            let middle = self.at;
            self.skip_space();
            if self.at > middle && self.keyword(b"R") && !self.peek().is_some_and(is_regular) {
                return Value::Ref(object);
            }
        }
        self.ahead = self.ahead.max(self.at);
        self.at = back;
        Value::Int(number)
    }

    /// A keyword: the ones around objects end one, and within an array or a dictionary readers take them for null as any other word; only
    /// the data of a stream ends that, too.
    fn word(&mut self, depth: u32) -> Option<Value> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.step();
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        match word {
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            b"stream" | b"endstream" => {
                self.at = start;
                None
            }
            b"endobj" | b"obj" | b"xref" | b"trailer" | b"startxref" if depth == 0 => {
                self.at = start;
                None
            }
            _ => Some(Value::Null),
        }
    }
}

/// The value of a hexadecimal digit.
pub fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// The digits before the point.
fn whole(word: &[u8]) -> i64 {
    let digits = word
        .iter()
        .skip_while(|b| matches!(b, b'+' | b'-'))
        .take_while(|b| b.is_ascii_digit());
    let number = digits.fold(0_i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b.saturating_sub(b'0'))));
    if word.starts_with(b"-") { number.saturating_neg() } else { number }
}

#[cfg(test)]
mod tests;
