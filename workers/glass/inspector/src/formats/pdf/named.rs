//! Objects that cross-references name (ISO 32000-2 sections 7.5.4 and 7.5.8): readers go there, whatever stands around them.

use std::collections::HashSet;

use super::document::Doc;
use super::heads::{self, Head, head_at};
use super::scan::{Scan, Scanner};
use super::value::{Dict, Value, all};
use crate::reader::{len64, size};

/// Decoded bytes of all cross-reference streams that are read.
const MAX_STREAMS: u64 = 64 * 1024 * 1024;
/// How often cross-reference streams lead to others that nothing else leads to.
const ROUNDS: usize = 8;
/// Digits of an offset in a table.
const DIGITS: u32 = 10;

/// All objects: those that stand in the file, and those that its tables and its cross-reference streams name.
pub fn scan(bytes: &[u8], header: usize, expired: &dyn Fn() -> bool) -> Scan {
    let mut named = Named::new(bytes, header);
    let mut scanner = Scanner::new(bytes);
    let heads = named.tables(bytes);
    scanner.all(&heads, expired);
    let (mut read, mut left) = (HashSet::new(), MAX_STREAMS);
    for round in 0..ROUNDS {
        let doc = Doc::new(bytes, std::mem::take(&mut scanner.scan), None, false, None);
        let heads = named.streams(&doc, &mut read, &mut left);
        scanner.scan = doc.scan;
        if expired() || !scanner.more(&heads, expired) {
            break;
        }
        named.cut |= round.saturating_add(1) == ROUNDS;
    }
    scanner.finish(named.cut)
}

/// The offsets that were looked at, each once.
pub struct Named {
    header: usize,
    seen: Vec<u64>,
    work: usize,
    /// True when there were more than are followed.
    pub cut: bool,
}

impl Named {
    /// None as yet, in a file whose header stands there.
    pub fn new(bytes: &[u8], header: usize) -> Self {
        Named {
            header,
            seen: vec![0; (bytes.len() >> 6_u32).saturating_add(1)],
            work: heads::work(bytes),
            cut: false,
        }
    }

    /// The objects that tables name: behind the first `xref` or `startxref`, every number may be an offset, because readers differ in how
    /// much of a table has to be right.
    pub fn tables(&mut self, bytes: &[u8]) -> Vec<Head> {
        let mut found = Vec::new();
        let from = memchr::memmem::find(bytes, b"xref").unwrap_or(bytes.len());
        let (mut number, mut digits) = (0_u64, 0_u32);
        for byte in bytes.get(from..).unwrap_or_default().iter().chain(b" ") {
            if byte.is_ascii_digit() {
                number = number.saturating_mul(10).saturating_add(u64::from(byte.saturating_sub(b'0')));
                digits = digits.saturating_add(1);
                // A table has columns, and some readers need no blank between them.
                if digits == DIGITS {
                    self.look(bytes, number, &mut found);
                }
            } else if digits > 0 {
                self.look(bytes, number, &mut found);
                (number, digits) = (0, 0);
            }
        }
        found
    }

    /// Looks at an offset, as written and counted from the header.
    fn look(&mut self, bytes: &[u8], offset: u64, found: &mut Vec<Head>) {
        let offset = size(offset);
        for at in [offset, offset.saturating_add(self.header)] {
            let Some(word) = self.seen.get_mut(at >> 6_u32).filter(|_| at < bytes.len()) else {
                continue;
            };
            let bit = 1_u64.wrapping_shl(u32::try_from(at & 63).unwrap_or_default());
            if *word & bit != 0 {
                continue;
            }
            *word |= bit;
            self.cut |= self.work == 0;
            found.extend(head_at(bytes, at, &mut self.work));
        }
    }

    /// The objects that cross-reference streams name, those of streams that were read before aside.
    fn streams(&mut self, doc: &Doc<'_>, read: &mut HashSet<usize>, left: &mut u64) -> Vec<Head> {
        let mut found = Vec::new();
        for object in doc.scan.objects.iter().filter(|o| o.stream.is_some()) {
            let Some(dict) = object.value.dict() else { continue };
            let shapes = shapes(doc, dict);
            if shapes.is_empty() || !read.insert(object.offset) {
                continue;
            }
            let previous = all(dict, b"Prev").filter_map(Value::whole);
            for offset in previous.filter_map(|n| u64::try_from(n).ok()) {
                self.look(doc.bytes, offset, &mut found);
            }
            let mut tables = doc.decoded_otherwise(object, *left);
            tables.push(doc.decoded(object, *left).0);
            for table in tables {
                *left = left.saturating_sub(len64(table.len()));
                for (skip, width, entry) in &shapes {
                    for entry in table.chunks(*entry) {
                        let field = entry.iter().skip(*skip).take(*width);
                        let offset = field.fold(0_u64, |n, b| n.saturating_mul(256).saturating_add(u64::from(*b)));
                        self.look(doc.bytes, offset, &mut found);
                    }
                }
            }
            self.cut |= *left == 0;
        }
        found
    }
}

/// Where the offset stands in an entry of a cross-reference stream, its width, and the size of the entry, in bytes; one for each `/W`.
fn shapes(doc: &Doc<'_>, dict: &Dict) -> Vec<(usize, usize, usize)> {
    let shape = |value: &Value| {
        let Value::Array(widths) = doc.resolve(value) else { return None };
        let mut widths = widths
            .iter()
            .take(3)
            .map(|w| doc.resolve(w).whole().and_then(|n| usize::try_from(n).ok()));
        let (first, second, third) = (widths.next()??, widths.next()??, widths.next().flatten().unwrap_or_default());
        let entry = first.saturating_add(second).saturating_add(third);
        (entry > 0 && entry <= 64).then_some((first, second, entry))
    };
    all(dict, b"W").take(4).filter_map(shape).collect()
}
