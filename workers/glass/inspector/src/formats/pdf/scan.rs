//! Finds every object of the file by its own words, and those that a cross-reference names: all revisions, hidden and repeated objects too.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memmem;

use super::heads::{self, Head, landmarks};
use super::lengths::{Bodies, first_from, fits, searched_end, stream_start};
use super::lexer::Lexer;
use super::named::Named;
use super::trailers::{revisions, trailers};
use super::value::{Dict, Value};

/// Values that all objects of a file may have together; bounds memory.
pub const MAX_VALUES: usize = 2_000_000;
/// How far past the next object's start an unclosed object is read, in bytes.
const MAX_STRETCH: usize = 4 * 1024 * 1024;

/// One body of an indirect object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Object number.
    pub number: u32,
    /// Generation.
    pub generation: u32,
    /// Offset of its header in the file; for a member of an object stream that of the stream.
    pub offset: usize,
    /// Its value; for a stream, the dictionary.
    pub value: Value,
    /// Where its data stands in the file.
    pub stream: Option<Range<usize>>,
    /// How many revisions were complete before it.
    pub revision: usize,
    /// Index of the object stream that holds it.
    pub holder: Option<usize>,
    /// A `/Length` that does not fit, as declared.
    pub length_lies: Option<i64>,
    /// Bytes of a line end at the end of the data that may or may not be a part of it, because no length says so.
    pub line_end: usize,
    /// Bytes that the declared length goes past the end of the file.
    pub missing: usize,
}

/// All that was found.
#[derive(Debug, Default, Clone)]
pub struct Scan {
    /// Objects in file order.
    pub objects: Vec<Object>,
    /// Dictionaries after `trailer`, in file order.
    pub trailers: Vec<Dict>,
    /// Offsets behind each `%%EOF` that ends a revision.
    pub revisions: Vec<usize>,
    /// Offset from which objects were no longer read, when a limit was reached.
    pub stopped_at: Option<usize>,
    /// Objects nested too deeply to be read whole.
    pub too_deep: usize,
    /// Objects that are not closed, so that the end of them was not read.
    pub unclosed: usize,
    /// True when comments, lengths or offsets were not followed to their end, because there were too many.
    pub cut: bool,
    /// Values that may still be made.
    pub values: usize,
    /// True when a length refers to itself or to a stream.
    pub length_loop: bool,
}

/// Reads the objects that stand in a file, and those that its tables name; stops early when `expired` says so.
pub fn scan(bytes: &[u8], header: usize, expired: &dyn Fn() -> bool) -> Scan {
    let mut named = Named::new(bytes, header);
    let mut scanner = Scanner::new(bytes);
    let heads = named.tables(bytes);
    scanner.all(&heads, expired);
    scanner.finish(named.cut)
}

/// Reads objects, first all that stand in the file, then those that somebody names.
pub struct Scanner<'a> {
    bytes: &'a [u8],
    heads: Vec<Head>,
    ends: Vec<usize>,
    stream_ends: Vec<usize>,
    numbers: HashMap<u32, Vec<usize>>,
    /// Bytes that unclosed objects may still be read beyond the next one.
    stretch: usize,
    /// Bytes of comments that may still be read more than once.
    work: usize,
    /// What was read.
    pub scan: Scan,
}

impl<'a> Scanner<'a> {
    /// One that has read nothing.
    pub fn new(bytes: &'a [u8]) -> Self {
        let (heads, ends) = landmarks(bytes);
        Scanner {
            bytes,
            heads,
            ends,
            stream_ends: memmem::find_iter(bytes, b"endstream").collect(),
            numbers: HashMap::new(),
            stretch: bytes.len().saturating_add(32 * 1024 * 1024),
            work: heads::work(bytes),
            scan: Scan {
                revisions: revisions(bytes),
                values: MAX_VALUES,
                ..Scan::default()
            },
        }
    }

    /// Reads all that stand in the file, and those that tables name.
    pub fn all(&mut self, named: &[Head], expired: &dyn Fn() -> bool) {
        self.know(named);
        let named: HashSet<usize> = named.iter().map(|head| head.offset).collect();
        let mut skip = 0;
        for index in 0..self.heads.len() {
            let Some(head) = self.heads.get(index).copied() else { continue };
            // Words inside a stream's data are data, unless a cross-reference points at them.
            if head.offset < skip && !named.contains(&head.offset) {
                continue;
            }
            if self.scan.values == 0 || (index % 256 == 255 && expired()) {
                self.scan.stopped_at = Some(head.offset);
                return;
            }
            let end = self.object(head);
            skip = skip.max(end);
        }
    }

    /// Reads objects that are named, those aside that are read; true when there is one more.
    pub fn more(&mut self, named: &[Head], expired: &dyn Fn() -> bool) -> bool {
        let read: HashSet<usize> = self.scan.objects.iter().map(|object| object.offset).collect();
        let named: Vec<Head> = named.iter().filter(|head| !read.contains(&head.offset)).copied().collect();
        if named.is_empty() || self.scan.stopped_at.is_some() {
            return false;
        }
        self.know(&named);
        for (index, head) in named.iter().enumerate() {
            if self.scan.values == 0 || (index % 256 == 255 && expired()) {
                self.scan.stopped_at = Some(head.offset);
                break;
            }
            self.object(*head);
        }
        self.scan.objects.sort_by_key(|object| object.offset);
        true
    }

    /// All that was read, and the trailers.
    pub fn finish(mut self, cut: bool) -> Scan {
        let (trailers, stopped) = trailers(self.bytes, &self.scan.objects, &mut self.scan.values);
        self.scan.trailers = trailers;
        self.scan.stopped_at = self.scan.stopped_at.or(stopped);
        self.scan.cut |= cut;
        self.scan
    }

    fn know(&mut self, named: &[Head]) {
        self.heads.extend(named);
        self.heads.sort_unstable();
        self.heads.dedup_by_key(|head| (head.offset, head.body));
        self.numbers.clear();
        for (index, head) in self.heads.iter().enumerate() {
            self.numbers.entry(head.number).or_default().push(index);
        }
    }

    /// Reads one object; answers the end of its stream's data.
    fn object(&mut self, head: Head) -> usize {
        let (value, end) = self.value(head.body);
        let mut object = Object {
            number: head.number,
            generation: head.generation,
            offset: head.offset,
            revision: self.scan.revisions.partition_point(|r| *r <= head.offset),
            value,
            stream: None,
            holder: None,
            length_lies: None,
            line_end: 0,
            missing: 0,
        };
        if let Value::Dict(dict) = &object.value {
            match stream_start(self.bytes, end, &mut self.work) {
                Some(Ok(start)) => {
                    let bodies = Bodies {
                        bytes: self.bytes,
                        heads: &self.heads,
                        numbers: &self.numbers,
                    };
                    let lengths = bodies.lengths(dict, head.number, &mut self.work);
                    self.scan.length_loop |= lengths.looped;
                    self.scan.cut |= lengths.more;
                    self.data(&mut object, start, &lengths.declared);
                }
                Some(Err(_)) => self.scan.cut = true,
                None => {}
            }
        }
        let end = object.stream.as_ref().map_or(0, |s| s.end);
        self.scan.objects.push(object);
        end
    }

    /// The value that stands there, and where it ends.
    fn value(&mut self, body: usize) -> (Value, usize) {
        let next = self.heads.get(self.heads.partition_point(|h| h.offset < body)).map(|h| h.offset);
        let length = self.bytes.len();
        let window = next.unwrap_or(length).min(first_from(&self.ends, body).unwrap_or(length));
        let mut last = read(self.bytes.get(..window).unwrap_or(self.bytes), body, &mut self.scan.values);
        if last.broken && !last.deep && window < length && self.stretch > 0 {
            // A string, or a dictionary, may hold the word that we took for the end.
            let wide = window.saturating_add(MAX_STRETCH.min(self.stretch)).min(length);
            let left = self.scan.values;
            let second = read(self.bytes.get(..wide).unwrap_or(self.bytes), body, &mut self.scan.values);
            self.stretch = self.stretch.saturating_sub(second.furthest.saturating_sub(body));
            if second.broken {
                self.scan.values = left;
            } else {
                last = second;
            }
        }
        if last.deep {
            self.scan.too_deep = self.scan.too_deep.saturating_add(1);
        } else if last.broken && !matches!(last.value, Value::Null) {
            self.scan.unclosed = self.scan.unclosed.saturating_add(1);
        }
        (last.value, last.end)
    }

    /// Sets where the data of a stream stands: the longest of the lengths that fit counts, since readers differ in which they take.
    fn data(&self, object: &mut Object, start: usize, lengths: &[i64]) {
        let fitting = lengths.iter().filter_map(|n| fits(self.bytes, start, *n)).max();
        if let Some(end) = fitting {
            object.stream = Some(start..end);
            return;
        }
        let (end, line_end) = searched_end(self.bytes, start, &self.stream_ends, &self.ends);
        let found = end.saturating_sub(start);
        object.length_lies = lengths
            .first()
            .copied()
            .filter(|n| usize::try_from(*n).map_or(usize::MAX, |n| n.abs_diff(found)) > 2);
        object.stream = Some(start..end);
        object.line_end = line_end;
        if end == self.bytes.len() {
            object.missing = object
                .length_lies
                .and_then(|n| usize::try_from(n).ok())
                .map_or(0, |n| n.saturating_sub(found));
        }
    }
}

/// A value, and how reading it went.
struct Read {
    value: Value,
    end: usize,
    furthest: usize,
    broken: bool,
    deep: bool,
}

fn read(bytes: &[u8], at: usize, values: &mut usize) -> Read {
    let mut lexer = Lexer::new(bytes, at, values);
    let value = lexer.value();
    Read {
        value,
        end: lexer.offset(),
        furthest: lexer.furthest(),
        broken: lexer.broken,
        deep: lexer.too_deep,
    }
}

#[cfg(test)]
mod tests;
