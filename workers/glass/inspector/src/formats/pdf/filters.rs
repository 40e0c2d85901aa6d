//! Stream filters (ISO 32000-2 section 7.4) as readers in a chain, so that a bomb stops where the budget says.

mod ascii;

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};

use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use self::ascii::{Ascii85, AsciiHex};
use super::predictor::{Predictor, Shape};
use crate::reader::size;

/// Filters of one stream that are followed; more is a gap.
pub const MAX_FILTERS: usize = 8;
const CHUNK: usize = 32 * 1024;

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// zlib data (7.4.4).
    Flate,
    /// LZW data (7.4.4), with or without the early change of the code's length.
    Lzw {
        /// `EarlyChange`.
        early: bool,
    },
    /// Hexadecimal text (7.4.2).
    AsciiHex,
    /// Base 85 text (7.4.3).
    Ascii85,
    /// Runs of bytes (7.4.5).
    RunLength,
    /// The `Crypt` filter: decryption has already happened (7.4.10).
    Crypt,
    /// An image codec: its encoded bytes are an image file of their own kind.
    Image,
    /// A predictor that is undone after Flate or LZW (7.4.4.4).
    Predicted(Shape),
    /// A predictor whose parameters make no sense.
    Senseless,
    /// Nobody knows it.
    Unknown(Vec<u8>),
}

impl Filter {
    /// The filter of a name, long or abbreviated.
    pub fn named(name: &[u8]) -> Filter {
        match name {
            b"FlateDecode" | b"Fl" => Filter::Flate,
            b"LZWDecode" | b"LZW" => Filter::Lzw { early: true },
            b"ASCIIHexDecode" | b"AHx" => Filter::AsciiHex,
            b"ASCII85Decode" | b"A85" => Filter::Ascii85,
            b"RunLengthDecode" | b"RL" => Filter::RunLength,
            b"Crypt" => Filter::Crypt,
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"JBIG2Decode" | b"CCITTFaxDecode" | b"CCF" => Filter::Image,
            other => Filter::Unknown(other.to_vec()),
        }
    }
}

/// Chains the filters over `source`, up to an image codec.
///
/// # Errors
/// `Unsupported` for a filter that nobody knows.
pub fn chain<'a>(source: &'a [u8], filters: &[Filter]) -> Result<Box<dyn Read + 'a>> {
    let mut reader: Box<dyn Read + 'a> = Box::new(source);
    for filter in filters {
        reader = match filter {
            Filter::Flate => Box::new(Flate::new(reader)),
            Filter::Lzw { early } => Box::new(Lzw::new(reader, *early)),
            Filter::AsciiHex => Box::new(AsciiHex {
                from: BufReader::with_capacity(CHUNK, reader),
                ended: false,
            }),
            Filter::Ascii85 => Box::new(Ascii85 {
                from: BufReader::with_capacity(CHUNK, reader),
                out: Pending::default(),
                ended: false,
            }),
            Filter::RunLength => Box::new(RunLength {
                from: BufReader::with_capacity(CHUNK, reader),
                out: Pending::default(),
                ended: false,
            }),
            Filter::Predicted(shape) => Box::new(Predictor::new(reader, *shape)),
            Filter::Senseless => {
                return Err(Error::new(ErrorKind::InvalidData, "the parameters of its predictor make no sense"));
            }
            Filter::Crypt => reader,
            Filter::Image => break,
            Filter::Unknown(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                return Err(Error::new(ErrorKind::Unsupported, format!("the filter {name} is not known")));
            }
        };
    }
    Ok(reader)
}

/// A few decoded bytes that the caller has no room for yet.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    given: usize,
}

impl Pending {
    fn give(&mut self, out: &mut [u8]) -> usize {
        let left = self.bytes.get(self.given..).unwrap_or_default();
        let n = left.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), left.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given = self.given.saturating_add(n);
        n
    }

    fn refill(&mut self) -> &mut Vec<u8> {
        self.bytes.clear();
        self.given = 0;
        &mut self.bytes
    }
}

fn next_byte(from: &mut impl BufRead) -> Result<Option<u8>> {
    let byte = from.fill_buf()?.first().copied();
    if byte.is_some() {
        from.consume(1);
    }
    Ok(byte)
}

fn cut(what: &str) -> Error {
    Error::new(ErrorKind::UnexpectedEof, format!("the {what} data ends before its end mark"))
}

/// zlib without its checksum: what inflates is kept, as viewers keep it.
struct Flate<'a> {
    from: BufReader<Box<dyn Read + 'a>>,
    state: Decompress,
    begun: bool,
    ended: bool,
}

impl<'a> Flate<'a> {
    fn new(from: Box<dyn Read + 'a>) -> Self {
        Flate {
            from: BufReader::with_capacity(CHUNK, from),
            state: Decompress::new(false),
            begun: false,
            ended: false,
        }
    }

    /// Skips the two bytes of the zlib header, and blank lines that a writer put before it.
    fn begin(&mut self) -> Result<()> {
        self.begun = true;
        for _ in 0..4 {
            match self.from.fill_buf()?.first() {
                Some(b'\r' | b'\n') => self.from.consume(1),
                _ => break,
            }
        }
        let head = self.from.fill_buf()?;
        if let (Some(first), Some(_)) = (head.first(), head.get(1))
            && first & 0x0f == 8
        {
            self.from.consume(2);
        }
        Ok(())
    }
}

impl Read for Flate<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if !self.begun {
            self.begin()?;
        }
        loop {
            if self.ended || out.is_empty() {
                return Ok(0);
            }
            let input = self.from.fill_buf()?;
            let dry = input.is_empty();
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, out, FlushDecompress::None);
            let used = size(self.state.total_in().saturating_sub(read));
            let made = size(self.state.total_out().saturating_sub(written));
            self.from.consume(used);
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) => {}
                Err(_) if made > 0 => {}
                // A stream of nothing is empty, not damaged.
                Err(_) if dry && self.state.total_in() == 0 => self.ended = true,
                Err(_) => return Err(Error::new(ErrorKind::InvalidData, "the Flate data is damaged")),
            }
            if made > 0 || self.ended {
                return Ok(made);
            }
            if dry {
                self.ended = true;
                return if self.state.total_in() == 0 { Ok(0) } else { Err(cut("Flate")) };
            }
            if used == 0 {
                return Err(Error::new(ErrorKind::InvalidData, "the Flate data is damaged"));
            }
        }
    }
}

struct Lzw<'a> {
    from: BufReader<Box<dyn Read + 'a>>,
    state: Decoder,
    ended: bool,
}

impl<'a> Lzw<'a> {
    fn new(from: Box<dyn Read + 'a>, early: bool) -> Self {
        let state = if early {
            Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
        } else {
            Decoder::new(BitOrder::Msb, 8)
        };
        Lzw {
            from: BufReader::with_capacity(CHUNK, from),
            state,
            ended: false,
        }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            if self.ended || out.is_empty() {
                return Ok(0);
            }
            let input = self.from.fill_buf()?;
            let dry = input.is_empty();
            let result = self.state.decode_bytes(input, out);
            self.from.consume(result.consumed_in);
            let made = result.consumed_out;
            match result.status {
                Ok(LzwStatus::Done) => self.ended = true,
                Ok(_) => {}
                Err(_) if made > 0 => {}
                Err(_) => return Err(Error::new(ErrorKind::InvalidData, "the LZW data is damaged")),
            }
            if made > 0 || self.ended {
                return Ok(made);
            }
            if dry {
                // The end mark is often missing; all codes that stand there were read.
                self.ended = true;
                return Ok(0);
            }
        }
    }
}

struct RunLength<R> {
    from: R,
    out: Pending,
    ended: bool,
}

impl<R: BufRead> RunLength<R> {
    fn fill(&mut self) -> Result<()> {
        let out = self.out.refill();
        while out.len() < CHUNK {
            let length = match next_byte(&mut self.from)? {
                Some(128) | None => {
                    self.ended = true;
                    break;
                }
                Some(length) => usize::from(length),
            };
            if length < 128 {
                for _ in 0..=length {
                    let Some(byte) = next_byte(&mut self.from)? else {
                        self.ended = true;
                        break;
                    };
                    out.push(byte);
                }
            } else if let Some(byte) = next_byte(&mut self.from)? {
                let grown = out.len().saturating_add(257_usize.saturating_sub(length));
                out.resize(grown, byte);
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for RunLength<R> {
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

#[cfg(test)]
mod tests;
