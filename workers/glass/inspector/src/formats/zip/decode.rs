//! Decoding the data of one member, by whatever method one cares to try.

mod xz;

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::record::Aes;
use crate::reader::{len64, size};

/// What a trial needs to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Compression method.
    pub method: u16,
    /// General purpose bits: some methods keep a parameter there.
    pub flags: u16,
    /// Plain size that the headers give; 0 when they give none.
    pub plain: u64,
    /// Bytes of memory that a decoder may take for itself.
    pub room: u64,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Plain bytes that came out.
    pub len: u64,
    /// Their CRC-32.
    pub crc: u32,
    /// Packed bytes that were used.
    pub used: usize,
    /// The method's own end was reached.
    pub ended: bool,
}

/// Whether somebody here can decode the method.
pub fn is_known(method: u16) -> bool {
    matches!(method, 0..=6 | 8 | 9 | 12 | 14 | 95 | 98)
}

/// The method's name in plain words.
pub fn method_name(method: u16) -> String {
    let name = match method {
        0 => "stored",
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        8 => "deflate",
        9 => "deflate64",
        10 => "DCL implode",
        12 => "bzip2",
        14 => "LZMA",
        20 | 93 => "zstd",
        94 => "MP3",
        95 => "xz",
        96 => "JPEG",
        97 => "WavPack",
        98 => "PPMd",
        99 => "AES",
        other => return format!("method {other}"),
    };
    name.to_owned()
}

/// Hands a reader of the decoded bytes to `take`, and tells how far it came.
///
/// # Errors
/// When the decoder cannot even begin; an error while it reads comes out of the reader.
pub fn with(data: &[u8], plan: Plan, take: &mut dyn FnMut(&mut dyn Read)) -> io::Result<Tally> {
    match plan.method {
        0 => run(
            &mut Cut {
                left: u64::MAX,
                inner: data,
            },
            data.len(),
            take,
        ),
        8 => inflate(data, take),
        12 => run(&mut bzip2::bufread::BzDecoder::new(data), data.len(), take),
        14 => run(&mut lzma(data, plan)?, data.len(), take),
        95 => {
            let limit = u32::try_from(plan.room / 1024).unwrap_or(u32::MAX);
            run(&mut xz::Streams::new(data, limit), data.len(), take)
        }
        1..=6 | 9 | 98 => odd(data, plan, take),
        method => Err(io::Error::new(ErrorKind::Unsupported, method_name(method))),
    }
}

/// Decodes without keeping anything.
///
/// # Errors
/// When it does not reach its end.
pub fn measure(data: &[u8], plan: Plan, most: u64) -> io::Result<Tally> {
    let mut failed = None;
    let tally = with(data, plan, &mut |reader| {
        failed = io::copy(&mut reader.take(most), &mut io::sink()).err();
    })?;
    match failed {
        Some(e) => Err(e),
        None => Ok(tally),
    }
}

/// Counts and checks what passes.
struct Counted<'r> {
    inner: &'r mut dyn Read,
    crc: Hasher,
    len: u64,
    ended: bool,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.ended |= n == 0 && !out.is_empty();
        self.crc.update(out.get(..n).unwrap_or_default());
        self.len = self.len.saturating_add(len64(n));
        Ok(n)
    }
}

fn run(inner: &mut dyn Read, used: usize, take: &mut dyn FnMut(&mut dyn Read)) -> io::Result<Tally> {
    let mut counted = Counted {
        inner,
        crc: Hasher::new(),
        len: 0,
        ended: false,
    };
    take(&mut counted);
    Ok(Tally {
        len: counted.len,
        crc: counted.crc.finalize(),
        used,
        ended: counted.ended,
    })
}

fn inflate(data: &[u8], take: &mut dyn FnMut(&mut dyn Read)) -> io::Result<Tally> {
    let mut stream = Inflate {
        data,
        at: 0,
        state: Decompress::new(false),
        done: false,
        failed: false,
    };
    let tally = run(&mut stream, 0, take)?;
    Ok(Tally {
        used: stream.at,
        ended: stream.done,
        ..tally
    })
}

/// A deflate stream (RFC 1951) that knows where it ended.
struct Inflate<'a> {
    data: &'a [u8],
    at: usize,
    state: Decompress,
    done: bool,
    failed: bool,
}

impl Read for Inflate<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        const CHUNK: usize = 1 << 20;
        if self.done || out.is_empty() {
            return Ok(0);
        }
        loop {
            if self.failed {
                return Err(io::Error::new(ErrorKind::InvalidData, "the deflate stream is damaged"));
            }
            let input = self.data.get(self.at..).unwrap_or_default();
            let input = input.get(..CHUNK).unwrap_or(input);
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, out, FlushDecompress::None);
            let used = size(self.state.total_in().saturating_sub(before_in));
            let made = size(self.state.total_out().saturating_sub(before_out));
            self.at = self.at.saturating_add(used);
            match status {
                Ok(Status::StreamEnd) => self.done = true,
                Ok(_) if made == 0 && used == 0 => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the deflate stream ends too early"));
                }
                Ok(_) => {}
                Err(_) => self.failed = true,
            }
            if made > 0 || self.done {
                return Ok(made);
            }
        }
    }
}

/// LZMA as ZIP has it (APPNOTE 5.8.8): version, size of the properties, properties, data.
fn lzma(data: &[u8], plan: Plan) -> io::Result<lzma_rust2::LzmaReader<&[u8]>> {
    let mut r = crate::reader::Reader::new(data);
    let head = (|| {
        r.skip(2)?;
        (r.u16()? == 5).then_some(())?;
        Some((r.u8()?, r.u32()?))
    })();
    let Some((props, dictionary)) = head else {
        return Err(io::Error::new(ErrorKind::InvalidData, "the LZMA properties are damaged"));
    };
    if u64::from(dictionary) > plan.room {
        return Err(io::Error::new(
            ErrorKind::OutOfMemory,
            format!("its LZMA dictionary needs {dictionary} bytes of memory"),
        ));
    }
    // Bit 1: an end mark follows the data, so the size is not needed and not believed.
    let plain = if plan.flags & 2 != 0 || plan.plain == 0 {
        u64::MAX
    } else {
        plan.plain
    };
    lzma_rust2::LzmaReader::new_with_props(r.rest(), plain, props, dictionary, None)
}

/// The methods for which the `zip` crate is the decoder: it is given a ZIP of one member, made around the data.
fn odd(data: &[u8], plan: Plan, take: &mut dyn FnMut(&mut dyn Read)) -> io::Result<Tally> {
    let legacy = (1..=6).contains(&plan.method);
    let needs = match plan.method {
        98 => ppmd_memory(data),
        9 => 1 << 20,
        _ => len64(data.len()).saturating_add(plan.plain),
    };
    if needs > plan.room {
        return Err(io::Error::new(
            ErrorKind::OutOfMemory,
            format!("its decoder needs {needs} bytes of memory"),
        ));
    }
    let exact = legacy || (plan.method == 98 && plan.plain > 0);
    let seen = Seen {
        method: plan.method,
        flags: plan.flags & 6,
        time: 0,
        crc: 0,
        plain: if exact { plan.plain } else { u64::MAX },
        extra: Vec::new(),
    };
    let mut archive = zip::ZipArchive::new(Splice::around(data, &seen)).map_err(io::Error::other)?;
    let options = zip::read::ZipReadOptions::new().ignore_crc32(true);
    let mut file = archive.by_index_with_options(0, options).map_err(io::Error::other)?;
    let left = if exact { plan.plain } else { u64::MAX };
    run(&mut Cut { left, inner: &mut file }, data.len(), take)
}

/// Memory that a PPMd stream asks for, in bytes: its second parameter, in MiB (APPNOTE 5.10.3).
fn ppmd_memory(data: &[u8]) -> u64 {
    let word = crate::reader::Reader::new(data).u16().unwrap_or_default();
    (u64::from(word >> 4) & 0xff).saturating_add(1) << 20
}

/// Ends after `left` bytes, for decoders that do not know their end.
struct Cut<R> {
    left: u64,
    inner: R,
}

impl<R: Read> Read for Cut<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(size(self.left));
        let n = self.inner.read(out.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(len64(n));
        Ok(n)
    }
}

/// Decrypts with one password; `None` when it is not the one. The result still has to be decoded by its method.
pub fn decrypt(data: &[u8], flags: u16, time: u16, crc: u32, aes: Option<Aes>, password: &str) -> Option<Vec<u8>> {
    let (method, extra) = match aes {
        Some(aes) => (99, aes_field(aes)),
        None => (0, Vec::new()),
    };
    let seen = Seen {
        method,
        flags: 1 | (flags & 8),
        time,
        crc,
        plain: u64::MAX,
        extra,
    };
    let mut archive = zip::ZipArchive::new(Splice::around(data, &seen)).ok()?;
    let options = zip::read::ZipReadOptions::new()
        .ignore_crc32(true)
        .password(Some(password.as_bytes()));
    let mut file = archive.by_index_with_options(0, options).ok()?;
    let mut out = Vec::new();
    file.read_to_end(&mut out).ok()?;
    Some(out)
}

/// The AES field with "stored" as its method: decoding comes later.
fn aes_field(aes: Aes) -> Vec<u8> {
    let mut field = vec![0x01, 0x99, 7, 0];
    field.extend(aes.version.to_le_bytes());
    field.extend(b"AE");
    field.push(aes.strength);
    field.extend([0, 0]);
    field
}

/// What the headers of the ZIP of one member say.
struct Seen {
    method: u16,
    flags: u16,
    time: u16,
    crc: u32,
    plain: u64,
    extra: Vec<u8>,
}

/// Three pieces read as one file, so that the data is not copied.
struct Splice<'a> {
    head: Vec<u8>,
    body: &'a [u8],
    tail: Vec<u8>,
    at: usize,
}

impl<'a> Splice<'a> {
    fn around(body: &'a [u8], seen: &Seen) -> Self {
        let mut common = Vec::new();
        for word in [45, seen.flags, seen.method, seen.time, 0x21] {
            common.extend(word.to_le_bytes());
        }
        // One below the mark of Zip64: sizes above 4 GiB do not occur, an input is at most 2 GiB.
        let cap = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).min(0xffff_fffe);
        for word in [seen.crc, cap(len64(body.len())), cap(seen.plain)] {
            common.extend(word.to_le_bytes());
        }
        common.extend(1_u16.to_le_bytes());
        common.extend(u16::try_from(seen.extra.len()).unwrap_or_default().to_le_bytes());
        let head = [&b"PK\x03\x04"[..], &common, b"m", &seen.extra].concat();
        let mut tail = [&b"PK\x01\x02\x2d\0"[..], &common, &[0; 14], b"m", &seen.extra].concat();
        let directory = cap(len64(tail.len()));
        let offset = cap(len64(head.len().saturating_add(body.len())));
        tail.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        tail.extend(directory.to_le_bytes());
        tail.extend(offset.to_le_bytes());
        tail.extend([0, 0]);
        Splice { head, body, tail, at: 0 }
    }

    fn len(&self) -> usize {
        self.head.len().saturating_add(self.body.len()).saturating_add(self.tail.len())
    }
}

impl Read for Splice<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut skip = self.at;
        for piece in [&self.head, self.body, &self.tail] {
            if let Some(mut rest) = piece.get(skip..).filter(|rest| !rest.is_empty()) {
                let n = rest.read(out)?;
                self.at = self.at.saturating_add(n);
                return Ok(n);
            }
            skip = skip.saturating_sub(piece.len());
        }
        Ok(0)
    }
}

impl Seek for Splice<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let base = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => len64(self.len()).checked_add_signed(by),
            SeekFrom::Current(by) => len64(self.at).checked_add_signed(by),
        };
        let at = base.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        self.at = size(at);
        Ok(at)
    }
}

#[cfg(test)]
mod tests;
