//! Which bytes of the archive are accounted for.

use std::collections::BTreeMap;

/// A set of byte ranges, merged as they come.
#[derive(Debug, Default)]
pub struct Ranges {
    starts: BTreeMap<usize, usize>,
}

impl Ranges {
    /// Adds `start..end`.
    pub fn add(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        let (mut start, mut end) = (start, end);
        while let Some((&have, &stop)) = self.starts.range(..=end).next_back() {
            if stop < start {
                break;
            }
            start = start.min(have);
            end = end.max(stop);
            self.starts.remove(&have);
        }
        self.starts.insert(start, end);
    }

    /// Whether the byte at `at` is in it.
    pub fn holds(&self, at: usize) -> bool {
        self.starts.range(..=at).next_back().is_some_and(|(_, stop)| at < *stop)
    }

    /// What is not in it below `len`, in order.
    pub fn holes(&self, len: usize) -> Vec<(usize, usize)> {
        let mut at = 0;
        let mut out = Vec::new();
        for (&start, &stop) in &self.starts {
            if start > at {
                out.push((at, start.min(len)));
            }
            at = at.max(stop);
        }
        if at < len {
            out.push((at, len));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_and_leave_holes() {
        let mut r = Ranges::default();
        r.add(10, 20);
        r.add(30, 40);
        r.add(15, 32);
        r.add(50, 50);
        assert!(r.holds(10) && r.holds(39) && !r.holds(40) && !r.holds(9));
        assert_eq!(r.holes(45), [(0, 10), (40, 45)]);
        r.add(0, 10);
        assert_eq!(r.holes(40), []);
    }
}
