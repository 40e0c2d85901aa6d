//! Decoding the members of a RAR archive in one pass, so that solid ones are not decoded twice.

use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::Range;
use std::rc::Rc;

use airlock_proto::{Gap, GapKind};
use rars::{Archive, ArchiveMember, ArchiveMemberRef, ArchiveReadOptions, Error, ErrorKind, ExtractionDecision, ExtractionErrorAction};

use super::super::links::Links;
use super::describe::{describe, is_unix_link};
use crate::reader::{len64, size};
use crate::sink::{Member, Sink};

/// Largest dictionary in bytes.
const MAX_DICTIONARY: u64 = 128 * 1024 * 1024;
/// Memory of the decoder in bytes.
const MAX_WORKSPACE: u64 = 192 * 1024 * 1024;
/// Members above this length are decoded in a stream, in bytes.
const MAX_BUFFERED: u64 = 32 * 1024 * 1024;
/// Largest dictionary in bytes with which RAR 5 needs no more than the half of [`MAX_WORKSPACE`], counted or not.
const MODEST_DICTIONARY: u64 = 32 * 1024 * 1024;
const MAX_HEADERS: u64 = 200_000;
const MAX_HEADER_BYTES: u64 = 32 * 1024 * 1024;
/// Failed members that get a gap each.
const MAX_GAPS: usize = 64;

/// The reader's limits.
pub(super) fn options(password: Option<&[u8]>) -> ArchiveReadOptions<'_> {
    ArchiveReadOptions::with_optional_password(password)
        .with_max_header_count(MAX_HEADERS)
        .with_max_header_bytes(MAX_HEADER_BYTES)
        .with_max_reader_workspace_bytes(MAX_WORKSPACE)
        .with_rar50_dictionary_size_limit(MAX_DICTIONARY)
        .with_rar50_buffered_decode_limit(MAX_BUFFERED)
}

/// The limits for decoding members. A reader that counts its memory decodes without tables, a third slower: it counts only where the
/// archive could ask for much.
fn decoding<'p>(archive: &Archive, password: Option<&'p [u8]>) -> ArchiveReadOptions<'p> {
    let modest = |member: ArchiveMemberRef<'_>| match member {
        ArchiveMemberRef::Rar50Plus(file) => file
            .decoded_compression_info()
            .is_ok_and(|info| info.dictionary_size <= MODEST_DICTIONARY),
        _ => false,
    };
    let mut options = options(password);
    if archive.member_refs().all(modest) {
        options.max_reader_workspace_bytes = None;
    }
    options
}

/// The gap that an error of the reader means.
pub(super) fn gap(what: &str, error: &Error) -> Gap {
    let kind = match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => GapKind::PasswordNeeded,
        ErrorKind::UnsupportedFeature | ErrorKind::UnsupportedFormat => GapKind::Unsupported,
        ErrorKind::ResourceLimit => GapKind::Memory,
        _ => GapKind::Malformed,
    };
    Gap::new(kind, format!("{what} could not be read: {}", error.root_cause()))
}

/// Hands every member to the sink, in the archive's order.
pub(super) fn members(archive: &Archive, password: Option<&[u8]>, bytes: &[u8], start: usize, sink: &mut Sink<'_, '_>) {
    let solid = archive.is_solid();
    let places: Vec<Place> = archive.member_refs().map(place).collect();
    let state = RefCell::new(State {
        bytes,
        start,
        sink,
        links: Links::default(),
        current: None,
        index: 0,
        gaps: 0,
        encrypted: 0,
        encrypted_bytes: 0,
    });
    let outcome = archive.extract_with_control_and_errors(
        decoding(archive, password),
        |member| {
            let mut state = state.borrow_mut();
            state.flush(None);
            let place = places.get(state.index).cloned().unwrap_or_default();
            state.index = state.index.saturating_add(1);
            Ok(state.decide(member, solid, password.is_some(), &place))
        },
        |_, error| {
            state.borrow_mut().flush(Some(error));
            Ok(ExtractionErrorAction::Continue)
        },
    );
    let mut state = state.into_inner();
    let seen = state.index;
    match outcome {
        Ok(_) => state.flush(None),
        Err(error) => {
            state.flush(Some(&error));
            rest(archive, seen, &mut state);
        }
    }
    if state.encrypted > 0 {
        let detail = format!("{} members are encrypted and no known password opens them", state.encrypted);
        state
            .sink
            .gap(Gap::new(GapKind::PasswordNeeded, detail).bytes(state.encrypted_bytes));
    }
    streams(archive, password, state.sink);
}

/// What comes after a failure that ends a solid archive.
fn rest(archive: &Archive, seen: usize, state: &mut State<'_, '_, '_, '_>) {
    let mut unseen = 0_u64;
    let mut count = 0_usize;
    for member in archive.member_refs().skip(seen) {
        let member = member.to_owned();
        unseen = unseen.saturating_add(member.meta.unpacked_size);
        count = count.saturating_add(1);
        state.sink.listed(describe(&member));
    }
    if count > 0 {
        let detail = format!("{count} members after a failed one were not decoded");
        state.sink.gap(Gap::new(GapKind::Malformed, detail).bytes(unseen));
    }
}

/// Where a member's header and packed data stand.
#[derive(Default, Clone)]
struct Place {
    header: usize,
    data: Range<usize>,
}

fn place(member: ArchiveMemberRef<'_>) -> Place {
    match member {
        ArchiveMemberRef::Rar15To40(file) => Place {
            header: file.block.offset,
            data: file.packed_range.clone(),
        },
        ArchiveMemberRef::Rar50Plus(file) => Place {
            header: file.block.offset,
            data: file.block.data_range.clone(),
        },
        _ => Place::default(),
    }
}

/// The member that is being decoded.
struct Current<'a> {
    facts: Member,
    /// Its content is the target of a symbolic link.
    link: bool,
    /// Its packed bytes, where they are its content as it stands.
    stored: &'a [u8],
    /// Length of its packed bytes.
    packed: u64,
    kept: Rc<RefCell<Kept>>,
}

struct State<'a, 's, 'w, 'e> {
    bytes: &'a [u8],
    start: usize,
    sink: &'s mut Sink<'w, 'e>,
    links: Links,
    current: Option<Current<'a>>,
    index: usize,
    gaps: usize,
    encrypted: usize,
    encrypted_bytes: u64,
}

impl<'a> State<'a, '_, '_, '_> {
    fn decide(&mut self, member: &ArchiveMember, solid: bool, open: bool, place: &Place) -> ExtractionDecision {
        let facts = describe(member);
        self.links.see(&facts, place.header.saturating_add(self.start), self.sink);
        let plain = member.meta.is_stored && !member.meta.is_encrypted;
        let stored = self.bytes.get(place.data.clone()).filter(|_| plain).unwrap_or_default();
        if facts.dir || member.meta.is_redirection {
            self.sink.listed(facts);
            return ExtractionDecision::Skip;
        }
        if self.sink.expired() || self.sink.budget_left() == 0 {
            let kind = if self.sink.expired() { GapKind::Time } else { GapKind::OverBudget };
            self.sink
                .gap(Gap::new(kind, "a limit of this scan is reached: the rest was not opened"));
            return ExtractionDecision::Stop;
        }
        if member.meta.is_encrypted && !open {
            self.encrypted = self.encrypted.saturating_add(1);
            self.encrypted_bytes = self.encrypted_bytes.saturating_add(member.meta.unpacked_size);
            self.sink.listed(facts);
            if !solid {
                return ExtractionDecision::Skip;
            }
        } else if member.meta.is_split_before || member.meta.is_split_after {
            self.split(facts, member, stored);
            if !solid {
                return ExtractionDecision::Skip;
            }
        }
        let cap = self.cap();
        let kept = Rc::new(RefCell::new(Kept {
            bytes: Vec::new(),
            cap,
            budget: self.sink.budget_left(),
            total: 0,
        }));
        self.current = Some(Current {
            facts: describe(member),
            link: is_unix_link(member),
            stored,
            packed: member.meta.packed_size,
            kept: Rc::clone(&kept),
        });
        ExtractionDecision::Extract(Box::new(Keep(kept)))
    }

    fn cap(&self) -> usize {
        let budget = &self.sink.walk.budget;
        size(budget.limits().max_member_bytes.min(budget.alive_left()).min(budget.left()))
    }

    /// A member of which other volumes hold a part: what is stored as it is can be looked at.
    fn split(&mut self, facts: Member, member: &ArchiveMember, stored: &[u8]) {
        let gap = Gap::new(GapKind::Truncated, format!("{} goes on in another volume", facts.name));
        if stored.is_empty() {
            self.sink.listed(facts);
            self.sink.gap(gap.bytes(member.meta.packed_size));
        } else {
            self.sink.member_slice(facts, stored);
            self.sink.gap(gap);
        }
    }

    /// Inspects the member that was just decoded, whole or up to an error.
    fn flush(&mut self, error: Option<&Error>) {
        let Some(Current {
            facts: mut member,
            link,
            stored,
            packed,
            kept,
        }) = self.current.take()
        else {
            if let Some(error) = error {
                self.tell(gap("a member", error));
            }
            return;
        };
        let Kept { bytes, total, .. } = std::mem::take(&mut *kept.borrow_mut());
        let name = member.name.clone();
        if link {
            member.symlink = Some(String::from_utf8_lossy(bytes.get(..4096).unwrap_or(&bytes)).into_owned());
            self.links.see(&member, 0, self.sink);
        }
        if let Some(error) = error {
            let mut gap = gap(&name, error);
            if member.encrypted && gap.kind == GapKind::Malformed {
                gap.kind = GapKind::PasswordNeeded;
            }
            let unseen = member.declared.unwrap_or_default().saturating_sub(total);
            self.tell(gap.bytes(unseen));
        }
        // The reader stops at the declared end. Packed bytes that nobody would need for so little stand for more.
        if error.is_none()
            && stored.is_empty()
            && packed > total.saturating_add(total.checked_div(8).unwrap_or_default()).saturating_add(1024)
        {
            let detail = format!("{name} is packed in {packed} bytes and declares to be only {total} long");
            self.tell(Gap::new(GapKind::Malformed, detail));
        }
        let unseen = total.saturating_sub(len64(bytes.len()));
        if unseen > 0 {
            self.sink.pay(size(unseen));
            let detail = format!(
                "only the first {} bytes of {name} were looked at (limit of one member)",
                bytes.len()
            );
            self.tell(Gap::new(GapKind::OverBudget, detail).bytes(unseen));
        }
        // Its own lengths contradict each other: what is stored is all there is.
        if error.is_some() && bytes.len() < stored.len() {
            self.sink.member_slice(member, stored);
            return;
        }
        if error.is_some() && bytes.is_empty() {
            self.sink.listed(member);
            return;
        }
        let held = len64(bytes.len());
        self.sink.walk.budget.hold(held);
        self.sink.member_slice(member, &bytes);
        self.sink.walk.budget.free(held);
    }

    fn tell(&mut self, gap: Gap) {
        self.gaps = self.gaps.saturating_add(1);
        if self.gaps <= MAX_GAPS {
            self.sink.gap(gap);
        } else {
            self.sink.walk.gap_once(self.sink.node, gap);
        }
    }
}

/// The bytes of one member as they are decoded, up to a cap.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cap: usize,
    budget: u64,
    total: u64,
}

struct Keep(Rc<RefCell<Kept>>);

impl Write for Keep {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.borrow_mut();
        if kept.total > kept.budget {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "the limit of all unpacked bytes is reached",
            ));
        }
        kept.total = kept.total.saturating_add(len64(data.len()));
        let room = kept.cap.saturating_sub(kept.bytes.len());
        kept.bytes.extend_from_slice(data.get(..room).unwrap_or(data));
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Alternate data streams of NTFS, which are service records named STM.
fn streams(archive: &Archive, password: Option<&[u8]>, sink: &mut Sink<'_, '_>) {
    let Archive::Rar50Plus(five) = archive else {
        if let Archive::Rar15To40(four) = archive {
            for sub in four.new_subs().filter(|sub| sub.file.name == b"STM") {
                let name = format!(":{}", String::from_utf8_lossy(sub.file.name_bytes()));
                stream(name, sub.file.unp_size, sink, |out| sub.file.write_to(four, password, out));
            }
        }
        return;
    };
    for service in five.services().filter(|service| service.name == b"STM") {
        let name = String::from_utf8_lossy(service.service_data.as_deref().unwrap_or(b":stream")).into_owned();
        let dictionary = service.decoded_compression_info().map_or(u64::MAX, |info| info.dictionary_size);
        if !service.is_stored() && dictionary > MAX_DICTIONARY {
            sink.gap(Gap::new(GapKind::Memory, format!("{name}: its dictionary is too large")).bytes(service.unpacked_size));
            continue;
        }
        stream(name, service.unpacked_size, sink, |out| service.write_to(five, password, out));
    }
}

fn stream(name: String, declared: u64, sink: &mut Sink<'_, '_>, decode: impl FnOnce(&mut Keep) -> rars::Result<()>) {
    if sink.expired() || declared > MAX_BUFFERED {
        sink.gap(Gap::new(GapKind::OverBudget, format!("{name} was not decoded")).bytes(declared));
        return;
    }
    let kept = Rc::new(RefCell::new(Kept {
        bytes: Vec::new(),
        cap: size(MAX_BUFFERED),
        budget: sink.budget_left(),
        total: 0,
    }));
    if let Err(error) = decode(&mut Keep(Rc::clone(&kept))) {
        sink.gap(gap(&name, &error).bytes(declared));
    }
    let bytes = std::mem::take(&mut kept.borrow_mut().bytes);
    if !bytes.is_empty() {
        sink.member_slice(Member::named(name), &bytes);
    }
}
