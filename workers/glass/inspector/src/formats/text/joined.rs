//! Digits in pieces with the same between each two of them: what a script does with one line, it does with the next.

/// Most bytes that may stand between two pieces.
const LONGEST_GAP: usize = 80;
/// Most digits of a last piece that is shorter than the others.
const LAST: usize = 256;

/// Where pieces of digits stand. One has a window of `shortest` digits, so that looking at every window finds it: ordinary text costs
/// next to nothing.
pub fn pieces(bytes: &[u8], shortest: usize, is_digit: impl Fn(&u8) -> bool) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let window = bytes.get(at..at.saturating_add(shortest))?;
            if let Some(gap) = window.iter().rposition(|b| !is_digit(b)) {
                at = at.saturating_add(gap).saturating_add(1);
                continue;
            }
            let rest = bytes.get(at..)?;
            let length = rest.iter().position(|b| !is_digit(b)).unwrap_or(rest.len());
            let start = at;
            at = at.saturating_add(length).saturating_add(1);
            return Some((start, rest.get(..length)?));
        }
    })
}

/// The pieces that go together, as far as they were read.
pub struct Joined {
    is_digit: fn(&u8) -> bool,
    digits: Vec<u8>,
    /// How many pieces, and where the last one begins and ends.
    pieces: usize,
    start: usize,
    end: usize,
    /// What stands before the last piece, and what is compared of it.
    last: (usize, usize),
    between: Vec<u8>,
}

impl Joined {
    /// No pieces yet, of these digits.
    pub fn new(is_digit: fn(&u8) -> bool) -> Self {
        Self {
            is_digit,
            digits: Vec::new(),
            pieces: 0,
            start: 0,
            end: 0,
            last: (0, 0),
            between: Vec::new(),
        }
    }

    /// Adds the piece at a place; gives the digits of the pieces before it where it does not go on with them.
    pub fn add(&mut self, bytes: &[u8], at: usize, piece: &[u8]) -> Option<Vec<u8>> {
        let gap = bytes.get(self.end..at).unwrap_or_default();
        let between = (self.pieces > 0).then(|| told(gap)).flatten();
        let mut done = None;
        match between {
            Some(between) if self.pieces == 1 || between == self.between => self.between = between,
            between => {
                done = self.end(bytes);
                let last = bytes.get(self.start..self.end).unwrap_or_default();
                self.digits.clear();
                self.pieces = 0;
                // The piece before may have been the first one.
                if let Some(between) = between {
                    self.digits.extend_from_slice(last);
                    (self.pieces, self.between) = (1, between);
                }
            }
        }
        self.last = (self.end, at);
        self.digits.extend_from_slice(piece);
        self.pieces = self.pieces.saturating_add(1);
        (self.start, self.end) = (at, at.saturating_add(piece.len()));
        done
    }

    /// The digits of two pieces or more; the last piece of all may be a short one.
    pub fn end(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.pieces < 2 {
            return None;
        }
        let mut digits = std::mem::take(&mut self.digits);
        let gap = bytes.get(self.last.0..self.last.1).unwrap_or_default();
        if let Some(rest) = bytes.get(self.end..).and_then(|rest| rest.strip_prefix(gap)) {
            digits.extend(rest.iter().take(LAST).take_while(|b| (self.is_digit)(b)));
        }
        Some(digits)
    }
}

/// What is compared of what stands between two pieces: one line writes to a file what the next one appends, and names may have numbers.
/// `None` where too much stands between them.
pub fn told(gap: &[u8]) -> Option<Vec<u8>> {
    let told = gap
        .iter()
        .filter(|b| !b.is_ascii_whitespace() && !b.is_ascii_digit() && **b != b'>');
    (gap.len() <= LONGEST_GAP).then(|| told.map(u8::to_ascii_lowercase).collect())
}
