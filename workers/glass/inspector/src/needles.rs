//! Many short words in one pass over the bytes, by the vector instructions of the processor where it has them.
//!
//! The automaton alone reads a byte at a time: fifteen words cost sixteen times what one pass of the vector search costs.

use aho_corasick::{AhoCorasick, packed};

/// Words to look for.
#[derive(Debug)]
pub enum Needles {
    /// By vector instructions.
    Packed(packed::Searcher),
    /// Where there are none, or the words are too many for them.
    Automaton(AhoCorasick),
    /// No word can be found; never so for the words that stand in this source.
    None,
}

impl Needles {
    /// Words of which none ends as another one begins: only then every place of each is found.
    pub fn new<W: AsRef<[u8]>>(words: &[W]) -> Self {
        let automaton = || AhoCorasick::new(words).map_or(Needles::None, Needles::Automaton);
        packed::Searcher::new(words).map_or_else(automaton, Needles::Packed)
    }

    /// Where the words stand, in order, and the index of each.
    pub fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let (packed, automaton) = match self {
            Needles::Packed(packed) => (Some(packed), None),
            Needles::Automaton(automaton) => (None, Some(automaton)),
            Needles::None => (None, None),
        };
        let packed = packed.into_iter().flat_map(move |searcher| searcher.find_iter(bytes));
        let automaton = automaton.into_iter().flat_map(move |automaton| automaton.find_iter(bytes));
        packed.chain(automaton).map(|found| (found.start(), found.pattern().as_usize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_find_the_same() {
        let words = ["abc", "xyz", "12"];
        let text = [&b"abc--xyz12abx"[..], &[0; 300], b"12abc"].concat();
        let both = [Needles::new(&words), Needles::Automaton(AhoCorasick::new(words).unwrap())];
        for needles in both {
            assert_eq!(
                needles.find(&text).collect::<Vec<_>>(),
                [(0, 0), (5, 1), (8, 2), (313, 2), (315, 0)]
            );
        }
        assert_eq!(Needles::None.find(b"abc").count(), 0);
    }
}
