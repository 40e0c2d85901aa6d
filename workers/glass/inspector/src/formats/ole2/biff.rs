//! The workbook stream of .xls files (MS-XLS 2.1.4): its strings as text, its macro sheets, its encryption.

use airlock_proto::Gap;

use super::encryption;
use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64, size};
use crate::sink::{Found, Sink};

const SST: u16 = 0x00fc;
const CONTINUE: u16 = 0x003c;
const TXO: u16 = 0x01b6;
const LABEL: u16 = 0x0204;
const RSTRING: u16 = 0x00d6;

/// A workbook stream of BIFF5 or BIFF8.
pub struct Biff;

impl Format for Biff {
    fn name(&self) -> &'static str {
        "biff"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "Excel workbook stream",
            spec: "MS-XLS 2.1.4, 2.4",
            yields: "the strings of its cells as text (layer cells)",
            limitations: "formulas are matched as stored; an encrypted workbook is a gap",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let mut r = Reader::new(input.bytes);
        let begins = r.u16() == Some(0x0809) && matches!(r.u16(), Some(8 | 16)) && matches!(r.u16(), Some(0x0500 | 0x0600));
        let known = matches!(r.u16(), Some(0x0005 | 0x0006 | 0x0010 | 0x0020 | 0x0040 | 0x0100));
        if begins && known { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut records = Records {
            r: Reader::new(input.bytes),
        };
        let mut hidden = None;
        let mut sheet = None;
        let mut auto = None;
        let mut strings = Strings::default();
        let mut wide = false;
        while let Some((at, id, data)) = records.next() {
            match id {
                0x0809 => wide = Reader::new(data).u16() == Some(0x0600),
                // FilePass: what follows is encrypted (2.4.117).
                0x002f => {
                    encryption::password("This Excel workbook is encrypted with a password.", len64(input.bytes.len()), sink);
                    return Ok(());
                }
                // BoundSheet8: hsState and dt (2.4.28).
                0x0085 if data.get(5) == Some(&1) => {
                    sheet = sheet.or(Some(at));
                    if data.get(4).is_some_and(|state| state & 3 != 0) {
                        hidden = hidden.or(Some(at));
                    }
                }
                // Lbl: a built-in name, 1 for Auto_Open and 2 for Auto_Close (2.4.150).
                0x0018 => auto = auto.or_else(|| auto_name(data, wide).map(|name| (at, name))),
                _ => strings.record(id, data, wide),
            }
        }
        if let Some(at) = sheet {
            sink.finding(Found::new("xlm.sheet").at(at, 0));
            if let Some((at, name)) = auto {
                sink.finding(Found::new("xlm.auto_open_name").at(at, 0).says(name));
            }
        }
        if let Some(at) = hidden {
            sink.finding(Found::new("xlm.hidden_sheet").at(at, 0));
        }
        if !strings.out.is_empty() {
            sink.layer("cells", "cells", &mut strings.out.as_bytes());
        }
        Ok(())
    }
}

/// Longest workbook stream that is joined, in bytes.
const MOST_JOINED: usize = 64 << 20;

/// The data of all records without their headers: a drawing or a theme that goes on in the next record is in one piece. `None` for
/// what is no workbook stream.
pub fn joined(bytes: &[u8]) -> Option<Vec<u8>> {
    if Biff.sniff(&Input::bare(bytes)) != Match::Yes || bytes.len() > MOST_JOINED {
        return None;
    }
    let mut records = Records { r: Reader::new(bytes) };
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((_, id, data)) = records.next() {
        // The header of ContinueFrt12 (2.4.60).
        let skip = if id == 0x087f { 12 } else { 0 };
        out.extend_from_slice(data.get(skip..).unwrap_or_default());
    }
    Some(out)
}

struct Records<'a> {
    r: Reader<'a>,
}

impl<'a> Records<'a> {
    /// Offset, type and data of the next record.
    fn next(&mut self) -> Option<(usize, u16, &'a [u8])> {
        let at = self.r.offset();
        let id = self.r.u16()?;
        let length = size(self.r.u16()?);
        Some((at, id, self.r.take(length.min(self.r.left()))?))
    }
}

fn auto_name(data: &[u8], wide: bool) -> Option<&'static str> {
    let builtin = data.first()? & 0x20 != 0;
    let length = *data.get(3)?;
    let name = data.get(if wide { 15 } else { 14 }..)?;
    if builtin && length == 1 {
        return match name.first()? {
            1 => Some("Auto_Open"),
            2 => Some("Auto_Close"),
            _ => None,
        };
    }
    let spelled: Vec<u8> = name.iter().take(64).filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    if memchr::memmem::find(&spelled, b"auto_open").is_some() {
        return Some("Auto_Open");
    }
    memchr::memmem::find(&spelled, b"auto_close").map(|_| "Auto_Close")
}

/// Collects the strings of a workbook; one may go on in the next record (2.4.58).
#[derive(Default)]
struct Strings {
    out: String,
    /// Units that the current string still wants.
    left: usize,
    /// Bytes of formatting after it.
    skip: usize,
    /// The last record that was no Continue.
    last: u16,
}

impl Strings {
    fn record(&mut self, id: u16, data: &[u8], wide: bool) {
        if id != CONTINUE {
            self.last = id;
            self.left = 0;
            self.skip = 0;
        }
        match (id, self.last) {
            (SST, _) => self.table(Reader::at(data, 8)),
            (CONTINUE, SST) => {
                let mut r = Reader::new(data);
                if self.left > 0 {
                    let flags = r.u8().unwrap_or_default();
                    self.units(&mut r, flags);
                }
                self.table(r);
            }
            // The text of a drawn object stands in the first record after it (2.4.329).
            (CONTINUE, TXO) => {
                let mut r = Reader::new(data);
                let flags = r.u8().unwrap_or(0xff);
                if flags <= 1 {
                    self.left = data.len();
                    self.units(&mut r, flags);
                    self.out.push('\n');
                }
                self.last = 0;
            }
            (LABEL | RSTRING, _) => self.label(data, wide),
            _ => {}
        }
    }

    /// XLUnicodeRichExtendedStrings, one after the other (2.5.293).
    fn table(&mut self, mut r: Reader<'_>) {
        loop {
            let over = self.skip.min(r.left());
            let _ = r.skip(over);
            self.skip = self.skip.saturating_sub(over);
            if self.skip > 0 || self.left > 0 {
                return;
            }
            let (Some(count), Some(flags)) = (r.u16(), r.u8()) else { return };
            let runs = if flags & 8 != 0 { r.u16().map_or(0, usize::from) } else { 0 };
            let extra = if flags & 4 != 0 { r.u32().map_or(0, size) } else { 0 };
            self.left = usize::from(count);
            self.skip = runs.saturating_mul(4).saturating_add(extra);
            self.units(&mut r, flags);
        }
    }

    /// As much of the current string as this record has.
    fn units(&mut self, r: &mut Reader<'_>, flags: u8) {
        let width = if flags & 1 != 0 { 2 } else { 1 };
        let there = r.left().checked_div(width).unwrap_or_default().min(self.left);
        let bytes = r.take(there.saturating_mul(width)).unwrap_or_default();
        let encoding = if width == 2 {
            encoding_rs::UTF_16LE
        } else {
            encoding_rs::WINDOWS_1252
        };
        self.out.push_str(&encoding.decode_without_bom_handling(bytes).0);
        self.left = self.left.saturating_sub(there);
        if self.left == 0 {
            self.out.push('\n');
        }
    }

    /// A cell with its own text (2.4.148).
    fn label(&mut self, data: &[u8], wide: bool) {
        let mut r = Reader::at(data, 6);
        self.left = r.u16().map_or(0, usize::from);
        let flags = if wide { r.u8().unwrap_or_default() } else { 0 };
        self.units(&mut r, flags);
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ole2::tests::look;

    fn record(id: u16, data: &[u8]) -> Vec<u8> {
        let mut out = id.to_le_bytes().to_vec();
        out.extend_from_slice(&u16::try_from(data.len()).unwrap().to_le_bytes());
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn strings_macro_sheets_and_auto_names() {
        let mut file = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        file.extend(record(0x0085, b"\0\0\0\0\x01\x01\x02\0M1"));
        file.extend(record(0x0018, b"\x20\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01"));
        file.extend(record(0x00fc, b"\x01\0\0\0\x01\0\0\0\x06\0\0MARKER\x02\0\x01o\0k\0"));
        let seen = look(&file);
        assert!(seen.node("cells", "cells").is(b"MARKER\nok\n"));
        seen.finding("xlm.hidden_sheet");
        seen.finding("xlm.auto_open_name");
    }

    #[test]
    fn a_string_goes_on_in_the_next_record() {
        let mut strings = Strings::default();
        strings.record(SST, b"\x02\0\0\0\x02\0\0\0\x06\0\0MAR", true);
        strings.record(CONTINUE, b"\x01K\0E\0R\0\x02\0\0ok", true);
        assert_eq!(strings.out, "MARKER\nok\n");
    }
}
