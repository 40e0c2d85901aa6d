//! LHA, LArc and PMarc archives: own walk from header to header, past damaged ones, also behind a self-extractor.

mod header;
pub mod macbinary;
mod unpack;

use airlock_proto::{Gap, GapKind};

use self::header::Entry;
use super::links::Links;
use super::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::{Found, Member, Sink};

/// How far an archive is looked for behind a self-extractor, in bytes.
const MAX_STUB: usize = 64 * 1024;

/// The format `lha`.
pub struct Lha;

impl Format for Lha {
    fn name(&self) -> &'static str {
        "lha"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "LHA archive",
            spec: "LHA for UNIX 1.14i, header.doc (levels 0 to 3)",
            yields: "members of lh0, lh1, lh4 to lh7, lhx, lzs, lz4, lz5, pm0 to pm2; what lies behind the end",
            limitations: "the methods lh2 and lh3, and those that no published program writes",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if header::signature(input.bytes, 0) {
            return if header::valid(input.bytes, 0) { Match::Yes } else { Match::Maybe };
        }
        if behind_stub(input).is_some() { Match::Also } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let at = if header::signature(input.bytes, 0) {
            0
        } else {
            behind_stub(input).unwrap_or_default()
        };
        walk(input.bytes, at, sink);
        Ok(())
    }
}

/// Whether the bytes begin with a header that is valid.
pub(super) fn begins(bytes: &[u8]) -> bool {
    header::signature(bytes, 0) && header::valid(bytes, 0)
}

/// Where the first header stands behind a program; other archives hold their own members.
fn behind_stub(input: &Input<'_>) -> Option<usize> {
    if stored::holds_files(input) {
        return None;
    }
    let head = input.bytes.get(..MAX_STUB).unwrap_or(input.bytes);
    header::next(head, input.bytes, 1)
}

fn walk(bytes: &[u8], mut at: usize, sink: &mut Sink<'_, '_>) {
    let mut links = Links::default();
    loop {
        if sink.expired() {
            sink.gap(Gap::new(GapKind::Time, "the time for this scan is over: the rest was not opened"));
            return;
        }
        // A zero where a header should begin ends the archive.
        if bytes.get(at).is_none_or(|byte| *byte == 0) {
            return tail(bytes, at.saturating_add(1), sink);
        }
        let Some(entry) = Entry::read(bytes, at) else {
            let next = header::next(bytes, bytes, at.saturating_add(1));
            let end = next.unwrap_or(bytes.len());
            if !header::signature(bytes, at) && next.is_none() {
                return tail(bytes, at, sink);
            }
            let lost = len64(end.saturating_sub(at));
            sink.gap(Gap::new(GapKind::Malformed, "a header is damaged: its member was not decoded").bytes(lost));
            let Some(next) = next else { return };
            at = next;
            continue;
        };
        member(&entry, bytes, &mut links, sink);
        at = entry.end;
    }
}

fn member(entry: &Entry, bytes: &[u8], links: &mut Links, sink: &mut Sink<'_, '_>) {
    let mut member = Member::named(entry.name.clone());
    member.dir = entry.dir;
    member.symlink = entry.symlink.clone();
    member.hidden = entry.hidden;
    member.declared = Some(entry.header.original_size);
    links.see(&member, entry.start, sink);
    let left = bytes.get(entry.data..).unwrap_or_default();
    let data = bytes.get(entry.data..entry.end).unwrap_or(left);
    if member.dir || member.symlink.is_some() {
        sink.listed(member);
        if !data.is_empty() {
            sink.member_slice(Member::named(entry.name.clone()), data);
        }
        return;
    }
    unpack::hand_over(entry, member, data, sink);
}

/// What lies behind the end mark.
fn tail(bytes: &[u8], at: usize, sink: &mut Sink<'_, '_>) {
    let data = bytes.get(at..).unwrap_or_default();
    // Some programs pad to a whole sector, CP/M ones with its end-of-file mark.
    if data.iter().all(|byte| matches!(*byte, 0 | 0x1a)) {
        return;
    }
    sink.finding(
        Found::new("multi.tail_after_stream")
            .at(at, data.len())
            .excerpt(data)
            .summary(format!("{} bytes follow the end of this LHA archive.", data.len())),
    );
    sink.member_slice(Member::named("tail"), data);
}
