//! The document that the objects make: lookups, decrypted and decoded streams, and the objects inside object streams.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Error, Read};

use airlock_proto::{Gap, GapKind};

use super::crypt::Keys;
use super::filters::{Filter, MAX_FILTERS, chain};
use super::lexer::Lexer;
use super::readings;
use super::scan::{Object, Scan};
use super::value::{Value, get, is_name};
use crate::reader::{len64, size};
use crate::sink::gap_of;

/// Decoded bytes of one object stream that are read, and of all together.
const MAX_OBJSTM: u64 = 64 * 1024 * 1024;
const MAX_OBJSTMS: u64 = 128 * 1024 * 1024;

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
        let mut inner = Vec::new();
        let mut left = MAX_OBJSTMS;
        let mut values = self.scan.values;
        let holders: Vec<usize> = (0..self.scan.objects.len()).filter(|i| self.is_objstm(*i)).collect();
        for holder in &holders {
            let Some(object) = self.scan.objects.get(*holder) else { continue };
            if self.locked || expired() {
                break;
            }
            for data in self.decoded_otherwise(object, MAX_OBJSTM.min(left)) {
                left = left.saturating_sub(len64(data.len()));
                members(object, *holder, &data, &mut values, &mut inner);
            }
            let (data, gap) = self.decoded(object, MAX_OBJSTM.min(left));
            left = left.saturating_sub(len64(data.len()));
            // A damaged tail is told of when the stream itself is handed over; a limit is not met there.
            gaps.extend(gap.filter(|g| g.kind == GapKind::OverBudget));
            let read = members(object, *holder, &data, &mut values, &mut inner);
            if !read {
                let what = format!("object stream {} could not be read to its end", object.number);
                gaps.push(Gap::new(GapKind::Malformed, what));
            }
        }
        let looped = holders.iter().take(1000).any(|h| self.extends_in_circle(*h));
        self.scan.values = values;
        self.scan.objects.append(&mut inner);
        self.index();
        (gaps, looped)
    }

    fn is_objstm(&self, index: usize) -> bool {
        let object = self.scan.objects.get(index);
        object.is_some_and(|o| o.stream.is_some() && o.value.dict().is_some_and(|d| is_name(d, b"Type", b"ObjStm")))
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

/// The objects of a decoded object stream; false when its table or an object is broken.
fn members(object: &Object, holder: usize, data: &[u8], values: &mut usize, out: &mut Vec<Object>) -> bool {
    let Some(dict) = object.value.dict() else { return false };
    let number = |key| get(dict, key).and_then(Value::int).and_then(|n| usize::try_from(n).ok());
    // Either number may be a lie: the table ends where its numbers end.
    let first = number(b"First").unwrap_or_default();
    let count = number(b"N").unwrap_or(usize::MAX);
    let mut table = Vec::new();
    let mut none = 1;
    let mut lexer = Lexer::new(data, 0, &mut none);
    while table.len() < count {
        lexer.skip_space();
        if first > 0 && lexer.offset() >= first {
            break;
        }
        let Some(name) = lexer.unsigned() else { break };
        lexer.skip_space();
        let Some(offset) = lexer.unsigned() else { break };
        table.push((u32::try_from(name).unwrap_or(u32::MAX), size(offset)));
    }
    let mut whole = true;
    // Work, so that many entries that name one long object stay linear.
    let mut work = data.len().saturating_mul(4).saturating_add(1024 * 1024);
    for (name, offset) in table {
        if *values == 0 || work == 0 {
            return false;
        }
        let at = first.saturating_add(offset);
        let mut lexer = Lexer::new(data, at, values);
        let value = lexer.value();
        whole &= !lexer.broken;
        work = work.saturating_sub(lexer.offset().saturating_sub(at).max(1));
        out.push(Object {
            number: name,
            generation: 0,
            offset: object.offset,
            value,
            stream: None,
            revision: object.revision,
            holder: Some(holder),
            length_lies: None,
            line_end: 0,
            missing: 0,
        });
    }
    whole || data.is_empty()
}
