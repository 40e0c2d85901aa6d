//! The objects inside one object stream (ISO 32000-2 section 7.5.7).

use super::super::lexer::Lexer;
use super::super::scan::Object;
use crate::reader::size;

/// What an object stream says of its table.
pub struct Table {
    /// Offset of the first object, in bytes of the decoded stream.
    pub first: usize,
    /// Pairs in the table, where it says how many.
    pub count: Option<usize>,
}

/// The objects of all object streams.
pub struct Members<'v> {
    /// Values that may still be made.
    pub values: &'v mut usize,
    /// The objects, in file order of their streams.
    pub objects: Vec<Object>,
    /// True when a string of one of them is not written as it reads.
    pub coded: bool,
    /// Says when the time is over.
    pub expired: &'v dyn Fn() -> bool,
}

impl Members<'_> {
    /// Reads the objects of a decoded object stream, the `index`th object, by each of its tables; false when a table or an object is
    /// broken.
    pub fn read(&mut self, holder: &Object, index: usize, data: &[u8], tables: &[Table]) -> bool {
        tables.iter().fold(true, |whole, table| {
            let read = !(self.expired)() && self.by(table, holder, index, data);
            whole && read
        })
    }

    fn by(&mut self, table: &Table, holder: &Object, index: usize, data: &[u8]) -> bool {
        let pairs = pairs(data, table, *self.values);
        // Readers take as many pairs as are declared, wherever the first object begins.
        let mut whole = table.count.is_none_or(|count| pairs.len() >= count);
        // Work, so that many entries that name one long object stay linear.
        let mut work = data.len().saturating_mul(4).saturating_add(1024 * 1024);
        for (number, offset) in pairs {
            if *self.values == 0 || work == 0 {
                return false;
            }
            let at = table.first.saturating_add(offset);
            let mut lexer = Lexer::new(data, at, self.values);
            let value = lexer.value();
            whole &= !lexer.broken;
            self.coded |= lexer.coded;
            work = work.saturating_sub(lexer.furthest().saturating_sub(at).max(1));
            self.objects.push(Object {
                number: u32::try_from(number).unwrap_or(u32::MAX),
                generation: 0,
                offset: holder.offset,
                value,
                stream: None,
                revision: holder.revision,
                holder: Some(index),
                length_lies: None,
                line_end: 0,
                missing: 0,
            });
        }
        whole || data.is_empty()
    }
}

/// Number and offset of at most `most` objects. A table that does not say how long it is ends where the objects begin.
fn pairs(data: &[u8], table: &Table, most: usize) -> Vec<(i64, usize)> {
    let mut found = Vec::new();
    let mut none = 1;
    let mut lexer = Lexer::new(data, 0, &mut none);
    // One more than may be made tells that there are more.
    while found.len() < table.count.unwrap_or(usize::MAX).min(most.saturating_add(1)) {
        lexer.skip_space();
        if table.count.is_none() && table.first > 0 && lexer.offset() >= table.first {
            break;
        }
        let Some(number) = lexer.lenient() else { break };
        lexer.skip_space();
        let Some(offset) = lexer.lenient() else { break };
        found.push((number, size(u64::try_from(offset).unwrap_or_default())));
    }
    found
}
