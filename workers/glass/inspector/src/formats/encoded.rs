//! Bodies that a server encoded although it was asked not to: Brotli (RFC 7932) and deflate (RFC 9110 section 8.4.1.2).
//!
//! Neither has a signature, so these two are known by the header alone; gzip bodies are gzip files and need nothing here.

use airlock_proto::{Gap, GapKind};

use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::{Member, Sink};

/// A Brotli body.
pub struct Brotli;

/// A deflate body: a zlib stream by the book, a bare one in practice.
pub struct Deflate;

/// A coding that nobody here knows.
pub struct Other;

impl Format for Brotli {
    fn name(&self) -> &'static str {
        "br"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "Brotli content encoding",
            spec: "RFC 7932",
            yields: "the body as a browser sees it",
            limitations: "known by the Content-Encoding header alone",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.encoding == Some("br") { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut reader = brotli_decompressor::Decompressor::new(input.bytes, 64 * 1024);
        sink.member(Member::named(input.name), &mut reader);
        Ok(())
    }
}

impl Format for Deflate {
    fn name(&self) -> &'static str {
        "deflate"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "deflate content encoding",
            spec: "RFC 1950, RFC 1951, RFC 9110 section 8.4.1.2",
            yields: "the body as a browser sees it",
            limitations: "known by the Content-Encoding header alone",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.encoding == Some("deflate") { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let member = Member::named(input.name);
        if has_zlib_header(input.bytes) {
            sink.member(member, &mut flate2::read::ZlibDecoder::new(input.bytes));
        } else {
            sink.member(member, &mut flate2::read::DeflateDecoder::new(input.bytes));
        }
        Ok(())
    }
}

impl Format for Other {
    fn name(&self) -> &'static str {
        "content-encoding"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "another content encoding",
            spec: "RFC 9110 section 8.4",
            yields: "nothing",
            limitations: "codings other than gzip, deflate and br are a gap",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let known = ["gzip", "x-gzip", "br", "deflate", "identity", ""];
        if input.encoding.is_some_and(|coding| !known.contains(&coding)) {
            Match::Also
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, _sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let coding = input.encoding.unwrap_or_default();
        Err(Gap::new(GapKind::Unsupported, format!("the content encoding {coding} is not undone")).bytes(len64(input.bytes.len())))
    }
}

/// CMF and FLG (RFC 1950 section 2.2): method 8, and a check that divides by 31.
fn has_zlib_header(bytes: &[u8]) -> bool {
    match bytes {
        [cmf, flg, ..] => cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flg]).is_multiple_of(31),
        _ => false,
    }
}
