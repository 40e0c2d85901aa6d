//! The bytes that the bench works on: the same on every run.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A rule that never matches, for what the unpacking alone costs.
pub const EMPTY_PACK: &str = "rule never { condition: false }\n";

/// Words of a text that compresses as prose does.
const WORDS: [&str; 32] = [
    "the", "of", "and", "letter", "figure", "quarter", "please", "invoice", "to", "a", "in", "meeting", "project", "value", "report", "is",
    "for", "that", "table", "with", "on", "as", "account", "by", "paper", "office", "it", "from", "number", "are", "window", "or",
];

/// `len` bytes like those of an ordinary folder: a third prose, a third tables of numbers, a third that nothing compresses.
pub fn mixed(seed: u64, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 4096);
    let random = airlock_forge::noise(seed, len / 4 + 64);
    let mut next = random.iter().copied().cycle();
    let mut draw = move || next.next().unwrap_or_default();
    let mut part = 0;
    while out.len() < len {
        let stop = out.len() + 64 * 1024;
        match part % 3 {
            0 => {
                while out.len() < stop {
                    out.extend_from_slice(WORDS[usize::from(draw()) % WORDS.len()].as_bytes());
                    out.push(if draw() < 20 { b'\n' } else { b' ' });
                }
            }
            1 => {
                while out.len() < stop {
                    let _ = write!(
                        out,
                        "{:>8}.{:02}\t{:>6}\r\n",
                        u32::from(draw()) * u32::from(draw()),
                        draw() % 100,
                        draw()
                    );
                }
            }
            _ => out.extend(airlock_forge::noise(seed.wrapping_add(part), 64 * 1024)),
        }
        part += 1;
    }
    out.truncate(len);
    out
}

/// Writes the empty pack into a folder of its own.
///
/// # Errors
/// When it cannot be written.
pub fn empty_pack(below: &Path) -> io::Result<PathBuf> {
    let folder = below.join("empty-pack");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("never.yar"), EMPTY_PACK)?;
    Ok(folder)
}

/// All files below a folder, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            out.extend(files(&path)?);
        } else {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_bytes_are_repeatable_and_compress_by_about_half() {
        let bytes = mixed(1, 600_000);
        assert_eq!(bytes, mixed(1, 600_000));
        let packed = airlock_forge::bits::deflate(&bytes).len();
        assert!((200_000..450_000).contains(&packed), "{packed}");
    }
}
