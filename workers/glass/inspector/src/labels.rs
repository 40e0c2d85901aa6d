//! Types that are recognised and not opened: a container among them is a gap, never "unknown, clean".
//!
//! Signatures are those of the published format descriptions; `infer` gives a last hint for media types.

mod disks;
mod programs;

use crate::formats::text;

/// What a node is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Name used in reports.
    pub name: &'static str,
    /// Plain name.
    pub title: &'static str,
    /// True when it holds other files that are not opened: a gap.
    pub container: bool,
}

/// What nobody recognises.
pub const UNKNOWN: Label = Label {
    name: "bin",
    title: "unknown data",
    container: false,
};

struct Row {
    label: Label,
    offset: usize,
    magic: &'static [u8],
}

const fn holds(name: &'static str, title: &'static str, offset: usize, magic: &'static [u8]) -> Row {
    Row {
        label: Label {
            name,
            title,
            container: true,
        },
        offset,
        magic,
    }
}

const fn leaf(name: &'static str, title: &'static str, offset: usize, magic: &'static [u8]) -> Row {
    Row {
        label: Label {
            name,
            title,
            container: false,
        },
        offset,
        magic,
    }
}

/// Longest first where one begins another.
static ROWS: &[Row] = &[
    holds("7z", "a 7z archive", 0, b"7z\xbc\xaf\x27\x1c"),
    holds("cab", "a CAB archive", 0, b"MSCF\0\0\0\0"),
    holds("cab", "an InstallShield CAB archive", 0, b"ISc("),
    holds("ace", "an ACE archive", 7, b"**ACE**"),
    holds("wim", "a WIM image", 0, b"MSWIM\0\0\0"),
    holds("vhd", "a VHD disk image", 0, b"conectix"),
    holds("vhdx", "a VHDX disk image", 0, b"vhdxfile"),
    holds("vmdk", "a VMDK disk image", 0, b"KDMV"),
    holds("qcow", "a QCOW disk image", 0, b"QFI\xfb"),
    holds("iso", "an ISO 9660 image", 0x8001, b"CD001"),
    holds("iso", "an ISO 9660 image", 0x8801, b"CD001"),
    holds("udf", "a UDF image", 0x8001, b"BEA01"),
    holds("chm", "a CHM help file", 0, b"ITSF\x03\0\0\0"),
    holds(
        "onenote",
        "a OneNote section",
        0,
        b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",
    ),
    holds(
        "onenote",
        "a OneNote table of contents",
        0,
        b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f",
    ),
    holds("tnef", "a TNEF attachment", 0, b"\x78\x9f\x3e\x22"),
    holds("xar", "a XAR archive", 0, b"xar!"),
    holds("rpm", "an RPM package", 0, b"\xed\xab\xee\xdb"),
    holds("ar", "an AR archive", 0, b"!<arch>\n"),
    holds("cpio", "a CPIO archive", 0, b"070701"),
    holds("cpio", "a CPIO archive", 0, b"070702"),
    holds("cpio", "a CPIO archive", 0, b"070707"),
    holds("cpio", "a CPIO archive", 0, b"\xc7\x71"),
    holds("cpio", "a CPIO archive", 0, b"\x71\xc7"),
    holds("zstd", "zstd data", 0, b"\x28\xb5\x2f\xfd"),
    holds("lz4", "LZ4 data", 0, b"\x04\x22\x4d\x18"),
    holds("lz4", "LZ4 data", 0, b"\x02\x21\x4c\x18"),
    holds("lzop", "LZO data", 0, b"\x89LZO\0\r\n\x1a\n"),
    holds("compress", "compress (.Z) data", 0, b"\x1f\x9d"),
    holds("pack", "pack (.z) data", 0, b"\x1f\x1e"),
    holds("bzip1", "bzip (version 1) data", 0, b"BZ0"),
    holds("stuffit", "a StuffIt archive", 0, b"SIT!"),
    holds("stuffit", "a StuffIt archive", 0, b"StuffIt"),
    holds("zpaq", "a ZPAQ archive", 0, b"zPQ"),
    holds("zpaq", "a ZPAQ archive", 0, b"7kSt"),
    holds("zoo", "a ZOO archive", 20, b"\xdc\xa7\xc4\xfd"),
    holds("arc-freeze", "frozen data", 0, b"\x1f\x9f"),
    holds("squashfs", "a SquashFS image", 0, b"hsqs"),
    holds("squashfs", "a SquashFS image", 0, b"sqsh"),
    holds("squashfs", "a SquashFS image", 0, b"shsq"),
    holds("squashfs", "a SquashFS image", 0, b"qshs"),
    holds("mslz", "a file of MS-DOS compress", 0, b"SZDD\x88\xf0\x27\x33"),
    holds("mslz", "a file of MS-DOS compress", 0, b"KWAJ\x88\xf0\x27\xd1"),
    holds("mslz", "a file of QBasic compress", 0, b"SZ \x88\xf0\x27\x33\xd1"),
    holds("ppmd", "a PPMd file", 0, b"\x8f\xaf\xac\x84"),
    holds("nsis", "an NSIS installer's archive", 4, b"\xef\xbe\xad\xdeNullsoftInst"),
    holds("lit", "a Microsoft Reader book", 0, b"ITOLITLS"),
    holds("sparse", "an Android sparse image", 0, b"\x3a\xff\x26\xed"),
    holds("uefi", "a UEFI firmware volume", 40, b"_FVH"),
    holds("cramfs", "a CramFS image", 0, b"\x45\x3d\xcd\x28"),
    holds("cramfs", "a CramFS image", 0, b"\x28\xcd\x3d\x45"),
    holds("ext", "an ext file system", 0x438, b"\x53\xef"),
    holds("luks", "a LUKS volume", 0, b"LUKS\xba\xbe"),
    holds("ntfs", "an NTFS volume", 3, b"NTFS    "),
    holds("bitlocker", "a BitLocker volume", 3, b"-FVE-FS-"),
    holds("exfat", "an exFAT volume", 3, b"EXFAT   "),
    holds("hfs", "an HFS+ volume", 1024, b"H+\0\x04"),
    holds("hfs", "an HFS+ volume", 1024, b"HX\0\x05"),
    holds("apfs", "an APFS container", 32, b"NXSB"),
    holds("gpt", "a disk image with partitions", 512, b"EFI PART"),
    holds("vdi", "a VDI disk image", 64, b"\x7f\x10\xda\xbe"),
    holds("cd", "a raw CD image", 0, b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"),
    holds("uimage", "a U-Boot image", 0, b"\x27\x05\x19\x56"),
    holds("warc", "a WARC archive", 0, b"WARC/1."),
    holds("warc", "a WARC archive", 0, b"WARC/0."),
    holds("par2", "a PAR2 archive", 0, b"PAR2\0PKT"),
    holds("msaccess", "an Access database", 4, b"Standard Jet DB"),
    holds("msaccess", "an Access database", 4, b"Standard ACE DB"),
    holds("pst", "an Outlook data file", 0, b"!BDN"),
    holds("help", "a Windows help file", 0, b"\x3f\x5f\x03\x00"),
    holds("swf", "a Flash file", 0, b"CWS"),
    holds("swf", "a Flash file", 0, b"ZWS"),
    leaf("swf", "a Flash file", 0, b"FWS"),
    leaf("pe", "a Windows program", 0, b"MZ"),
    leaf("elf", "an ELF program", 0, b"\x7fELF"),
    leaf("macho", "a Mach-O program", 0, b"\xfe\xed\xfa\xce"),
    leaf("macho", "a Mach-O program", 0, b"\xfe\xed\xfa\xcf"),
    leaf("macho", "a Mach-O program", 0, b"\xce\xfa\xed\xfe"),
    leaf("macho", "a Mach-O program", 0, b"\xcf\xfa\xed\xfe"),
    leaf("class", "Java bytecode", 0, b"\xca\xfe\xba\xbe"),
    leaf("wasm", "WebAssembly", 0, b"\0asm"),
    leaf("dex", "Dalvik bytecode", 0, b"dex\n"),
    leaf("png", "a PNG image", 0, b"\x89PNG\r\n\x1a\n"),
    leaf("jpeg", "a JPEG image", 0, b"\xff\xd8\xff"),
    leaf("gif", "a GIF image", 0, b"GIF87a"),
    leaf("gif", "a GIF image", 0, b"GIF89a"),
    leaf("tiff", "a TIFF image", 0, b"II*\0"),
    leaf("tiff", "a TIFF image", 0, b"MM\0*"),
    leaf("psd", "a Photoshop image", 0, b"8BPS"),
    leaf("ico", "an icon", 0, b"\0\0\x01\0"),
    leaf("jp2", "a JPEG 2000 image", 0, b"\0\0\0\x0cjP  \r\n\x87\n"),
    leaf("bpg", "a BPG image", 0, b"BPG\xfb"),
    leaf("emf", "an EMF picture", 40, b" EMF"),
    leaf("wmf", "a WMF picture", 0, b"\xd7\xcd\xc6\x9a"),
    leaf("pcap", "a packet capture", 0, b"\xd4\xc3\xb2\xa1"),
    leaf("pcap", "a packet capture", 0, b"\xa1\xb2\xc3\xd4"),
    leaf("pcapng", "a packet capture", 0, b"\n\r\r\n"),
    leaf("ogg", "Ogg media", 0, b"OggS"),
    leaf("flac", "FLAC audio", 0, b"fLaC"),
    leaf("mp3", "MP3 audio", 0, b"ID3"),
    leaf("mkv", "Matroska media", 0, b"\x1a\x45\xdf\xa3"),
    leaf("flv", "Flash video", 0, b"FLV\x01"),
    leaf("asf", "ASF media", 0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    leaf("midi", "MIDI music", 0, b"MThd"),
    leaf("mp4", "ISO media", 4, b"ftyp"),
    leaf("mp4", "ISO media", 4, b"moov"),
    leaf("mp4", "ISO media", 4, b"mdat"),
    leaf("bplist", "a binary property list", 0, b"bplist"),
    leaf("otf", "an OpenType font", 0, b"OTTO"),
    leaf("ttf", "a TrueType font", 0, b"\0\x01\0\0\0"),
    leaf("woff", "a web font", 0, b"wOFF"),
    leaf("woff2", "a web font", 0, b"wOF2"),
    leaf("sqlite", "an SQLite database", 0, b"SQLite format 3\0"),
    leaf("dicom", "a DICOM image", 128, b"DICM"),
    leaf("wad", "a game resource file", 0, b"PWAD"),
    leaf("wad", "a game resource file", 0, b"IWAD"),
    leaf("nes", "a game cartridge", 0, b"NES\x1a"),
    leaf("icc", "a colour profile", 36, b"acsp"),
    leaf("lnk", "a Windows shortcut", 0, b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"),
    leaf("y4m", "raw video", 0, b"YUV4MPEG2"),
    leaf("ilda", "a laser animation", 0, b"ILDA"),
];

/// Every label of the table, once each and sorted by name, for `FORMATS.md`.
pub fn all() -> Vec<Label> {
    let mut labels: Vec<Label> = ROWS.iter().map(|row| row.label).collect();
    labels.sort_by_key(|label| label.name);
    labels.dedup_by_key(|label| label.name);
    labels
}

/// What a type is by its signature alone; `None` for text and for what nobody recognises.
pub fn find(bytes: &[u8]) -> Option<Label> {
    let by_magic = ROWS.iter().find(|row| {
        // The first byte alone rules most out, without a call.
        let begins = |tail: &[u8]| tail.first() == row.magic.first() && tail.starts_with(row.magic);
        bytes.get(row.offset..).is_some_and(begins) && programs::is_plausible(row.label.name, bytes)
    });
    let label = by_magic.map(|row| row.label);
    label
        .or_else(|| riff(bytes))
        .or_else(|| arj(bytes))
        .or_else(|| disks::find(bytes))
        .or_else(|| trailer(bytes))
        .or_else(|| hinted(bytes))
        .filter(|label| is_written(label.name, bytes).unwrap_or_else(|| !text::is_single_bytes(bytes)))
}

/// Text may begin with the words by which media and archives are known, and runs or is read as what it is. Of archives whose headers are
/// text themselves: whether the header is one; `None` for all others.
fn is_written(name: &str, bytes: &[u8]) -> Option<bool> {
    let all = |range: std::ops::Range<usize>, fits: fn(&u8) -> bool| bytes.get(range).is_some_and(|header| header.iter().all(fits));
    match name {
        // IEEE 1003.1-1988 (odc), and the new form of cpio(5): 11 and 13 numbers behind the magic.
        "cpio" if bytes.starts_with(b"070707") => Some(all(6..76, |b| (b'0'..=b'7').contains(b))),
        "cpio" if bytes.starts_with(b"0707") => Some(all(6..110, u8::is_ascii_hexdigit)),
        "ar" => Some(true),
        // WARC 1.1, section 4: the version is a line of its own.
        "warc" => Some(
            bytes
                .get(..16)
                .unwrap_or(bytes)
                .iter()
                .skip(7)
                .find(|b| !b.is_ascii_digit())
                .is_some_and(|b| matches!(b, b'\r' | b'\n')),
        ),
        _ => None,
    }
}

fn riff(bytes: &[u8]) -> Option<Label> {
    if !bytes.starts_with(b"RIFF") {
        return (bytes.starts_with(b"BM") && bytes.get(6..10)? == [0; 4]).then_some(Label {
            name: "bmp",
            title: "a bitmap",
            container: false,
        });
    }
    let (name, title) = match bytes.get(8..12)? {
        b"WAVE" => ("wav", "WAV audio"),
        b"AVI " => ("avi", "AVI video"),
        b"WEBP" => ("webp", "a WebP image"),
        _ => ("riff", "RIFF media"),
    };
    Some(Label {
        name,
        title,
        container: false,
    })
}

/// ARJ: the two-byte signature alone is too weak, so the header's own size and first fields must fit (ARJ technical note).
fn arj(bytes: &[u8]) -> Option<Label> {
    let size = u16::from_le_bytes([*bytes.get(2)?, *bytes.get(3)?]);
    let first = *bytes.get(4)?;
    let fits = bytes.starts_with(b"\x60\xea") && (30..=2600).contains(&size) && (30..=52).contains(&first);
    fits.then_some(Label {
        name: "arj",
        title: "an ARJ archive",
        container: true,
    })
}

/// Formats that are known by their end: DMG (the `koly` block of 512 bytes) and fixed VHD.
fn trailer(bytes: &[u8]) -> Option<Label> {
    let end = bytes.get(bytes.len().checked_sub(512)?..)?;
    if end.starts_with(b"koly") {
        return Some(Label {
            name: "dmg",
            title: "a DMG disk image",
            container: true,
        });
    }
    end.starts_with(b"conectix").then_some(Label {
        name: "vhd",
        title: "a VHD disk image",
        container: true,
    })
}

/// Media types that `infer` knows: a name for the report, never a reason to open or to skip something.
fn hinted(bytes: &[u8]) -> Option<Label> {
    let kind = infer::get(bytes)?;
    let media = matches!(
        kind.matcher_type(),
        infer::MatcherType::Image | infer::MatcherType::Audio | infer::MatcherType::Video | infer::MatcherType::Font
    );
    media.then(|| Label {
        name: kind.extension(),
        title: "media",
        container: false,
    })
}

/// Labels of text: one group, because a name alone tells many of them apart.
pub const TEXT: &[&str] = &[
    "txt", "html", "svg", "xml", "js", "vbs", "ps1", "bat", "vba", "css", "csv", "json", "hta", "eml", "mht", "url", "ini", "wsf", "php",
    "slk", "iqy", "rdp", "reg", "script",
];
const ARCHIVE: &[&str] = &[
    "zip",
    "jar",
    "apk",
    "gzip",
    "bzip2",
    "xz",
    "lzma",
    "lzip",
    "zlib",
    "macbinary",
    "tar",
    "rar",
    "lha",
    "7z",
    "cab",
    "arj",
    "ace",
    "iso",
];
const OFFICE: &[&str] = &[
    "ole2", "doc", "xls", "ppt", "docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xlsb", "xltx", "xltm", "xlam", "pptx", "pptm", "ppsx",
    "ppsm", "potx", "potm", "ppam", "vsdx", "vsdm", "ooxml", "odt", "ods", "odp", "odg", "odf", "odb", "ott", "ots", "otp", "otg", "odm",
    "odc", "odi", "sxw", "sxc", "sxi", "sxd", "sxm", "stw", "stc", "sti", "std", "rtf", "msg", "msi", "pub", "vsd", "mpp",
];
const EXE: &[&str] = &["pe", "elf", "macho", "class", "wasm", "dex"];
const IMAGE: &[&str] = &["png", "jpeg", "gif", "bmp", "tiff", "webp", "ico", "emf", "wmf"];

/// Whether a word of a rule's `formats` covers a node's format.
pub fn covers(word: &str, format: &str) -> bool {
    match word {
        "any" => true,
        "archive" => ARCHIVE.contains(&format),
        "office" => OFFICE.contains(&format),
        "exe" => EXE.contains(&format),
        "image" => IMAGE.contains(&format),
        "text" => TEXT.contains(&format),
        word if word == format => true,
        word => TEXT.contains(&word) && TEXT.contains(&format),
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn text_with_the_word_of_a_type_of_media_is_none() {
        for text in [
            &b"rem ftyp\r\nset x=1"[..],
            b"GIF89a=1\n",
            b"ID3 & rem\r\n",
            b"the ftyp box of MP4",
            b"OggS says hello",
        ] {
            assert_eq!(find(text), None, "{}", String::from_utf8_lossy(text));
        }
        assert!(find(b"GIF89a\x01\0\x01\0\x80").is_some() && find(b"\0\0\0\x18ftypmp42").is_some());
        assert!(find(b"WARC/1.0\r\n").is_some_and(|label| label.container));
    }
}
