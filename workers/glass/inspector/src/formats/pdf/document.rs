//! The document that the objects make: lookups, decrypted and decoded streams, and the objects inside object streams.

mod members;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Error, Read};

use airlock_proto::{Gap, GapKind};

use members::{Members, Table};

use super::crypt::Keys;
use super::filters::{Filter, MAX_FILTERS, chain};
use super::readings;
use super::scan::{Object, Scan};
use super::value::{Dict, Value, all, get, is_name};
use crate::reader::len64;
use crate::sink::gap_of;

/// Decoded bytes of one object stream that are read, and of all together.
const MAX_OBJSTM: u64 = 64 * 1024 * 1024;
const MAX_OBJSTMS: u64 = 128 * 1024 * 1024;

/// Readings of the table of one object stream.
const MAX_TABLES: usize = 4;
/// Values of one key that are looked at for them.
const MAX_NUMBERS: usize = 64;

/// A read document.
pub struct Doc<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Its objects.
    pub scan: Scan,
    /// Keys, when it is encrypted and opened.
    pub keys: Option<Keys>,
    /// True when it is encrypted and not opened.
    pub locked: bool,
    /// True when a string within an object stream is not written as it reads.
    pub coded_members: bool,
    by_number: HashMap<u32, Vec<usize>>,
}

impl<'a> Doc<'a> {
    /// Indexes the objects; `encrypt` is the object number of the encryption dictionary, whose strings stay as they are.
    pub fn new(bytes: &'a [u8], mut scan: Scan, keys: Option<Keys>, locked: bool, encrypt: Option<u32>) -> Self {
        if let Some(keys) = &keys {
            for object in &mut scan.objects {
                let exempt = encrypt == Some(object.number) || object.value.dict().is_some_and(|d| is_name(d, b"Type", b"XRef"));
                if !exempt {
                    keys.strings(object.number, object.generation, &mut object.value);
                }
            }
        }
        let mut doc = Doc {
            bytes,
            scan,
            keys,
            locked,
            coded_members: false,
            by_number: HashMap::new(),
        };
        doc.index();
        doc
    }

    fn index(&mut self) {
        self.by_number.clear();
        for (index, object) in self.scan.objects.iter().enumerate() {
            self.by_number.entry(object.number).or_default().push(index);
        }
    }

    /// All bodies of an object number, in file order.
    pub fn bodies(&self, number: u32) -> impl DoubleEndedIterator<Item = (usize, &Object)> {
        let indices = self.by_number.get(&number).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|i| Some((*i, self.scan.objects.get(*i)?)))
    }

    /// The value, references followed to their newest body.
    pub fn resolve<'v>(&'v self, mut value: &'v Value) -> &'v Value {
        for _ in 0..16 {
            let Value::Ref(number) = value else { return value };
            match self.bodies(*number).next_back() {
                Some((_, object)) => value = &object.value,
                None => return &Value::Null,
            }
        }
        &Value::Null
    }

    /// The encoded data of a stream, decrypted.
    ///
    /// # Errors
    /// The gap: encrypted and locked, or not decryptable.
    pub fn data(&self, object: &Object) -> Result<Cow<'a, [u8]>, Gap> {
        let range = object.stream.clone().unwrap_or_default();
        let data = self.bytes.get(range).unwrap_or_default();
        let Some(dict) = object.value.dict() else {
            return Ok(Cow::Borrowed(data));
        };
        if is_name(dict, b"Type", b"XRef") {
            return Ok(Cow::Borrowed(data));
        }
        if self.locked {
            return Err(Gap::new(GapKind::PasswordNeeded, "its streams are encrypted").bytes(len64(data.len())));
        }
        let Some(keys) = &self.keys else { return Ok(Cow::Borrowed(data)) };
        // Ciphers of blocks cannot have the doubtful line end.
        let data = data.get(..data.len().saturating_sub(object.line_end)).unwrap_or(data);
        let clear = keys.stream(object.number, object.generation, dict, data);
        clear.map(Cow::Owned).ok_or_else(|| {
            let what = format!("stream {} {} could not be decrypted", object.number, object.generation);
            Gap::new(GapKind::Malformed, what).bytes(len64(data.len()))
        })
    }

    /// A stream decoded in memory, at most `cap` bytes of it, and the gap that ended it.
    pub fn decoded(&self, object: &Object, cap: u64) -> (Vec<u8>, Option<Gap>) {
        let Some(dict) = object.value.dict() else {
            return (Vec::new(), None);
        };
        self.decoded_by(object, readings::filters(self, dict), cap)
    }

    /// The same as other readers would have it, where they differ: at most `cap` bytes of each.
    pub fn decoded_otherwise(&self, object: &Object, cap: u64) -> Vec<Vec<u8>> {
        let Some(dict) = object.value.dict() else { return Vec::new() };
        let ways = readings::others(self, dict).into_iter().chain(readings::of_first(self, dict));
        ways.map(|filters| self.decoded_by(object, filters, cap).0).collect()
    }

    fn decoded_by(&self, object: &Object, mut filters: Vec<Filter>, cap: u64) -> (Vec<u8>, Option<Gap>) {
        let data = match self.data(object) {
            Ok(data) => data,
            Err(gap) => return (Vec::new(), Some(gap)),
        };
        filters.truncate(MAX_FILTERS.saturating_mul(2));
        let mut out = Vec::new();
        let end = chain(&data, &filters).and_then(|reader| reader.take(cap).read_to_end(&mut out));
        let gap = match end {
            Ok(n) if len64(n) >= cap => Some(Gap::new(GapKind::OverBudget, "only the beginning of a long stream was read")),
            Ok(_) => None,
            Err(error) => Some(named_gap(object, &error)),
        };
        (out, gap)
    }

    /// Reads the objects of all object streams (section 7.5.7); answers the gaps and whether `/Extends` runs in a circle.
    pub fn expand(&mut self, expired: &dyn Fn() -> bool) -> (Vec<Gap>, bool) {
        let mut gaps = Vec::new();
        let mut left = MAX_OBJSTMS;
        let mut values = self.scan.values;
        let mut members = Members {
            values: &mut values,
            objects: Vec::new(),
            coded: false,
            expired,
        };
        let holders: Vec<usize> = (0..self.scan.objects.len()).filter(|i| self.is_objstm(*i)).collect();
        for holder in &holders {
            let Some(object) = self.scan.objects.get(*holder) else { continue };
            if self.locked || expired() {
                break;
            }
            let (tables, more) = self.tables(object);
            if more {
                let what = format!(
                    "object stream {} says in more ways where its objects stand than are read",
                    object.number
                );
                gaps.push(Gap::new(GapKind::TooMany, what));
            }
            for data in self.decoded_otherwise(object, MAX_OBJSTM.min(left)) {
                left = left.saturating_sub(len64(data.len()));
                members.read(object, *holder, &data, &tables);
            }
            let (data, gap) = self.decoded(object, MAX_OBJSTM.min(left));
            left = left.saturating_sub(len64(data.len()));
            // A damaged tail is told of when the stream itself is handed over; a limit is not met there.
            gaps.extend(gap.filter(|g| g.kind == GapKind::OverBudget));
            let read = members.read(object, *holder, &data, &tables);
            if !read {
                let what = format!("object stream {} could not be read to its end", object.number);
                gaps.push(Gap::new(GapKind::Malformed, what));
            }
        }
        let looped = holders.iter().take(1000).any(|h| self.extends_in_circle(*h));
        self.coded_members = members.coded;
        self.scan.objects.append(&mut members.objects);
        self.scan.values = values;
        self.index();
        for (index, end) in super::lengths::late(self) {
            if let Some(object) = self.scan.objects.get_mut(index) {
                object.stream = object.stream.take().map(|range| range.start..end);
                (object.line_end, object.missing, object.length_lies) = (0, 0, None);
            }
        }
        (gaps, looped)
    }

    /// Readers take what a cross-reference or `/Extends` names for an object stream, whatever its type says: what counts is that it has
    /// a table.
    fn is_objstm(&self, index: usize) -> bool {
        let Some(object) = self.scan.objects.get(index).filter(|o| o.stream.is_some()) else {
            return false;
        };
        object.value.dict().is_some_and(|dict| {
            let typed = all(dict, b"Type").any(|kind| self.resolve(kind).name() == Some(b"ObjStm"));
            typed || (get(dict, b"N").is_some() && get(dict, b"First").is_some())
        })
    }

    /// Every table that a reader may take an object stream to have, the usual one last, where the newest body of an object stands, and
    /// whether there are more: numbers may be references, and keys may be repeated.
    fn tables(&self, object: &Object) -> (Vec<Table>, bool) {
        let Some(dict) = object.value.dict() else {
            return (Vec::new(), false);
        };
        let (counts, mut more) = self.numbers(dict, b"N");
        let count = counts.into_iter().max();
        let (mut firsts, more_firsts) = self.numbers(dict, b"First");
        if firsts.is_empty() {
            firsts.push(0);
        }
        more |= more_firsts || firsts.len() > MAX_TABLES;
        firsts.truncate(MAX_TABLES);
        firsts.reverse();
        (firsts.into_iter().map(|first| Table { first, count }).collect(), more)
    }

    /// The different numbers that a key may have, those of the last key and of the newest body first, and whether there are more.
    fn numbers(&self, dict: &Dict, key: &[u8]) -> (Vec<usize>, bool) {
        let mut found = Vec::new();
        let mut looked = 0_usize;
        for value in all(dict, key).rev() {
            let (direct, number) = match value {
                Value::Ref(number) => (None, Some(*number)),
                direct => (Some(direct), None),
            };
            let bodies = number
                .into_iter()
                .flat_map(|number| self.bodies(number).rev().map(|(_, o)| &o.value));
            for value in direct.into_iter().chain(bodies) {
                if looked == MAX_NUMBERS {
                    return (found, true);
                }
                looked = looked.saturating_add(1);
                let number = self.resolve(value).whole().and_then(|n| usize::try_from(n).ok());
                found.extend(number.filter(|n| !found.contains(n)));
            }
        }
        (found, false)
    }

    fn extends_in_circle(&self, holder: usize) -> bool {
        let Some(first) = self.scan.objects.get(holder) else { return false };
        let mut at = first;
        for _ in 0..64 {
            let next = at.value.dict().and_then(|d| get(d, b"Extends"));
            let Some(Value::Ref(number)) = next else { return false };
            if *number == first.number {
                return true;
            }
            match self.bodies(*number).next_back() {
                Some((_, object)) => at = object,
                None => return false,
            }
        }
        false
    }
}

/// The gap of a stream, with its name.
pub fn named_gap(object: &Object, error: &Error) -> Gap {
    let mut gap = gap_of(error);
    gap.detail = format!("stream {} {}: {}", object.number, object.generation, gap.detail);
    gap
}
