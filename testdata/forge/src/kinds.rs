//! Containers that are recognised by their first bytes but that few tools open, and files of two kinds at once.

use crate::bits::{Le, crc32};
use crate::cfb::Cfb;
use crate::{locked, marker, noise, ole, pdf, zip};

/// One minimal file of each kind: name, bytes. They carry the mark of their kind and noise, no payload.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let filled = |head: &[u8], len: usize| [head, &noise(u64::from(crc32(head)), len)].concat();
    vec![
        ("empty.7z", seven_zip()),
        ("image.iso", iso()),
        (
            "cabinet.cab",
            filled(
                &Le::new()
                    .raw(b"MSCF")
                    .u32(0)
                    .u32(600)
                    .u32(0)
                    .u32(44)
                    .u32(0)
                    .u8(3)
                    .u8(1)
                    .u16(1)
                    .u16(1)
                    .u16(0)
                    .u32(7)
                    .0,
                564,
            ),
        ),
        ("disk.vhd", [vec![0; 4096], filled(b"conectix\0\0\0\x02\0\x01\0\0", 496)].concat()),
        ("disk.vhdx", filled(b"vhdxfile", 4096)),
        ("old.ace", filled(b"\x10\x20\x31\0\0\0\x90**ACE**\x14\x14\x02\0", 300)),
        (
            "old.arj",
            filled(
                &Le::new().raw([0x60, 0xea]).u16(30).u8(30).u8(11).u8(1).u8(0).u8(0x10).u8(0).u8(2).0,
                300,
            ),
        ),
        ("windows.wim", filled(b"MSWIM\0\0\0\xd0\0\0\0", 600)),
        ("help.chm", filled(b"ITSF\x03\0\0\0\x60\0\0\0", 600)),
        (
            "notes.one",
            filled(
                &[
                    0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d, 0xae, 0xb1, 0x53, 0x78, 0xd0, 0x29, 0x96, 0xd3,
                ],
                1024,
            ),
        ),
        ("winmail.dat", filled(&[0x78, 0x9f, 0x3e, 0x22, 1, 0, 1, 6, 0x90, 8, 0], 300)),
        ("image.dmg", [noise(40, 2048), filled(b"koly\0\0\0\x04\0\0\x02\0", 500)].concat()),
        (
            "archive.cpio",
            format!("070701{:032}{:08X}{:048}{:08X}{:08}TRAILER!!!\0\0\0\0", 0, 1, 0, 11, 0).into_bytes(),
        ),
        (
            "archive.ar",
            b"!<arch>\nnotes.txt/      0           0     0     100644  10        `\nharmless.\n".to_vec(),
        ),
        ("archive.zst", filled(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58], 200)),
        ("archive.Z", filled(&[0x1f, 0x9d, 0x90], 200)),
        ("mail.eml", mail("mail", false)),
        ("page.mht", mail("page", true)),
        (
            "message.msg",
            Cfb::new()
                .stream("__properties_version1.0", &[0; 32])
                .stream("__nameid_version1.0/__substg1.0_00020102", &[0; 16])
                .build(),
        ),
        ("setup.msi", {
            let class = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
            Cfb::new().class("", class).stream("\u{5}SummaryInformation", &[0; 64]).build()
        }),
        ("locked.docx", locked::docx("infected", "locked")),
        (
            "locked-default-password.xlsx",
            locked::xlsx("VelvetSweatshop", "locked-default-password"),
        ),
        ("locked.doc", {
            let plain = ole::doc("A locked letter.").build();
            flag_as_encrypted(plain)
        }),
        ("program.exe", pe()),
        (
            "self-extractor.exe",
            [pe(), zip::simple(&[("evil.txt", &crate::payload("self-extractor"))])].concat(),
        ),
        (
            "pdf-and-zip.pdf",
            [
                pdf::clean("pdf-and-zip"),
                zip::simple(&[("evil.txt", &crate::payload("pdf-and-zip"))]),
            ]
            .concat(),
        ),
        (
            "gif-and-zip.gif",
            [gif(), zip::simple(&[("evil.txt", &crate::payload("gif-and-zip"))])].concat(),
        ),
        ("picture.gif", gif()),
    ]
}

/// A 7z archive without members: a start header that points to nothing, with right checksums.
fn seven_zip() -> Vec<u8> {
    let next = Le::new().u64(0).u64(0).u32(0).0;
    Le::new().raw(b"7z\xbc\xaf\x27\x1c\0\x04").u32(crc32(&next)).raw(next).0
}

/// A primary volume descriptor and a terminator at sector 16 (ECMA-119).
fn iso() -> Vec<u8> {
    let mut out = vec![0; 18 * 2048];
    out[32768..32775].copy_from_slice(b"\x01CD001\x01");
    out[32808..32822].copy_from_slice(b"AIRLOCK_FORGE ");
    out[34816..34823].copy_from_slice(b"\xffCD001\x01");
    out
}

fn mail(seed: &str, page: bool) -> Vec<u8> {
    let kind = if page {
        "multipart/related; type=\"text/html\""
    } else {
        "multipart/mixed"
    };
    let from = if page { "<Saved by a browser>" } else { "sender@example.com" };
    format!(
        "From: {from}\r\nTo: person@example.com\r\nSubject: {}\r\nDate: Tue, 02 Jan 2024 03:04:05 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: {kind}; boundary=\"edge\"\r\n\r\n--edge\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--edge--\r\n",
        marker(seed)
    )
    .into_bytes()
}

/// Sets fEncrypted (bit 8 of the FIB's flags, MS-DOC 2.5.2) in the WordDocument stream of a `.doc` of this forge.
fn flag_as_encrypted(mut file: Vec<u8>) -> Vec<u8> {
    if let Some(at) = file.windows(4).position(|w| w == [0xec, 0xa5, 0xc1, 0]) {
        file[at + 11] |= 0x01;
    }
    file
}

/// A 32-bit PE without sections that returns at once; enough for its magic numbers.
fn pe() -> Vec<u8> {
    let mut out = vec![0; 0x200];
    out[..2].copy_from_slice(b"MZ");
    out[0x3c..0x40].copy_from_slice(&0x80u32.to_le_bytes());
    let head = Le::new()
        .raw(b"PE\0\0")
        .u16(0x14c)
        .u16(0)
        .u32(0)
        .u32(0)
        .u32(0)
        .u16(0xe0)
        .u16(0x102)
        .u16(0x10b)
        .0;
    out[0x80..0x80 + head.len()].copy_from_slice(&head);
    out[0x100] = 0xc3;
    out
}

fn gif() -> Vec<u8> {
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_where_the_formats_put_them() {
        let find = |name: &str| samples().into_iter().find(|(n, _)| *n == name).unwrap().1;
        assert_eq!(&find("image.iso")[0x8001..0x8006], b"CD001");
        assert_eq!(&find("old.ace")[7..14], b"**ACE**");
        assert_eq!(find("empty.7z").len(), 32);
        let image = find("image.dmg");
        assert_eq!(&image[image.len() - 512..image.len() - 508], b"koly");
        let disk = find("disk.vhd");
        assert_eq!(&disk[disk.len() - 512..disk.len() - 504], b"conectix");
    }
}
