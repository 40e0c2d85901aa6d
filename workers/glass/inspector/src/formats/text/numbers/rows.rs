//! Lists that a script puts together.

use super::MIN_FILE;
use super::list::List;
use crate::formats::text::{joined, known};

/// Lists that a script puts together, of which the first begins as a file does: `$a += 0x4d,…`, `[[77,…],[…]]`.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    pub(super) count: usize,
    end: usize,
    between: Option<Vec<u8>>,
}

impl Rows {
    /// Adds the list at a place; gives what those before are, when it does not go on with them.
    pub(super) fn add(&mut self, text: &[u8], start: usize, end: usize, list: &List) -> Option<(&'static str, Vec<u8>)> {
        let gap = text.get(self.end..start).unwrap_or_default();
        let between = (self.count > 0).then(|| joined::told(gap)).flatten();
        // Files beside each other, as tests have them, are one each; and a list with a name in it is no two rows.
        let begins = begins_a_file(list);
        let named = gap.first().is_some_and(u8::is_ascii_alphabetic);
        let goes_on = !begins && !named && between.is_some() && (self.between.is_none() || self.between == between);
        let done = if goes_on { None } else { self.end() };
        if goes_on || begins {
            self.bytes.extend(list.elements());
            self.count = self.count.saturating_add(1);
            self.end = end;
            self.between = between.filter(|_| goes_on);
        }
        done
    }

    pub(super) fn end(&mut self) -> Option<(&'static str, Vec<u8>)> {
        let rows = std::mem::take(self);
        let is_file = rows.count > 1 && rows.bytes.len() >= MIN_FILE && known::is_surely_file(&rows.bytes, "bytes");
        is_file.then_some(("bytes", rows.bytes))
    }
}

fn begins_a_file(list: &List) -> bool {
    let first: Vec<u8> = list.low.iter().take(16).map_while(|n| u8::try_from(*n & 0xff).ok()).collect();
    known::first_key(&first) == Some(0)
}
