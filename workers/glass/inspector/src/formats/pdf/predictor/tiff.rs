//! TIFF predictor 2, horizontal differencing, for every depth of a component (TIFF 6.0, section 14).

use super::Shape;

/// Adds to each component of a row the same component of the pixel before it.
pub(super) fn undo(row: &mut [u8], shape: Shape) {
    match shape.bits {
        8 => whole(row, shape.colors),
        16 => wide(row, shape.colors),
        bits => packed(row, shape.colors, bits),
    }
}

fn whole(row: &mut [u8], colors: usize) {
    for at in colors..row.len() {
        let left = at.checked_sub(colors).and_then(|i| row.get(i)).copied().unwrap_or_default();
        if let Some(byte) = row.get_mut(at) {
            *byte = byte.wrapping_add(left);
        }
    }
}

/// Two bytes each, the high one first.
fn wide(row: &mut [u8], colors: usize) {
    let mut before = vec![0_u16; colors];
    for pixel in row.chunks_mut(colors.saturating_mul(2)) {
        for (component, before) in pixel.as_chunks_mut::<2>().0.iter_mut().zip(&mut before) {
            *before = before.wrapping_add(u16::from_be_bytes(*component));
            *component = before.to_be_bytes();
        }
    }
}

/// Several in a byte, the first in its highest bits; rows begin at a byte.
fn packed(row: &mut [u8], colors: usize, bits: u8) {
    let mask = u8::MAX.checked_shr(u32::from(8_u8.saturating_sub(bits))).unwrap_or_default();
    let mut before = vec![0_u8; colors];
    let mut color = 0_usize;
    for byte in row {
        let mut made = 0_u8;
        let mut shift = 8_u8;
        while shift >= bits && bits > 0 {
            shift = shift.saturating_sub(bits);
            if let Some(before) = before.get_mut(color) {
                *before = before.wrapping_add(byte.checked_shr(shift.into()).unwrap_or_default()) & mask;
                made |= before.checked_shl(shift.into()).unwrap_or_default();
            }
            color = color.saturating_add(1);
            if color == colors {
                color = 0;
            }
        }
        *byte = made;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Prediction;
    use super::*;

    fn undone(bits: i64, colors: i64, row: &[u8]) -> Vec<u8> {
        let mut row = row.to_vec();
        let Prediction::Rows(shape) = Shape::of(2, colors, bits, 64) else {
            panic!()
        };
        undo(&mut row, shape);
        row
    }

    #[test]
    fn every_depth_is_undone() {
        assert_eq!(undone(8, 1, &[1, 1, 255]), [1, 2, 1]);
        assert_eq!(undone(8, 2, &[1, 5, 1, 1]), [1, 5, 2, 6]);
        assert_eq!(undone(16, 1, &[0, 255, 0, 1, 9]), [0, 255, 1, 0, 9]);
        assert_eq!(undone(4, 1, &[0x12, 0xf1]), [0x13, 0x23]);
        assert_eq!(undone(4, 2, &[0x12, 0x11, 0x10]), [0x12, 0x23, 0x33]);
        assert_eq!(undone(1, 1, &[0b1100_0001, 0b1000_0000]), [0b1000_0001, 0b0000_0000]);
        assert_eq!(undone(2, 1, &[0b01_01_01_01]), [0b01_10_11_00]);
    }
}
