//! Sectors of a compound file that no stream uses: what Office freed, and what somebody put there. `unzip` opens an archive in them.

use super::cfb::Cfb;
use crate::formats::zip::carved;
use crate::sink::{Member, Sink, Taken};

/// Most runs that are nodes of their own; what stands in further ones is one node.
const MOST: usize = 64;

/// Whether anything stands in sectors that no stream uses.
pub(super) fn is_used(cfb: &Cfb<'_>) -> bool {
    filled(cfb, &cfb.runs().1).next().is_some()
}

fn filled<'a>(cfb: &Cfb<'a>, free: &[(usize, usize)]) -> impl Iterator<Item = &'a [u8]> {
    let bytes = cfb.bytes();
    free.iter()
        .filter_map(move |(start, end)| bytes.get(*start..*end))
        .filter(|run| run.iter().any(|b| *b != 0 && *b != 0xff))
}

/// Hands out each run of unused sectors, and an archive that lies across streams.
pub(super) fn hand_out(cfb: &Cfb<'_>, sink: &mut Sink<'_, '_>) {
    let (used, free) = cfb.runs();
    let filled: Vec<&[u8]> = filled(cfb, &free).collect();
    for run in filled.iter().take(MOST) {
        if sink.expired() || sink.member_slice(Member::named("slack"), run) == Taken::Refused {
            return;
        }
    }
    let rest = filled.get(MOST..).unwrap_or_default().concat();
    if !rest.is_empty() {
        sink.member(Member::named("slack"), &mut rest.as_slice());
    }
    // What lies within one run was looked at there: themes of Office, for one.
    let within = |(start, end): &(usize, usize)| used.iter().chain(&free).any(|run| run.0 <= *start && *end <= run.1);
    if let Some(range) = carved::near_end(cfb.bytes()).filter(|range| range.0 < cfb.end() && !within(range)) {
        let archive = cfb.bytes().get(range.0..range.1).unwrap_or_default();
        sink.layer_slice("zip-carved", "zip", archive);
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::ole2::cfb::tests::build;
    use crate::formats::ole2::tests::look;
    use airlock_forge::zip::{Archive, Entry};

    /// An archive that `unzip` finds at the end of a file, packed so that the word is not there in plain.
    fn archive() -> Vec<u8> {
        Archive::of(vec![Entry::deflated("a.txt", &b"MARKER ".repeat(200))]).build()
    }

    /// A document whose last stream is replaced by other bytes; `freed` says whether its sectors stay in its chain.
    fn planted(bytes: &[u8], freed: bool) -> Vec<u8> {
        let stream = vec![b'Q'; 8192];
        let mut file = build(&[("WordDocument", &[7; 5000]), ("z", &stream)]);
        let at = file.windows(8).position(|w| w == b"QQQQQQQQ").unwrap();
        file[at..at + 8192].fill(0);
        file[at..at + bytes.len()].copy_from_slice(bytes);
        if freed {
            // The entry of the stream is emptied: nothing leads to its sectors any more.
            let name: Vec<u8> = "z\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
            let entry = file
                .windows(128)
                .position(|w| w.starts_with(&name) && w[64] == 4 && w[66] == 2)
                .unwrap();
            file[entry + 116..entry + 128].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        file
    }

    #[test]
    fn an_archive_in_sectors_that_nobody_uses_is_opened() {
        let seen = look(&planted(&archive(), true));
        assert!(seen.nodes.iter().any(|n| n.name == "slack"), "{:?}", seen.nodes);
        assert!(seen.findings.iter().any(|(id, _)| id.starts_with("MARKER@")));
    }

    #[test]
    fn what_streams_use_and_blank_sectors_are_no_slack() {
        for file in [planted(&archive(), false), planted(&[], true)] {
            assert!(!look(&file).nodes.iter().any(|n| n.name == "slack"));
        }
    }

    #[test]
    fn an_archive_that_lies_across_streams_is_opened() {
        let mut file = build(&[("WordDocument", &[7; 5000]), ("y", &[b'Q'; 8192]), ("z", &[b'P'; 8192])]);
        let border = file.windows(2).position(|w| w == b"QP").unwrap() + 1;
        let archive = archive();
        let start = border - archive.len() / 2;
        file[start..start + archive.len()].copy_from_slice(&archive);
        let seen = look(&file);
        assert!(seen.nodes.iter().any(|n| n.layer == "zip-carved"), "{:?}", seen.nodes);
        assert!(seen.findings.iter().any(|(id, _)| id.starts_with("MARKER@")));
    }
}
