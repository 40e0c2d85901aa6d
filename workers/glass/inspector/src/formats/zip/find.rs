//! Finding the directories and members of an archive: every end record, every directory, every local header.

use std::ops::Range;

use memchr::memmem;

use super::ranges::Ranges;
use super::record::{Central, End, LOCAL, Local};
use crate::reader::{len64, size};

/// Most signatures that are looked at; an archive with more is cut, and says so.
pub const MAX_SIGNATURES: usize = 200_000;

/// Where signatures stand, in order.
#[derive(Debug, Default)]
pub struct Hits {
    /// Local headers.
    pub locals: Vec<usize>,
    /// Directory headers.
    pub centrals: Vec<usize>,
    /// End records.
    pub ends: Vec<usize>,
    /// Data descriptors.
    pub descriptors: Vec<usize>,
    /// There are more than [`MAX_SIGNATURES`].
    pub cut: bool,
}

impl Hits {
    /// Looks through all bytes once.
    pub fn scan(bytes: &[u8]) -> Self {
        let mut hits = Hits::default();
        for at in memmem::find_iter(bytes, b"PK") {
            let list = match bytes.get(at.saturating_add(2)..at.saturating_add(4)) {
                Some([3, 4]) => &mut hits.locals,
                Some([1, 2]) => &mut hits.centrals,
                Some([5, 6]) => &mut hits.ends,
                Some([7, 8]) => &mut hits.descriptors,
                _ => continue,
            };
            if list.len() >= MAX_SIGNATURES {
                hits.cut = true;
            } else {
                list.push(at);
            }
        }
        hits
    }
}

/// A directory, with or without an end record that points at it.
#[derive(Debug)]
pub struct Directory<'a> {
    /// Its end record.
    pub end: Option<End<'a>>,
    /// Offset of its first header.
    pub start: usize,
    /// Offset behind its last header.
    pub stop: usize,
    /// Its headers in order.
    pub headers: Vec<Central<'a>>,
    /// Offset in the file of what the directory counts as offset 0.
    pub base: i64,
    /// Neither size nor offset of the end record led here.
    pub searched: bool,
}

/// The directories that an end record can mean: the one that ends where the record says, and the one that begins there.
pub fn of_end<'a>(bytes: &'a [u8], end: End<'a>, centrals: &[usize], covered: &Ranges) -> Vec<Directory<'a>> {
    let mut out = Vec::new();
    let by_size = end.directory_end.checked_sub(size(end.size)).filter(|_| end.size > 0);
    let by_offset = Some(size(end.offset)).filter(|at| Some(*at) != by_size && end.count > 0 && *at < end.at);
    for (start, absolute) in by_size.map(|at| (at, false)).into_iter().chain(by_offset.map(|at| (at, true))) {
        // What was read for another end record is not read again: that keeps thousands of end records cheap.
        let fresh = Some(start).filter(|at| !covered.holds(*at));
        let Some((headers, stop)) = fresh.and_then(|at| chain(bytes, at, end.directory_end)) else {
            continue;
        };
        let base = if absolute { 0 } else { distance(start, end.offset) };
        out.push(Directory {
            end: Some(end),
            start,
            stop,
            headers,
            base,
            searched: false,
        });
    }
    // A size that is too small leads into the middle of the directory that the offset leads to.
    if let [one, other] = out.as_slice()
        && one.stop == other.stop
    {
        let longer = usize::from(other.start < one.start);
        out = out.into_iter().skip(longer).take(1).collect();
    }
    if out.is_empty() && end.count > 0 {
        out.extend(before(bytes, end, centrals, covered));
    }
    out
}

/// The directory that ends nearest before an end record whose size and offset are both wrong.
fn before<'a>(bytes: &'a [u8], end: End<'a>, centrals: &[usize], covered: &Ranges) -> Option<Directory<'a>> {
    const STRAYS: usize = 64;
    let upto = centrals.partition_point(|at| *at < end.directory_end);
    let mut stop = end.directory_end;
    let mut start = None;
    let mut strays = 0_usize;
    for &at in centrals.get(..upto)?.iter().rev() {
        let Some(header) = Central::read(bytes, at) else { continue };
        if header.end == stop {
            (start, stop) = (Some(at), at);
        } else if start.is_some() || header.end < stop || strays >= STRAYS {
            break;
        } else {
            strays = strays.saturating_add(1);
        }
    }
    let start = start.filter(|at| !covered.holds(*at))?;
    let (headers, stop) = chain(bytes, start, end.directory_end)?;
    Some(Directory {
        end: Some(end),
        start,
        stop,
        base: 0,
        headers,
        searched: true,
    })
}

/// Directory headers that no end record led to, in runs.
pub fn orphans<'a>(bytes: &'a [u8], centrals: &[usize], covered: &Ranges) -> Vec<Directory<'a>> {
    let mut out = Vec::new();
    let mut next = 0;
    for &at in centrals {
        if at < next || covered.holds(at) {
            continue;
        }
        if let Some((headers, stop)) = chain(bytes, at, bytes.len()) {
            next = stop;
            out.push(Directory {
                end: None,
                start: at,
                stop,
                headers,
                base: 0,
                searched: true,
            });
        }
    }
    out
}

/// The headers that follow one another from `start`, and where they stop.
fn chain(bytes: &[u8], start: usize, limit: usize) -> Option<(Vec<Central<'_>>, usize)> {
    let mut headers = Vec::new();
    let mut at = start;
    while at < limit && headers.len() < MAX_SIGNATURES {
        let Some(header) = Central::read(bytes, at) else { break };
        at = header.end;
        headers.push(header);
    }
    (!headers.is_empty()).then_some((headers, at))
}

fn distance(to: usize, from: u64) -> i64 {
    let wide = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    wide(len64(to)).saturating_sub(wide(from))
}

/// The local header that a directory header means: at its place counted from the archive's base, or from the file's start.
pub fn local_of<'a>(bytes: &'a [u8], header: &Central<'a>, base: i64) -> Option<Local<'a>> {
    let shifted = header.offset.checked_add_signed(base).map(size);
    let plain = Some(size(header.offset)).filter(|at| Some(*at) != shifted);
    let read = |at: Option<usize>| at.and_then(|at| Local::read(bytes, at));
    let (first, second) = (read(shifted), read(plain));
    let same_name = |l: &Local<'_>| l.fields.name == header.fields.name;
    let both = || first.into_iter().chain(second);
    both()
        .find(|l| l.signed && same_name(l))
        .or_else(|| both().find(|l| l.signed))
        .or_else(|| both().find(|l| same_name(l) && !l.fields.name.is_empty()))
}

/// A local header that stands alone at `at`, if it looks like one.
pub fn lone(bytes: &[u8], at: usize) -> Option<Local<'_>> {
    let local = Local::read(bytes, at).filter(|l| l.signed)?;
    let known = local.fields.method <= 20 || (92..=99).contains(&local.fields.method);
    let named = !local.fields.name.is_empty();
    let readable = std::str::from_utf8(local.fields.name).is_ok_and(|name| !name.contains(char::is_control));
    (named && (known || readable)).then_some(local)
}

/// The last end record near the end of the file that leads to a directory with a member behind it.
pub fn near_end(bytes: &[u8]) -> Option<End<'_>> {
    const WINDOW: usize = 1 << 20;
    const TRIES: usize = 16;
    let from = bytes.len().saturating_sub(WINDOW);
    let tail = bytes.get(from..)?;
    memmem::rfind_iter(tail, b"PK\x05\x06")
        .take(TRIES)
        .filter_map(|at| End::read(bytes, from.saturating_add(at)))
        .find(|end| leads_somewhere(bytes, *end))
}

/// Whether a local header stands in the first part of the file and a directory header of the same name anywhere behind it: what a
/// reader that searches would open, though the start and the end of the archive are damaged.
pub fn has_remains(bytes: &[u8]) -> bool {
    const WINDOW: usize = 64 << 10;
    const TRIES: usize = 64;
    let head = bytes.get(..WINDOW).unwrap_or(bytes);
    let Some(local) = memmem::find_iter(head, LOCAL).take(TRIES).find_map(|at| lone(bytes, at)) else {
        return false;
    };
    let rest = bytes.get(local.data..).unwrap_or_default();
    memmem::find_iter(rest, b"PK\x01\x02")
        .take(TRIES)
        .filter_map(|at| Central::read(bytes, local.data.saturating_add(at)))
        .any(|central| central.fields.name == local.fields.name)
}

/// The first place of a member among the first headers of the directories that the record means; little work where it leads nowhere.
pub fn leads_to_member(bytes: &[u8], end: End<'_>) -> Option<usize> {
    const HEADERS: usize = 16;
    let starts = [end.directory_end.checked_sub(size(end.size)), Some(size(end.offset))];
    starts.into_iter().flatten().find_map(|start| {
        let mut next = Some(start);
        let headers = std::iter::from_fn(|| {
            let header = Central::read(bytes, next?)?;
            next = Some(header.end);
            Some(header)
        });
        let members = headers
            .take(HEADERS)
            .filter_map(|header| local_of(bytes, &header, distance(start, end.offset)));
        members.map(|local| local.at).min()
    })
}

fn leads_somewhere(bytes: &[u8], end: End<'_>) -> bool {
    let starts = [end.directory_end.checked_sub(size(end.size)), Some(size(end.offset))];
    let leads = |header: &Central<'_>, start| local_of(bytes, header, distance(start, end.offset)).is_some();
    if starts
        .into_iter()
        .flatten()
        .any(|start| Central::read(bytes, start).is_some_and(|header| leads(&header, start)))
    {
        return true;
    }
    // The last part of a split archive: its first members stand in other parts, maybe all, maybe the directory, too.
    let whole = |start| chain(bytes, start, end.directory_end).is_some_and(|(_, stop)| stop == end.directory_end);
    end.split && end.count > 0 && (starts.into_iter().flatten().any(whole) || end.end == bytes.len() && end.comment.is_empty())
}

/// Whether the file begins as a ZIP does: with a local header, the mark of a split or once split archive, or an empty archive.
pub fn begins(bytes: &[u8]) -> bool {
    let at = match bytes.get(..4) {
        Some(b"PK\x07\x08" | b"PK00") => 4,
        Some(b"PK\x05\x06") => return End::read(bytes, 0).is_some_and(|end| end.count == 0 || end.zip64),
        _ => 0,
    };
    let Some(head) = bytes.get(at..).and_then(|b| b.get(..30)) else {
        return false;
    };
    head.starts_with(LOCAL) && head.get(26..28) != Some(&[0, 0])
}

/// Where members stand that are neither packed nor encrypted, by their local headers.
pub fn stored(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    while out.len() < MAX_SIGNATURES
        && let Some(at) = bytes.get(from..).and_then(|rest| memmem::find(rest, LOCAL))
    {
        let at = from.saturating_add(at);
        from = at.saturating_add(LOCAL.len());
        let Some(local) = lone(bytes, at) else { continue };
        let end = local.data.saturating_add(size(local.fields.packed));
        if end > bytes.len() {
            continue;
        }
        from = end;
        if local.fields.method == 0 && !local.fields.encrypted() {
            out.push(local.data..end);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlock_forge::zip::{Archive, Entry, simple};

    #[test]
    fn an_archive_is_found_behind_a_prefix_that_nobody_counted() {
        let mut archive = Archive::of(vec![Entry::stored("a.txt", b"abc")]);
        archive.prefix = vec![b'-'; 100];
        archive.prefix_uncounted = true;
        let bytes = archive.build();
        let end = near_end(&bytes).unwrap();
        let dirs = of_end(&bytes, end, &[], &Ranges::default());
        assert_eq!((dirs.len(), dirs[0].base), (1, 100));
        assert_eq!(local_of(&bytes, &dirs[0].headers[0], 100).unwrap().at, 100);
    }

    #[test]
    fn a_word_that_happens_to_be_a_signature_leads_nowhere() {
        let mut bytes = vec![0; 4000];
        bytes[1000..1004].copy_from_slice(b"PK\x05\x06");
        assert!(near_end(&bytes).is_none());
        assert!(!begins(b"PK\x03\x04"));
        assert!(begins(&simple(&[("a", b"b")])));
    }
}
