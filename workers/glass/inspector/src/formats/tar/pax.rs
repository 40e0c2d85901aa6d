//! pax extended headers: records `LENGTH KEY=VALUE\n` (POSIX.1-2024 pax Extended Header).

use super::header::text;

/// Records of one header that are read.
const MAX_RECORDS: usize = 100_000;

/// What extended headers say of a member.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax {
    /// Name, by pax or GNU.
    pub(super) path: Option<String>,
    /// Link target, by pax or GNU.
    pub(super) link: Option<String>,
    /// Name by pax alone.
    pub(super) pax_path: Option<String>,
    /// Link target by pax alone.
    pub(super) pax_link: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) sparse_name: Option<String>,
    /// Length of the expanded sparse file.
    pub(super) sparse_size: Option<u64>,
    /// Offsets and lengths of formats 0.0 and 0.1.
    pub(super) sparse_map: Vec<u64>,
    /// Format 1.0: the map stands before the data.
    pub(super) sparse_major: Option<u64>,
}

impl Pax {
    /// Adds the records of a header; a damaged one ends them.
    pub(super) fn read(&mut self, mut data: &[u8]) {
        for _ in 0..MAX_RECORDS {
            let Some((key, value, rest)) = record(data) else { return };
            data = rest;
            self.set(key, value);
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        let number = || std::str::from_utf8(value).ok().and_then(|digits| digits.trim().parse::<u64>().ok());
        match key {
            b"path" => {
                self.path = Some(text(value));
                self.pax_path = self.path.clone();
            }
            b"linkpath" => {
                self.link = Some(text(value));
                self.pax_link = self.link.clone();
            }
            b"size" => self.size = number(),
            b"GNU.sparse.name" => self.sparse_name = Some(text(value)),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" | b"SCHILY.realsize" => self.sparse_size = number(),
            b"GNU.sparse.major" => self.sparse_major = number(),
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.sparse_map.extend(number()),
            b"GNU.sparse.map" => {
                let numbers = std::str::from_utf8(value).unwrap_or_default().split(',');
                self.sparse_map = numbers.take(MAX_RECORDS).map_while(|digits| digits.trim().parse().ok()).collect();
            }
            _ => {}
        }
    }

    /// These records, and where they say nothing, those that hold for the whole archive.
    pub(super) fn over(self, global: &Pax) -> Pax {
        Pax {
            path: self.path.or_else(|| global.path.clone()),
            link: self.link.or_else(|| global.link.clone()),
            size: self.size.or(global.size),
            ..self
        }
    }
}

fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = memchr::memchr(b' ', data.get(..24).unwrap_or(data))?;
    let length: usize = std::str::from_utf8(data.get(..space)?).ok()?.parse().ok()?;
    let line = data.get(space.checked_add(1)?..length)?;
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let equals = memchr::memchr(b'=', line)?;
    Some((line.get(..equals)?, line.get(equals.checked_add(1)?..)?, data.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_until_a_damaged_one() {
        let mut pax = Pax::default();
        pax.read(b"11 path=a\nb12 size=99\nxx");
        assert_eq!(pax.path.as_deref(), Some("a\nb"));
        assert_eq!(pax.size, None);
        pax.read(b"11 size=99\n99 path=q\n");
        assert_eq!((pax.size, pax.path.as_deref()), (Some(99), Some("a\nb")));
    }
}
