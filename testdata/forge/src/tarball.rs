//! Tar archives, header by header: ustar, GNU long names, pax, and their tricks (POSIX.1-2017 pax, GNU tar manual "Basic Tar Format").

use crate::payload;

/// One header and its data; `build` pads the data to 512 bytes.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name, at most 100 bytes are written.
    pub name: String,
    /// Type flag: `0` file, `1` hard link, `2` symbolic link, `5` directory, `L` GNU long name, `x` pax.
    pub kind: u8,
    /// Target of a link, at most 100 bytes are written.
    pub link: String,
    /// The bytes.
    pub data: Vec<u8>,
    /// Size in the header, when it shall not be the true one.
    pub size: Option<u64>,
    /// Writes a wrong header checksum.
    pub bad_checksum: bool,
    /// Magic and version: `ustar\0` `00`, GNU's, or zeros for the V7 format.
    pub magic: [u8; 8],
}

impl Member {
    /// A regular file.
    pub fn file(name: &str, data: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            kind: b'0',
            link: String::new(),
            data: data.to_vec(),
            size: None,
            bad_checksum: false,
            magic: *b"ustar\x0000",
        }
    }

    /// A member of another type that points to `link`.
    pub fn link(name: &str, kind: u8, link: &str) -> Self {
        Self {
            kind,
            link: link.to_owned(),
            ..Self::file(name, b"")
        }
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn header(&self) -> Vec<u8> {
        let mut block = vec![0u8; 512];
        put(&mut block, 0, &self.name.as_bytes()[..self.name.len().min(100)]);
        put(&mut block, 100, b"0000644\x000000000\x000000000\0");
        put(
            &mut block,
            124,
            format!("{:011o}\0", self.size.unwrap_or(self.data.len() as u64)).as_bytes(),
        );
        put(&mut block, 136, b"14544712000\0        ");
        block[156] = self.kind;
        put(&mut block, 157, &self.link.as_bytes()[..self.link.len().min(100)]);
        put(&mut block, 257, &self.magic);
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        let sum = if self.bad_checksum { sum + 7 } else { sum };
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        block
    }
}

/// The members, and the two zero blocks that end an archive.
pub fn build(members: &[Member]) -> Vec<u8> {
    [members_only(members), vec![0; 1024]].concat()
}

/// A plain ustar archive of files.
pub fn simple(files: &[(&str, &[u8])]) -> Vec<u8> {
    build(&files.iter().map(|(name, data)| Member::file(name, data)).collect::<Vec<_>>())
}

/// Every tar file: name, bytes; the marker of each is `marker(<name without .tar>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let long = format!("{}/evil.txt", "folder".repeat(30));
    let evil = |seed: &str| Member::file("evil.txt", &payload(seed));
    let good = || Member::file("good.txt", b"Nothing to see here.\n");
    let gnu = |m: &mut Member| m.magic = *b"ustar  \0";
    let old = |m: &mut Member| m.magic = [0; 8];
    vec![
        (
            "junk-in-front.tar",
            [vec![b'J'; 512], build(&[good(), evil("junk-in-front")])].concat(),
        ),
        ("ustar.tar", build(&[good(), evil("ustar")])),
        ("v7.tar", build(&[good().with(old), evil("v7").with(old)])),
        ("gnu-long-name.tar", {
            let name = Member {
                kind: b'L',
                ..Member::file("././@LongLink", &[long.as_bytes(), b"\0"].concat())
            };
            build(&[name.with(gnu), Member::file(&long, &payload("gnu-long-name")).with(gnu)])
        }),
        (
            "pax-long-name.tar",
            build(&[pax(&[("path", &long)]), Member::file("short.txt", &payload("pax-long-name"))]),
        ),
        (
            "pax-override-name.tar",
            build(&[
                pax(&[("path", "invoice.exe")]),
                Member::file("invoice.txt", &payload("pax-override-name")),
            ]),
        ),
        ("pax-override-size.tar", {
            let size = payload("pax-override-size").len().to_string();
            build(&[pax(&[("size", &size)]), evil("pax-override-size").with(|m| m.size = Some(0))])
        }),
        (
            "bad-checksum.tar",
            build(&[good(), evil("bad-checksum").with(|m| m.bad_checksum = true)]),
        ),
        ("t02-after-end.tar", [build(&[good()]), build(&[evil("t02-after-end")])].concat()),
        ("no-end.tar", members_only(&[good(), evil("no-end")])),
        ("cut.tar", {
            let whole = members_only(&[good(), Member::file("evil.txt", &[payload("cut"), vec![b'.'; 5000]].concat())]);
            whole[..whole.len() - 2048].to_vec()
        }),
        (
            "duplicate-name.tar",
            build(&[evil("duplicate-name"), good().with(|m| m.name = "evil.txt".to_owned())]),
        ),
        (
            "traversal.tar",
            build(&[evil("traversal").with(|m| m.name = "../../../etc/cron.d/evil".to_owned())]),
        ),
        ("symlink-escape.tar", {
            let inside = evil("symlink-escape").with(|m| m.name = "door/evil.txt".to_owned());
            build(&[Member::link("door", b'2', "../../outside"), inside])
        }),
        (
            "hardlink.tar",
            build(&[evil("hardlink"), Member::link("copy.txt", b'1', "evil.txt")]),
        ),
        ("lying-size.tar", build(&[evil("lying-size").with(|m| m.size = Some(1 << 32))])),
        (
            "sparse-and-device.tar",
            build(&[
                Member::link("null", b'3', ""),
                Member::link("fifo", b'6', ""),
                evil("sparse-and-device"),
            ]),
        ),
    ]
}

/// A pax extended header with these records.
pub fn pax(records: &[(&str, &str)]) -> Member {
    let lines: String = records.iter().map(|(key, value)| pax_record(key, value)).collect();
    Member {
        kind: b'x',
        ..Member::file("PaxHeaders/1", lines.as_bytes())
    }
}

fn pax_record(key: &str, value: &str) -> String {
    let body = format!(" {key}={value}\n");
    let mut len = body.len() + 1;
    while len != body.len() + len.to_string().len() {
        len = body.len() + len.to_string().len();
    }
    format!("{len}{body}")
}

fn members_only(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        out.extend_from_slice(&member.header());
        out.extend_from_slice(&member.data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out
}

fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn read(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut archive = tar::Archive::new(bytes);
        let members = archive.entries().unwrap().map_while(Result::ok);
        members
            .map(|mut entry| {
                let mut data = Vec::new();
                let name = entry.path().unwrap().to_string_lossy().into_owned();
                entry.read_to_end(&mut data).unwrap();
                (name, data)
            })
            .collect()
    }

    #[test]
    fn another_reader_reads_every_dialect() {
        for name in [
            "ustar",
            "v7",
            "gnu-long-name",
            "pax-long-name",
            "pax-override-size",
            "hardlink",
            "no-end",
        ] {
            let (_, bytes) = samples().into_iter().find(|(n, _)| *n == format!("{name}.tar")).unwrap();
            assert!(read(&bytes).iter().any(|(_, data)| *data == payload(name)), "{name}");
        }
        let (_, long) = samples().into_iter().find(|(n, _)| *n == "gnu-long-name.tar").unwrap();
        assert_eq!(read(&long)[0].0.len(), 189);
    }

    #[test]
    fn members_after_the_end_are_hidden_from_a_plain_reader() {
        let (_, bytes) = samples().into_iter().find(|(n, _)| *n == "t02-after-end.tar").unwrap();
        assert_eq!(read(&bytes).len(), 1);
    }
}
