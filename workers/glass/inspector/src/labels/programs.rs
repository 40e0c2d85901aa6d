//! Signatures of programs and of old archives are short, and some are words: a script may begin with `MZ`. So the header behind
//! them must be one.

use crate::reader::Reader;

/// False when the header is none of its kind; true for what is called anything else.
pub(super) fn is_plausible(name: &str, bytes: &[u8]) -> bool {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    match name {
        "pe" => is_dos(bytes),
        // Class, order and version of the header (System V ABI, chapter 4).
        "elf" => matches!(byte(4), 1 | 2) && matches!(byte(5), 1 | 2) && byte(6) == 1,
        // The major version (JVMS 4.1), or the number of architectures of a Mach-O universal binary.
        "class" => byte(4) == 0 && byte(5) == 0 || matches!(byte(6), 0) && (45..=120).contains(&byte(7)),
        "dex" => bytes.get(4..7).is_some_and(|version| version.iter().all(u8::is_ascii_digit)) && byte(7) == 0,
        "wasm" => bytes.get(4..8) == Some(&[1, 0, 0, 0]),
        // The type of the file, in either byte order (Mach-O mach_header).
        "macho" => bytes.get(12..16).is_some_and(|kind| kind.iter().filter(|b| **b == 0).count() == 3),
        "cpio" if !bytes.starts_with(b"0707") => is_binary_cpio(bytes),
        _ => true,
    }
}

/// The old binary header in either byte order: a known type of file, and a name that its zero ends (cpio(5), old binary format).
fn is_binary_cpio(bytes: &[u8]) -> bool {
    const HEADER: usize = 26;
    let swapped = bytes.first() == Some(&0x71);
    let word = |at: usize| Reader::at(bytes, at).u16().map(|w| if swapped { w.swap_bytes() } else { w });
    let kind = word(6).is_some_and(|mode| matches!(mode >> 12, 1 | 2 | 4 | 6 | 8 | 9 | 10 | 12));
    let name = word(20).map(usize::from).unwrap_or_default();
    let end = HEADER.saturating_add(name);
    kind && (2..=4096).contains(&name) && (end > bytes.len() || bytes.get(end.saturating_sub(1)) == Some(&0))
}

/// The header of a DOS program: bytes in the last page, paragraphs of the header (IMAGE_DOS_HEADER); or a PE header where it leads.
fn is_dos(bytes: &[u8]) -> bool {
    let word = |at: usize| Reader::at(bytes, at).u16();
    let leads = || {
        let at = usize::try_from(Reader::at(bytes, 0x3c).u32()?).ok()?;
        bytes.get(at..at.checked_add(4)?).map(|magic| magic == b"PE\0\0")
    };
    bytes.len() < 64 && bytes.iter().skip(2).all(|b| *b == 0)
        || word(2).is_some_and(|last| last < 512) && word(8).is_some_and(|header| (1..=0x1000).contains(&header))
        || leads() == Some(true)
}

#[cfg(test)]
mod tests {
    use crate::labels::find;

    #[test]
    fn words_are_no_programs() {
        for text in [
            &b"MZ=1\r\nSet s=CreateObject(\"WScript.Shell\")\r\ns.Run \"x\"\r\n"[..],
            b"\x7fELF<script>x()</script>",
            b"dex\n=1;x()",
            b"\xca\xfe\xba\xbe<form>",
            b"\x71\xc7\x80\x93\x41\x12\x99\x52\x61\x0a\x10\x33\x71\x62\x33\x51\x98\x11\x05\xa1\xff\xff\x12\x33\x44\x55\x12",
        ] {
            assert!(find(text).is_none(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn headers_are() {
        let dos = [&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"[..], &[0; 60]].concat();
        for (bytes, name) in [
            (&dos[..], "pe"),
            (b"\x7fELF\x02\x01\x01\0", "elf"),
            (b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10", "class"),
            (b"dex\n035\0", "dex"),
            (
                b"\xc7\x71\x01\0\x05\0\xa4\x81\0\0\0\0\x01\0\0\0\x10\x4e\0\0\x02\0\0\0\x03\0a\0abc\0",
                "cpio",
            ),
        ] {
            assert_eq!(find(bytes).map(|label| label.name), Some(name));
        }
    }
}
