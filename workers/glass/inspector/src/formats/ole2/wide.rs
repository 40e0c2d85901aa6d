//! Text in UTF-16 inside binary streams, as Word and others keep it: read without believing the structures that point to it.

/// Fewest characters in a row that are text and no chance.
const MIN_RUN: usize = 12;

/// Every row of printable UTF-16LE characters, at even and at odd offsets, a line each; empty when there is none.
pub fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    for shift in [0, 1] {
        let units = bytes.get(shift..).unwrap_or_default().as_chunks::<2>().0;
        let mut run = String::new();
        let mut length = 0_usize;
        for unit in units.iter().map(|u| u16::from_le_bytes(*u)).chain([0]) {
            match printable(unit) {
                Some(c) => {
                    run.push(c);
                    length = length.saturating_add(1);
                }
                None => {
                    if length >= MIN_RUN {
                        out.push_str(&run);
                        out.push('\n');
                    }
                    run.clear();
                    length = 0;
                }
            }
        }
    }
    out
}

/// Letters of the scripts that people write in, and what stands between them. CJK is left out: any bytes look like it.
fn printable(unit: u16) -> Option<char> {
    let c = char::from_u32(u32::from(unit))?;
    let plain = matches!(unit, 0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0xa0..=0x24f | 0x370..=0x52f | 0x5d0..=0x6ff | 0x2010..=0x2040 | 0x20ac);
    plain.then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_at_any_offset_and_numbers_are_not() {
        let wide: Vec<u8> = "Привет, hidden words".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = vec![0xff, 0xfe, 0xfd];
        bytes.extend(&wide);
        bytes.extend([0xff; 5]);
        assert_eq!(text(&bytes), "Привет, hidden words\n");
        assert_eq!(text(&[0x41, 0, 0x42, 0, 0, 0]), "");
    }
}
