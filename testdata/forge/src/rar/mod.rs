//! RAR writers: RAR5 stored, solid and compressed, encrypted data and headers (RARLAB technical note), and RAR4 stored.

mod keys;
mod lz50;

use crate::bits::{Le, crc32};
use crate::{noise, payload};
use keys::Keys;
use lz50::compress;

/// A RAR5 archive under construction.
#[derive(Debug, Clone, Default)]
pub struct Rar5 {
    members: Vec<(String, Vec<u8>)>,
    /// Compresses with method 3; false stores.
    pub compressed: bool,
    /// All members share one window; without it each member begins with an empty one.
    pub solid: bool,
    /// Encrypts the members' data with AES-256 and this password.
    pub password: Option<String>,
    /// With a password, encrypts the headers too, so that even names are hidden.
    pub hide_names: bool,
    /// A service record `STM` (alternate data stream) with this stream name, after the first member.
    pub stream_name: Option<String>,
    /// Bytes before the signature: a self-extractor's program.
    pub prefix: Vec<u8>,
}

impl Rar5 {
    /// An empty archive of stored members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn file(mut self, name: &str, data: &[u8]) -> Self {
        self.members.push((name.to_owned(), data.to_vec()));
        self
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let mut out = [self.prefix.as_slice(), b"Rar!\x1a\x07\x01\x00"].concat();
        let keys = self.password.as_deref().map(Keys::new);
        let cover = keys.as_ref().filter(|_| self.hide_names);
        if let Some(keys) = cover {
            out.extend(header(4, 0, &[vint(0), vint(0), keys.salt_and_count()].concat(), &[], None));
        }
        let mut parts = vec![(header(1, 0, &vint(if self.solid { 4 } else { 0 }), &[], None), Vec::new())];
        let mut window = Vec::new();
        for (index, (name, data)) in self.members.iter().enumerate() {
            let packed = if self.compressed { compress(&window, data) } else { data.clone() };
            let follows = self.solid && index > 0;
            if self.solid {
                window.extend_from_slice(data);
            }
            let block = self.file_block(name, data, &packed, follows, keys.as_ref());
            let body = keys.as_ref().map_or_else(|| packed.clone(), |keys| keys.seal(&packed));
            parts.push((block, body));
            if let Some(stream) = self.stream_name.as_ref().filter(|_| index == 0) {
                parts.push((stream_block(stream, data), data.clone()));
            }
        }
        parts.push((header(5, 0, &vint(0), &[], None), Vec::new()));
        for (block, body) in parts {
            out.extend(cover.map_or_else(|| block.clone(), |keys| keys.cover(&block)));
            out.extend(body);
        }
        out
    }

    fn file_block(&self, name: &str, plain: &[u8], packed: &[u8], follows: bool, keys: Option<&Keys>) -> Vec<u8> {
        let method = if self.compressed { 3 << 7 } else { 0 };
        let window = 5 << 10; // 128 KiB << 5 = 4 MiB
        let body = [
            vint(0x0006),
            vint(plain.len() as u64),
            vint(0o100_644),
            0x6593_7d80_u32.to_le_bytes().to_vec(),
            crc32(plain).to_le_bytes().to_vec(),
            vint(method | window | if follows { 0x40 } else { 0 }),
            vint(1),
            vint(name.len() as u64),
            name.as_bytes().to_vec(),
        ]
        .concat();
        let record = keys.map_or(Vec::new(), |k| k.record());
        let size = if keys.is_some() {
            packed.len().next_multiple_of(16)
        } else {
            packed.len()
        };
        header(2, 0x02, &body, &record, Some(size as u64))
    }
}

/// A RAR 2.9 to 4.x archive of stored members.
pub fn rar4(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"Rar!\x1a\x07\x00".to_vec();
    out.extend(old_block(0x73, 0, &[0; 6]));
    for (name, data) in files {
        let size = data.len() as u32;
        let body = Le::new()
            .u32(size)
            .u32(size)
            .u8(3)
            .u32(crc32(data))
            .u32(0x5822_1883)
            .u8(20)
            .u8(0x30);
        let body = body.u16(name.len() as u16).u32(0o100_644).raw(name).0;
        out.extend(old_block(0x74, 0x8000, &body));
        out.extend_from_slice(data);
    }
    out.extend(old_block(0x7b, 0x4000, &[]));
    out
}

/// Every RAR: name, bytes; the marker of each is `marker(<name without .rar>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let first = b"The first member is harmless. ".repeat(40);
    let base = |seed: &str| Rar5::new().file("first.txt", &first).file("folder/evil.txt", &payload(seed));
    vec![
        ("rar5-stored.rar", base("rar5-stored").build()),
        ("rar5-compressed.rar", base("rar5-compressed").with(|r| r.compressed = true).build()),
        ("rar5-solid.rar", {
            let shared = [first.as_slice(), &payload("solid-twin")].concat();
            let second = [payload("solid-twin"), payload("rar5-solid")].concat();
            let rar = Rar5::new().file("first.txt", &shared).file("second.txt", &second);
            rar.with(|r| (r.compressed, r.solid) = (true, true)).build()
        }),
        (
            "rar5-password.rar",
            base("rar5-password").with(|r| r.password = Some("infected".to_owned())).build(),
        ),
        ("rar5-hidden-names.rar", {
            let rar = base("rar5-hidden-names").with(|r| r.password = Some("infected".to_owned()));
            rar.with(|r| r.hide_names = true).build()
        }),
        ("rar5-stream-traversal.rar", {
            let name = ":..\\..\\..\\..\\..\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\evil.lnk";
            base("rar5-stream-traversal")
                .with(|r| r.stream_name = Some(name.to_owned()))
                .build()
        }),
        (
            "rar5-traversal.rar",
            Rar5::new().file("../../../evil.txt", &payload("rar5-traversal")).build(),
        ),
        ("rar5-prefix.rar", base("rar5-prefix").with(|r| r.prefix = noise(5, 3000)).build()),
        ("rar5-cut.rar", {
            let whole = base("rar5-cut").file("last.bin", &noise(9, 4000)).build();
            whole[..whole.len() - 2000].to_vec()
        }),
        (
            "rar4-stored.rar",
            rar4(&[("first.txt", &first), ("evil.txt", &payload("rar4-stored"))]),
        ),
    ]
}

/// Number with seven bits a byte, low bits first.
fn vint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn header(kind: u64, flags: u64, body: &[u8], extra: &[u8], data: Option<u64>) -> Vec<u8> {
    let flags = flags | u64::from(!extra.is_empty());
    let mut rest = [vint(kind), vint(flags)].concat();
    if !extra.is_empty() {
        rest.extend(vint(extra.len() as u64));
    }
    rest.extend(data.map_or(Vec::new(), vint));
    rest.extend_from_slice(body);
    rest.extend_from_slice(extra);
    let sized = [vint(rest.len() as u64), rest].concat();
    [crc32(&sized).to_le_bytes().as_slice(), &sized].concat()
}

/// Service header `STM`: an NTFS stream, whose name is in the sub-data record (type 7).
fn stream_block(stream: &str, data: &[u8]) -> Vec<u8> {
    let body = [
        vint(0x0004),
        vint(data.len() as u64),
        vint(0x20),
        crc32(data).to_le_bytes().to_vec(),
        vint(0),
        vint(0),
        vint(3),
        b"STM".to_vec(),
    ]
    .concat();
    let record = [vint(7), stream.as_bytes().to_vec()].concat();
    let record = [vint(record.len() as u64), record].concat();
    header(3, 0x22, &body, &record, Some(data.len() as u64))
}

fn old_block(kind: u8, flags: u16, body: &[u8]) -> Vec<u8> {
    let rest = Le::new().u8(kind).u16(flags).u16(body.len() as u16 + 7).raw(body).0;
    [&(crc32(&rest) as u16).to_le_bytes()[..], &rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn unpack(bytes: &[u8], password: Option<&[u8]>) -> Vec<Vec<u8>> {
        let mut options = rars::ArchiveReadOptions::default();
        options.password = password;
        let archive = rars::ArchiveReader::read_with_options(bytes, options).unwrap();
        let mut sinks = Vec::new();
        archive
            .extract_to(password, |_| {
                let sink = Sink::default();
                sinks.push(sink.clone());
                Ok(Box::new(sink))
            })
            .unwrap();
        sinks.into_iter().map(|sink| sink.0.lock().unwrap().clone()).collect()
    }

    #[test]
    fn another_reader_unpacks_every_whole_archive() {
        for (name, bytes) in samples() {
            if name.contains("cut") || name.contains("stream") {
                continue;
            }
            let locked = name.contains("password") || name.contains("hidden");
            let members = unpack(&bytes, locked.then_some(b"infected".as_slice()));
            let marker = marker(name.trim_end_matches(".rar"));
            assert!(members.iter().any(|m| m.windows(32).any(|w| w == marker.as_bytes())), "{name}");
            assert_eq!(
                bytes.windows(32).any(|w| w == marker.as_bytes()),
                !locked && !name.contains("solid") && !name.contains("compressed"),
                "{name}"
            );
        }
    }

    #[test]
    fn the_second_solid_member_needs_the_first() {
        let twin = noise(77, 3000);
        let alone = Rar5::new().file("b", &twin).with(|r| r.compressed = true).build();
        let solid = Rar5::new()
            .file("a", &twin)
            .file("b", &twin)
            .with(|r| (r.compressed, r.solid) = (true, true))
            .build();
        assert!(solid.len() < alone.len() + 400);
        assert_eq!(unpack(&solid, None), vec![twin.clone(), twin]);
    }
}
