//! Undoes PNG and TIFF predictors behind Flate and LZW (ISO 32000-2 section 7.4.4.4), row by row.

mod tiff;

use std::io::{Read, Result};

/// Longest row that is held, in bytes; a longer one ends with the data long before.
const MAX_ROW: usize = 128 * 1024 * 1024;
/// Most bits of a pixel.
const MAX_PIXEL: i64 = 1 << 20;
/// Bytes by which a row grows while it is read: its length is a claim.
const STEP: usize = 64 * 1024;

/// What `DecodeParms` says of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// True for a PNG predictor, whose rows begin with their kind; else TIFF predictor 2.
    pub png: bool,
    /// Bytes of a pixel, at least 1.
    pub pixel: usize,
    /// Bits of a component: 1, 2, 4, 8 or 16.
    pub bits: u8,
    /// Components of a pixel, at least 1.
    pub colors: usize,
    /// Bytes of a row without its kind, at least 1.
    pub row: usize,
}

/// What the parameters ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// Nothing was predicted.
    None,
    /// Rows of this shape.
    Rows(Shape),
    /// Rows of which no shape can be made.
    Senseless,
}

impl Shape {
    /// The shape of the parameters.
    pub fn of(predictor: i64, colors: i64, bits: i64, columns: i64) -> Prediction {
        let png = predictor >= 10;
        if !png && predictor != 2 {
            return Prediction::None;
        }
        Self::rows(png, colors, bits, columns).map_or(Prediction::Senseless, Prediction::Rows)
    }

    fn rows(png: bool, colors: i64, bits: i64, columns: i64) -> Option<Shape> {
        if colors < 1 || columns < 1 || bits < 1 || !(png || matches!(bits, 1 | 2 | 4 | 8 | 16)) {
            return None;
        }
        let pixel_bits = colors.checked_mul(bits).filter(|n| *n <= MAX_PIXEL)?;
        let row_bits = pixel_bits.checked_mul(columns)?;
        let row = usize::try_from(row_bits.checked_add(7)?.div_euclid(8)).ok()?;
        let pixel = usize::try_from(pixel_bits.checked_add(7)?.div_euclid(8)).ok()?;
        // Only rows of TIFF are undone by the component.
        let bits = u8::try_from(bits).ok().or(png.then_some(8))?;
        Some(Shape {
            png,
            pixel,
            bits,
            colors: usize::try_from(colors).ok()?,
            row: row.min(MAX_ROW),
        })
    }
}

/// A reader of rows with the prediction undone.
pub struct Predictor<R> {
    from: R,
    shape: Shape,
    row: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Predictor<R> {
    /// A reader over predicted rows.
    pub fn new(from: R, shape: Shape) -> Self {
        Predictor {
            from,
            shape,
            row: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn next_row(&mut self) -> Result<()> {
        let mut kind = [0_u8; 1];
        if self.shape.png && self.fill_from(&mut kind)? == 0 {
            self.ended = true;
            self.row.clear();
            return Ok(());
        }
        let mut row = Vec::new();
        while row.len() < self.shape.row {
            let had = row.len();
            let room = STEP.min(self.shape.row.saturating_sub(had));
            row.resize(had.saturating_add(room), 0);
            let got = match self.fill_from(row.get_mut(had..).unwrap_or_default()) {
                // What came before an error is a part of a row; the error comes again on the next read.
                Err(_) if had > 0 => 0,
                other => other?,
            };
            row.truncate(had.saturating_add(got));
            if got < room {
                break;
            }
        }
        self.ended = row.len() < self.shape.row;
        let above = std::mem::take(&mut self.row);
        match kind.first().copied().filter(|_| self.shape.png) {
            Some(kind) => undo(kind, &mut row, &above, self.shape.pixel),
            None => tiff::undo(&mut row, self.shape),
        }
        self.row = row;
        self.given = 0;
        Ok(())
    }

    fn fill_from(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0_usize;
        while let Some(room) = out.get_mut(filled..).filter(|r| !r.is_empty()) {
            match self.from.read(room) {
                Ok(0) => break,
                Ok(n) => filled = filled.saturating_add(n),
                // What came before an error is a part of a row; the error comes again on the next read.
                Err(error) if filled == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(filled)
    }
}

impl<R: Read> Read for Predictor<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let left = self.row.get(self.given..).unwrap_or_default();
            let n = left.len().min(out.len());
            if n > 0 || out.is_empty() {
                if let (Some(to), Some(from)) = (out.get_mut(..n), left.get(..n)) {
                    to.copy_from_slice(from);
                }
                self.given = self.given.saturating_add(n);
                return Ok(n);
            }
            if self.ended {
                // A cut row may have hidden an error of the decoder below: ask it once more.
                return self.from.read(&mut [0; 1]).map(|_| 0);
            }
            self.next_row()?;
        }
    }
}

/// PNG filter kinds 0 to 4 (PNG specification, section 9).
fn undo(kind: u8, row: &mut [u8], above: &[u8], pixel: usize) {
    for at in 0..row.len() {
        let left = at.checked_sub(pixel).and_then(|i| row.get(i)).copied().unwrap_or_default();
        let up = above.get(at).copied().unwrap_or_default();
        let corner = at.checked_sub(pixel).and_then(|i| above.get(i)).copied().unwrap_or_default();
        let add = match kind {
            1 => left,
            2 => up,
            3 => u8::try_from(u16::from(left).saturating_add(u16::from(up)).div_euclid(2)).unwrap_or_default(),
            4 => paeth(left, up, corner),
            _ => 0,
        };
        if let Some(byte) = row.get_mut(at) {
            *byte = byte.wrapping_add(add);
        }
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left).saturating_add(i16::from(up)).saturating_sub(i16::from(corner));
    let far = |n: u8| guess.saturating_sub(i16::from(n)).unsigned_abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_rows_are_undone() {
        let Prediction::Rows(shape) = Shape::of(12, 1, 8, 3) else {
            panic!()
        };
        let mut out = Vec::new();
        let rows: &[u8] = &[2, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1];
        Predictor::new(rows, shape).read_to_end(&mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn senseless_shapes_are_refused() {
        for (predictor, colors, bits, columns) in [
            (12, i64::MAX, 8, 3),
            (12, 1, 8, i64::MAX),
            (12, 0, 8, 3),
            (2, 1, 3, 3),
            (2, 1, 8, -1),
        ] {
            assert_eq!(Shape::of(predictor, colors, bits, columns), Prediction::Senseless);
        }
        assert_eq!(Shape::of(1, 0, 8, 3), Prediction::None);
    }

    #[test]
    fn a_row_is_as_long_as_its_data() {
        let Prediction::Rows(shape) = Shape::of(12, 1, 8, 1 << 40) else {
            panic!()
        };
        let mut out = Vec::new();
        Predictor::new(&[&[1, 7][..], &[0; 200_000]].concat()[..], shape)
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(out, [7; 200_001]);
    }
}
