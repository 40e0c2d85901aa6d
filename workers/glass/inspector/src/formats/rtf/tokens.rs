//! The words of RTF (RTF 1.9.1, Formal syntax), one at a time and in one pass.

use crate::reader::size;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// `\word` with its number; the word as it is written.
    Word(&'a [u8], Option<i64>),
    /// `\` and a character that is no letter.
    Symbol(u8),
    /// `\'hh`
    Byte(u8),
    /// Plain characters without line ends.
    Text(&'a [u8]),
}

/// Reads tokens; knows where the last one began.
pub struct Tokens<'a> {
    bytes: &'a [u8],
    next: usize,
    /// Offset of the last token in bytes.
    pub at: usize,
}

impl<'a> Tokens<'a> {
    /// Tokens from `start` on.
    pub fn new(bytes: &'a [u8], start: usize) -> Self {
        Tokens {
            bytes,
            next: start,
            at: start,
        }
    }

    /// The next `n` raw bytes, for `\bin`; `None` when there are fewer, and then nothing is consumed.
    pub fn raw(&mut self, n: i64) -> Option<&'a [u8]> {
        let end = self.next.checked_add(size(n))?;
        let got = self.bytes.get(self.next..end)?;
        self.next = end;
        Some(got)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.next).copied()
    }

    fn step(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let n = rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
        self.next = self.next.saturating_add(n);
        rest.get(..n).unwrap_or_default()
    }

    fn control(&mut self) -> Token<'a> {
        let Some(first) = self.peek() else { return Token::Symbol(b'\\') };
        if !first.is_ascii_alphabetic() {
            self.step();
            return if first == b'\'' { self.hex_byte() } else { Token::Symbol(first) };
        }
        let word = self.run(|b| b.is_ascii_alphabetic());
        let negative = self.peek() == Some(b'-') && self.bytes.get(self.next.saturating_add(1)).is_some_and(u8::is_ascii_digit);
        if negative {
            self.step();
        }
        let digits = self.run(|b| b.is_ascii_digit());
        let mut number = (!digits.is_empty()).then_some(0_i64);
        for digit in digits {
            let value = i64::from(digit.wrapping_sub(b'0'));
            number = number.map(|n| n.saturating_mul(10).saturating_add(value));
        }
        if self.peek() == Some(b' ') {
            self.step();
        }
        Token::Word(word, if negative { number.map(i64::saturating_neg) } else { number })
    }

    /// Two digits; what are none stay in the text.
    fn hex_byte(&mut self) -> Token<'a> {
        let mut value = 0_u8;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(nibble) else { break };
            value = (value << 4) | digit;
            self.step();
        }
        Token::Byte(value)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.run(|b| matches!(b, b'\r' | b'\n' | 0));
        self.at = self.next;
        match self.peek()? {
            b'{' => {
                self.step();
                Some(Token::Open)
            }
            b'}' => {
                self.step();
                Some(Token::Close)
            }
            b'\\' => {
                self.step();
                Some(self.control())
            }
            _ => Some(Token::Text(self.run(|b| !matches!(b, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0)))),
        }
    }
}

/// The value of a hexadecimal digit.
pub fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_symbols_and_bytes() {
        let got: Vec<Token<'_>> = Tokens::new(b"{\\rtf1\\ab-12 x\r\n\\'e4\\*\\\\}\\", 0).collect();
        assert_eq!(
            got,
            [
                Token::Open,
                Token::Word(b"rtf", Some(1)),
                Token::Word(b"ab", Some(-12)),
                Token::Text(b"x"),
                Token::Byte(0xe4),
                Token::Symbol(b'*'),
                Token::Symbol(b'\\'),
                Token::Close,
                Token::Symbol(b'\\'),
            ]
        );
    }
}
