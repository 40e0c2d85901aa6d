//! A greedy LZ77 matcher with a window that may begin in an earlier file: RAR5 and LHA encode its tokens.

use std::collections::HashMap;

/// One step of an LZ77 stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// This byte as it is.
    Literal(u8),
    /// `length` bytes again from `distance` bytes back (1 = the byte before).
    Match {
        /// How many bytes.
        length: usize,
        /// How far back.
        distance: usize,
    },
}

/// Tokens for `data`, which follows `history`; matches are 8 to `longest` bytes and reach back at most `window`.
pub fn tokens(history: &[u8], data: &[u8], longest: usize, window: usize) -> Vec<Token> {
    const SHORTEST: usize = 8;
    let all = [history, data].concat();
    let mut seen: HashMap<[u8; SHORTEST], usize> = HashMap::new();
    let mut out = Vec::new();
    let mut done = history.len();
    for at in 0..all.len() {
        let key = all.get(at..at + SHORTEST).and_then(|k| <[u8; SHORTEST]>::try_from(k).ok());
        let before = key.and_then(|k| seen.insert(k, at));
        if at < done {
            continue;
        }
        let Some(from) = before.filter(|from| at - from <= window) else {
            out.push(Token::Literal(all[at]));
            done = at + 1;
            continue;
        };
        let length = all[at..].iter().zip(&all[from..]).take(longest).take_while(|(a, b)| a == b).count();
        out.push(Token::Match {
            length,
            distance: at - from,
        });
        done = at + length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_replay_to_the_data_across_files() {
        let first = b"the quick brown fox jumps over the lazy dog".to_vec();
        let second = [b"again: the quick brown fox ".as_slice(), &[b'x'; 300]].concat();
        let mut replay = first.clone();
        let list = tokens(&first, &second, 100, 4096);
        for token in &list {
            match *token {
                Token::Literal(byte) => replay.push(byte),
                Token::Match { length, distance } => (0..length).for_each(|_| replay.push(replay[replay.len() - distance])),
            }
        }
        assert_eq!(&replay[first.len()..], second);
        assert!(list.iter().any(|t| matches!(t, Token::Match { distance, .. } if *distance > 40)));
    }
}
