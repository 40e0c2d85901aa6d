//! Decoding one LHA member.

use std::io::{self, ErrorKind, Read};

use airlock_proto::{Gap, GapKind};
use delharc::LhaDecodeReader;
use delharc::decode::DecoderAny;

use super::header::Entry;
use crate::reader::{len64, size};
use crate::sink::{Member, Sink, Taken};

/// Bytes decoded at once; a step that fails is done again byte by byte, because the library drops what it decoded before an error.
const STEP: usize = 32 * 1024;

/// What may come out of bits that a decoder has read ahead.
const GRACE: u64 = 4096;

/// Packed bytes that a decoder may leave without there being anything in them.
const PADDING: usize = 16;

/// Decodes the packed data and hands it to the sink.
pub(super) fn hand_over(entry: &Entry, member: Member, data: &[u8], sink: &mut Sink<'_, '_>) {
    let name = member.name.clone();
    let mut decode = Decode::new(entry, data);
    if !decode.reader.is_decoder_supported() {
        let method = String::from_utf8_lossy(&entry.header.compression).into_owned();
        sink.listed(member);
        sink.gap(
            Gap::new(
                GapKind::Unsupported,
                format!("{name} is packed with {method}, which is not decoded"),
            )
            .bytes(entry.header.original_size),
        );
        return;
    }
    let plain = matches!(&entry.header.compression, b"-lh0-" | b"-lz4-" | b"-pm0-");
    if plain {
        stored(entry, member, data, sink);
        return;
    }
    if sink.member(member, &mut decode) != Taken::Whole {
        return;
    }
    if !decode.reader.crc_is_ok() {
        sink.gap(Gap::new(
            GapKind::Malformed,
            format!("the checksum of {name} is wrong: what an extractor makes of it may differ"),
        ));
    }
    if decode.reader.get_ref().is_some_and(|left| left.len() > PADDING) {
        behind(entry, &name, data, sink);
    }
}

/// A member that declares less than it packs: what lies behind its declared end is decoded, too.
fn behind(entry: &Entry, name: &str, data: &[u8], sink: &mut Sink<'_, '_>) {
    let mut longer = entry.clone();
    longer.header.original_size = u64::MAX;
    let mut decode = Decode::new(&longer, data);
    if entry.header.compression.starts_with(b"-pm") {
        decode.grace = GRACE;
    }
    let mut declared = entry.header.original_size;
    let mut scratch = vec![0; STEP];
    while declared > 0 {
        let step = scratch.len().min(size(declared));
        match decode.read(scratch.get_mut(..step).unwrap_or_default()) {
            Ok(n) if n > 0 && sink.pay(n) => declared = declared.saturating_sub(len64(n)),
            _ => return,
        }
    }
    sink.member(Member::named(format!("{name} (behind its declared end)")), &mut decode);
}

/// Stored bytes are looked at where they stand, those behind the declared end too.
fn stored(entry: &Entry, member: Member, data: &[u8], sink: &mut Sink<'_, '_>) {
    let declared = size(entry.header.original_size);
    let name = member.name.clone();
    let (whole, behind) = data.split_at(declared.min(data.len()));
    let missing = declared.saturating_sub(whole.len());
    let mut crc = delharc::crc::Crc16::default();
    crc.digest(whole);
    sink.member_slice(member, whole);
    if missing > 0 {
        sink.gap(Gap::new(GapKind::Truncated, format!("the archive ends inside {name}")).bytes(len64(missing)));
    } else if crc.sum16() != entry.header.file_crc {
        sink.gap(Gap::new(
            GapKind::Malformed,
            format!("the checksum of {name} is wrong: what an extractor makes of it may differ"),
        ));
    }
    if !behind.is_empty() {
        sink.member_slice(Member::named(format!("{name} (behind its declared end)")), behind);
    }
}

struct Decode<'a, 'e> {
    entry: &'e Entry,
    data: &'a [u8],
    reader: LhaDecodeReader<&'a [u8]>,
    given: u64,
    careful: bool,
    /// Bytes that may still come out when the packed data is used up: PMarc's methods go on for ever with zeros.
    grace: u64,
}

impl<'a, 'e> Decode<'a, 'e> {
    fn new(entry: &'e Entry, data: &'a [u8]) -> Self {
        let mut reader = LhaDecodeReader::default();
        let decoder = DecoderAny::new_from_header(&entry.header, data);
        reader.begin_with_header_and_decoder(entry.header.clone(), decoder);
        Decode {
            entry,
            data,
            reader,
            given: 0,
            careful: false,
            grace: u64::MAX,
        }
    }

    fn error(&self, error: &io::Error) -> io::Error {
        let short = self.entry.end > self.entry.data.saturating_add(self.data.len());
        if short || error.kind() == ErrorKind::UnexpectedEof {
            return io::Error::new(ErrorKind::UnexpectedEof, "the packed data ends early");
        }
        io::Error::new(ErrorKind::InvalidData, "the packed data is damaged")
    }
}

impl Read for Decode<'_, '_> {
    fn read(&mut self, mut buf: &mut [u8]) -> io::Result<usize> {
        if self.grace < u64::MAX && self.reader.get_ref().is_some_and(|left| left.is_empty()) {
            if self.grace == 0 {
                return Ok(0);
            }
            let room = buf.len().min(size(self.grace));
            self.grace = self.grace.saturating_sub(len64(room));
            buf = buf.get_mut(..room).unwrap_or_default();
        }
        let room = buf.len().min(if self.careful { 1 } else { STEP });
        match self.reader.read(buf.get_mut(..room).unwrap_or_default()) {
            Ok(n) => {
                self.given = self.given.saturating_add(len64(n));
                Ok(n)
            }
            Err(error) if self.careful => Err(self.error(&error)),
            Err(error) => {
                let (given, grace) = (self.given, self.grace);
                *self = Decode::new(self.entry, self.data);
                (self.careful, self.grace) = (true, grace);
                self.given = given;
                // In the same steps as before, so that the same bytes come out.
                let mut left = given;
                let mut scratch = vec![0; STEP];
                while left > 0 {
                    let step = scratch.len().min(size(left));
                    match self.reader.read(scratch.get_mut(..step).unwrap_or_default()) {
                        Ok(n) if n > 0 => left = left.saturating_sub(len64(n)),
                        _ => return Err(self.error(&error)),
                    }
                }
                self.read(buf)
            }
        }
    }
}
