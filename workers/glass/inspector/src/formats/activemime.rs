//! ActiveMime (`editdata.mso`): the compound file with the macros of a document that Office saved as XML or as a web page.

use std::io::Read as _;

use airlock_proto::{Gap, GapKind};
use flate2::read::ZlibDecoder;

use super::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, len64};
use crate::sink::{Member, Sink};

/// What it begins with.
const MAGIC: &[u8] = b"ActiveMime\0\0";
/// Where the length of the header is said, less than what it counts from (Office 2003 to 2016 write it so; there is no specification).
const LENGTH_AT: usize = 0x1e;
const COUNTED_FROM: usize = 46;
/// Bytes in which the packed data is looked for where the header does not lead to it.
const WINDOW: usize = 4096;

/// The format.
pub struct ActiveMime;

impl Format for ActiveMime {
    fn name(&self) -> &'static str {
        "activemime"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "ActiveMime object",
            spec: "none is published; as Office 2003 to 2016 write it",
            yields: "the compound file with the macros",
            limitations: "what stands behind the packed data",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(MAGIC) { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(at) = packed(input.bytes) else {
            return Err(Gap::new(GapKind::Malformed, "its packed data was not found").bytes(len64(input.bytes.len())));
        };
        sink.member(Member::named("oledata.mso"), &mut ZlibDecoder::new(input.from(at)));
        Ok(())
    }
}

/// Where the packed data begins: where the header says, or at the first place that unpacks.
fn packed(bytes: &[u8]) -> Option<usize> {
    let said = Reader::at(bytes, LENGTH_AT)
        .u16()
        .map(|n| usize::from(n).saturating_add(COUNTED_FROM));
    let window = bytes.get(..WINDOW).unwrap_or(bytes);
    said.into_iter().chain(memchr::memchr_iter(0x78, window)).find(|at| {
        let mut first = [0_u8; 8];
        let rest = bytes.get(*at..).unwrap_or_default();
        rest.first() == Some(&0x78) && ZlibDecoder::new(rest).read_exact(&mut first).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_packed_data_is_found_where_the_header_says_and_elsewhere() {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"MARKER in a compound file").unwrap();
        let data = packer.finish().unwrap();
        let mut usual = MAGIC.to_vec();
        usual.resize(50, 0);
        usual[LENGTH_AT] = 4;
        for prefix in [usual.clone(), [&usual[..], b"more of a header"].concat()] {
            let file = [&prefix[..], &data].concat();
            assert_eq!(packed(&file), Some(prefix.len()));
            assert_eq!(ActiveMime.sniff(&Input::bare(&file)), Match::Yes);
        }
        assert_eq!(packed(b"ActiveMime\0\0xxxxxxxxx"), None);
    }
}
