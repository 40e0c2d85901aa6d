//! Compressed RTF (MS-OXRTFCP): the body of a message of Outlook.

use airlock_proto::{Gap, GapKind};

use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64, size};
use crate::sink::Sink;

/// COMPTYPE of compressed data, and of data that is stored (2.1.3.1.1).
const COMPRESSED: &[u8] = b"LZFu";
const STORED: &[u8] = b"MELA";
/// Header in bytes: sizes, type, checksum.
const HEADER: usize = 16;
/// What the dictionary holds at the start (2.1.2.1).
const INITIAL: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
/// Size of the dictionary, which is a ring.
const RING: usize = 4096;
/// Most bytes that one packed byte can stand for.
const RATIO: usize = 20;

/// The format.
pub struct Lzfu;

impl Format for Lzfu {
    fn name(&self) -> &'static str {
        "lzfu"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "compressed RTF",
            spec: "MS-OXRTFCP 2.1",
            yields: "the RTF",
            limitations: "the checksum is not compared",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let kind = input.bytes.get(8..12);
        let fits = Reader::new(input.bytes)
            .u32()
            .is_some_and(|n| size(n) <= input.bytes.len().saturating_mul(2));
        if (kind == Some(COMPRESSED) || kind == Some(STORED)) && fits {
            Match::Yes
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let body = input.from(HEADER);
        if input.bytes.get(8..12) == Some(STORED) {
            sink.layer_slice("lzfu", "body", body);
            return Ok(());
        }
        let (text, whole) = decode(body);
        sink.layer_slice("lzfu", "body", &text);
        if whole {
            Ok(())
        } else {
            Err(Gap::new(GapKind::Truncated, "decoding stopped: the compressed RTF ends early").bytes(len64(body.len())))
        }
    }
}

/// The text, and whether its end mark was reached (2.2.3.1). What is held is bounded by what is packed.
fn decode(packed: &[u8]) -> (Vec<u8>, bool) {
    let mut ring = [b' '; RING];
    ring.iter_mut().zip(INITIAL).for_each(|(to, from)| *to = *from);
    let mut write = INITIAL.len();
    let mut out = Vec::with_capacity(packed.len().saturating_mul(2));
    let most = packed.len().saturating_mul(RATIO);
    let mut r = Reader::new(packed);
    while let Some(control) = r.u8() {
        for bit in 0..8 {
            let (from, length) = if control >> bit & 1 == 0 {
                let Some(byte) = r.u8() else { return (out, false) };
                put(&mut ring, &mut write, byte, &mut out);
                continue;
            } else {
                let (Some(high), Some(low)) = (r.u8(), r.u8()) else {
                    return (out, false);
                };
                let reference = usize::from(u16::from_be_bytes([high, low]));
                (reference >> 4, (reference & 0xf).saturating_add(2))
            };
            // A reference to where the next byte goes is the end.
            if from == write {
                return (out, true);
            }
            for step in 0..length {
                let byte = ring.get(from.saturating_add(step) % RING).copied().unwrap_or_default();
                put(&mut ring, &mut write, byte, &mut out);
            }
        }
        if out.len() > most {
            return (out, false);
        }
    }
    (out, false)
}

fn put(ring: &mut [u8; RING], write: &mut usize, byte: u8, out: &mut Vec<u8>) {
    out.push(byte);
    if let Some(place) = ring.get_mut(*write) {
        *place = byte;
    }
    *write = write.saturating_add(1) % RING;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"-\0\0\0+\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\n\0rcpg125B2\n\xf3 hel\t\0 bw\x05\xb0ld}\n\x80\x0f\xa0";
    const REPEATS: &[u8] = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4KQA\0\x04 WXYZ\rn}\x01\x0e\xb0";

    /// MS-OXRTFCP 4.1.1 and 4.1.2: a text, and one with repeats that overlap.
    #[test]
    fn the_examples_of_the_specification_come_out() {
        assert_eq!(Lzfu.sniff(&Input::bare(HELLO)), Match::Yes);
        let (text, whole) = decode(&HELLO[HEADER..]);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
        assert!(whole);
        assert_eq!(decode(&REPEATS[HEADER..]), (b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}".to_vec(), true));
        assert!(!decode(&REPEATS[HEADER..REPEATS.len() - 4]).1);
    }
}
