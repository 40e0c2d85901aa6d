//! tar archives of every dialect: own walk over the headers, the dead ones after the end included.
//!
//! POSIX.1-2024 pax (ustar and pax headers), GNU tar manual (long names, sparse files, base-256 numbers), Unix V7.

pub(super) mod header;
mod pax;
mod sparse;

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use airlock_proto::{Gap, GapKind};

use self::header::{BLOCK, Header, Kind};
use self::pax::Pax;
use super::links::Links;
use super::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::reader::{len64, size};
use crate::sink::{Found, Member, Sink};

/// The format `tar`.
pub struct Tar;

impl Format for Tar {
    fn name(&self) -> &'static str {
        "tar"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "tar archive",
            spec: "POSIX.1-2024 pax; GNU tar manual, Basic Tar Format",
            yields: "files of v7, ustar, GNU and pax archives, sparse ones expanded; members after the end; data that no header describes",
            limitations: "parts of files that lie in other volumes",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if begins(input.bytes) {
            return Match::Yes;
        }
        let later = !stored::holds_files(input) && header::first(input.bytes).is_some();
        if later { Match::Also } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        Walk {
            bytes: input.bytes,
            at: 0,
            links: Links::default(),
            global: Pax::default(),
            local: Pax::default(),
            told_checksum: false,
            told_override: false,
        }
        .run(sink)
    }
}

/// Whether the first block is a header.
pub(super) fn begins(bytes: &[u8]) -> bool {
    Header::at(bytes, 0).is_some_and(|header| header.sums || header.ustar)
}

/// Where the data of files stands, by the headers.
pub(super) fn stored(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0_usize;
    while at < bytes.len() {
        let header = Header::at(bytes, at).filter(|header| header.sums);
        at = at.saturating_add(BLOCK);
        let Some(header) = header else { continue };
        let end = at.saturating_add(size(header.size.unwrap_or_default()));
        let linked = matches!(header.kind, Kind::Hardlink | Kind::Symlink | Kind::Special | Kind::Dir);
        if end > bytes.len() || linked {
            continue;
        }
        if header.kind == Kind::File {
            out.push(at..end);
        }
        at = end.checked_next_multiple_of(BLOCK).unwrap_or(end);
    }
    out
}

/// Whether the first block is a header beyond doubt.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    Header::at(bytes, 0).is_some_and(|header| header.sums && header.ustar)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    links: Links,
    global: Pax,
    /// What pax and GNU headers say of the next member.
    local: Pax,
    told_checksum: bool,
    told_override: bool,
}

impl<'a> Walk<'a> {
    fn run(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut ended = false;
        let mut told_after = false;
        while self.at < self.bytes.len() {
            if sink.expired() {
                return Err(Gap::new(GapKind::Time, "the time for this scan is over: the rest was not opened"));
            }
            if let Some(blocks) = self.zeros() {
                ended |= blocks >= 2;
                continue;
            }
            let Some(header) = self.header() else {
                self.junk(ended, sink);
                continue;
            };
            if ended && !std::mem::replace(&mut told_after, true) {
                sink.finding(Found::new("tar.after_eof").at(self.at, BLOCK).says(&header.name));
            }
            if !header.sums && !std::mem::replace(&mut self.told_checksum, true) {
                sink.finding(Found::new("tar.bad_checksum").at(self.at, BLOCK).says(&header.name));
            }
            self.member(&header, sink);
        }
        Ok(())
    }

    /// Skips whole blocks of zeros (and a shorter run at the very end); how many, or `None` when the next block holds something.
    fn zeros(&mut self) -> Option<usize> {
        let left = self.bytes.get(self.at..)?;
        let run = left.iter().position(|byte| *byte != 0).unwrap_or(left.len());
        let blocks = if run == left.len() {
            run.div_ceil(BLOCK)
        } else {
            run.checked_div(BLOCK)?
        };
        self.at = self.at.saturating_add(blocks.saturating_mul(BLOCK)).min(self.bytes.len());
        (blocks > 0).then_some(blocks)
    }

    fn header(&self) -> Option<Header> {
        Header::at(self.bytes, self.at).filter(|header| header.sums || header.ustar)
    }

    /// What no header describes, up to the next header: an extractor skips it, so it is looked at as it stands.
    fn junk(&mut self, ended: bool, sink: &mut Sink<'_, '_>) {
        let start = self.at;
        self.at = self.at.saturating_add(BLOCK);
        while self.at < self.bytes.len() {
            if Header::at(self.bytes, self.at).is_some_and(|header| header.sums) {
                break;
            }
            self.at = self.at.saturating_add(BLOCK);
        }
        let data = self.bytes.get(start..self.at.min(self.bytes.len())).unwrap_or_default();
        // In front of the first header anything may stand: GNU tar skips it.
        if !ended && start > 0 {
            sink.gap(Gap::new(GapKind::Malformed, "data between the members is described by no header").bytes(0));
        }
        sink.finding(
            Found::new("multi.tail_after_stream")
                .at(start, data.len())
                .excerpt(data)
                .summary(format!("{} bytes of this archive belong to no member.", data.len())),
        );
        sink.member_slice(Member::named("tail"), data);
    }

    fn member(&mut self, header: &Header, sink: &mut Sink<'_, '_>) {
        let start = self.at;
        let body = start.saturating_add(BLOCK);
        match header.kind {
            Kind::PaxGlobal => {
                let data = self.meta(header, body, sink);
                self.global.read(data);
                return;
            }
            Kind::Pax => {
                let data = self.meta(header, body, sink);
                self.local.read(data);
                return;
            }
            Kind::GnuName => {
                let data = self.meta(header, body, sink);
                self.local.path = Some(header::text(data));
                return;
            }
            Kind::GnuLink => {
                let data = self.meta(header, body, sink);
                self.local.link = Some(header::text(data));
                return;
            }
            _ => {}
        }
        let said = std::mem::take(&mut self.local).over(&self.global);
        self.contradictions(header, &said, start, sink);
        let name = said
            .sparse_name
            .clone()
            .or_else(|| said.path.clone())
            .unwrap_or_else(|| header.name.clone());
        let link = said.link.clone().unwrap_or_else(|| header.link.clone());
        let mut member = Member::named(name);
        match header.kind {
            Kind::Dir => member.dir = true,
            Kind::Symlink => member.symlink = Some(link),
            Kind::Hardlink => member.hardlink = Some(link),
            Kind::Special => member.special = true,
            _ => {}
        }
        self.links.see(&member, start, sink);
        let length = size(said.size.or(header.size).unwrap_or_default());
        // Links and folders have no body by the standard, but some programs give them one.
        if member.dir || member.special || member.symlink.is_some() || member.hardlink.is_some() {
            self.at = body;
            let plain = length == 0 || Header::at(self.bytes, body).is_some_and(|next| next.sums);
            sink.listed(member.clone());
            if plain || self.bytes.get(body..).unwrap_or_default().iter().take(BLOCK).all(|byte| *byte == 0) {
                return;
            }
        }
        self.file(header, &said, member, body, length, sink);
    }

    fn file(&mut self, header: &Header, said: &Pax, mut member: Member, body: usize, length: usize, sink: &mut Sink<'_, '_>) {
        let map = match header.kind {
            Kind::Sparse => Some(sparse::gnu(self.bytes, body.saturating_sub(BLOCK))),
            _ => sparse::pax(said, self.bytes.get(body..).unwrap_or_default()),
        };
        let skip = map.as_ref().map_or(0, |map| map.skip);
        // An old GNU map stands before the body and is not part of its length; a pax 1.0 map is.
        let (from, length) = match header.kind {
            Kind::Sparse => (body.saturating_add(skip), length),
            _ => (body.saturating_add(skip), length.saturating_sub(skip)),
        };
        let left = self.bytes.get(from..).unwrap_or_default();
        let data = left.get(..length).unwrap_or(left);
        let missing = length.saturating_sub(data.len());
        let padded = length.div_ceil(BLOCK).saturating_mul(BLOCK);
        self.at = from.saturating_add(padded).min(self.bytes.len());
        if header.kind == Kind::Continued {
            sink.gap(Gap::new(GapKind::Truncated, "a member begins in another volume"));
        }
        member.declared = Some(len64(length));
        if let Some(map) = map {
            sparse::hand_over(&map, member, data, missing, sink);
        } else if missing == 0 {
            sink.member_slice(member, data);
        } else {
            sink.member(member, &mut Cut { data });
        }
    }

    /// The body of a header that describes the next one.
    fn meta(&mut self, header: &Header, body: usize, sink: &mut Sink<'_, '_>) -> &'a [u8] {
        let length = size(header.size.unwrap_or_default());
        let left = self.bytes.get(body..).unwrap_or_default();
        if length > left.len() {
            sink.gap(Gap::new(GapKind::Truncated, "the archive ends inside a header"));
        }
        self.at = body
            .saturating_add(length.div_ceil(BLOCK).saturating_mul(BLOCK))
            .min(self.bytes.len());
        left.get(..length).unwrap_or(left)
    }

    /// pax values that were not needed because the plain header could hold them, and did hold something else.
    fn contradictions(&mut self, header: &Header, said: &Pax, at: usize, sink: &mut Sink<'_, '_>) {
        if self.told_override || !header.ustar {
            return;
        }
        let differs = |pax: &Option<String>, plain: &str| match pax {
            Some(pax) if pax.len() <= 100 && pax.is_ascii() && !plain.is_empty() => tidy(pax) != tidy(plain),
            _ => false,
        };
        let size = said
            .size
            .filter(|size| *size < 1 << 33)
            .zip(header.size)
            .filter(|(pax, plain)| pax != plain && *plain != 0);
        let what = if differs(&said.pax_path, &header.name) {
            format!("path {} or {}", said.pax_path.clone().unwrap_or_default(), header.name)
        } else if differs(&said.pax_link, &header.link) {
            format!("link {} or {}", said.pax_link.clone().unwrap_or_default(), header.link)
        } else if let Some((pax, plain)) = size {
            format!("size {pax} or {plain}")
        } else {
            return;
        };
        self.told_override = true;
        sink.finding(Found::new("tar.pax_override").at(at, BLOCK).says(&what));
    }
}

fn tidy(name: &str) -> &str {
    name.trim_start_matches("./").trim_end_matches('/')
}

/// The rest of an archive that ends inside a member.
struct Cut<'a> {
    data: &'a [u8],
}

impl Read for Cut<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.data.read(buf)? {
            0 if !buf.is_empty() => Err(io::Error::new(ErrorKind::UnexpectedEof, "the archive ends inside this member")),
            n => Ok(n),
        }
    }
}

#[cfg(test)]
mod tests;
