//! Pages, scripts and archives behind something else: a browser and a script host go by the name and read all of the file, and
//! extractors search in it.

use crate::bits::utf16le;
use crate::streams;
use crate::web::smuggling;
use crate::zip::{self, Archive, Entry};
use crate::{marker, noise, payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A page of which only its script says what it carries.
fn page(seed: &str) -> Vec<u8> {
    smuggling("evil.zip", &zip::simple(&[("evil.txt", &payload(seed))]))
}

/// A script for the Windows script host that unpacks what it carries.
fn script(seed: &str) -> Vec<u8> {
    let carried = STANDARD.encode(payload(seed));
    format!("var text = atob(\"{carried}\");\nvar shell = new ActiveXObject(\"WScript.Shell\");\n").into_bytes()
}

/// A file of each kind: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let wide = |text: &[u8]| utf16le(&String::from_utf8_lossy(text));
    let prose = b"Words of a text that goes on and on. ".repeat(4000);
    let comment = [&b"/*"[..], &[1; 100_000], b"*/"].concat();
    let picture = [&b"GIF89a=1;/*"[..], &[0xfe; 300], b"*/"].concat();
    let mut archive = Archive::of(vec![Entry::stored("note.txt", b"An ordinary note.")]);
    archive.comment = page("page-in-comment");
    vec![
        ("page-behind-gif.html", [&b"GIF89a"[..], &page("page-behind-gif")].concat()),
        (
            "page-behind-png.html",
            [&b"\x89PNG\r\n\x1a\n"[..], &page("page-behind-png")].concat(),
        ),
        ("page-behind-pdf.html", [&b"%PDF-1.4\n"[..], &page("page-behind-pdf")].concat()),
        ("page-behind-rtf.html", [&b"{\\rtf1 words}"[..], &page("page-behind-rtf")].concat()),
        ("page-behind-noise.html", [noise(7, 3 << 20), page("page-behind-noise")].concat()),
        ("page-behind-nul.html", [vec![0; 200_000], page("page-behind-nul")].concat()),
        ("page-behind-words.html", [prose, handler("page-behind-words")].concat()),
        ("page-behind-wide.html", [wide(&[b'a'; 6000]), page("page-behind-wide")].concat()),
        (
            "page-marked-wide.html",
            [&[0xff, 0xfe][..], &noise(8, 4000), &wide(&page("page-marked-wide"))].concat(),
        ),
        ("page-in-comment.html", archive.build()),
        ("script-behind-controls.js", [comment, script("script-behind-controls")].concat()),
        ("script-behind-gif.js", [picture, script("script-behind-gif")].concat()),
        (
            "gzip-behind-png.png",
            [
                &b"\x89PNG\r\n\x1a\n"[..],
                &noise(9, 5000),
                &streams::gzip("a.txt", &payload("gzip-behind-png")),
            ]
            .concat(),
        ),
        (
            "bzip2-behind-jpeg.jpg",
            [
                &b"\xff\xd8\xff\xe0\0\x10JFIF\0"[..],
                &noise(10, 5000),
                &streams::bzip2(&payload("bzip2-behind-jpeg")),
                &noise(11, 5000),
            ]
            .concat(),
        ),
        (
            "xz-behind-noise.bin",
            [&noise(12, 5000)[..], &streams::xz(&payload("xz-behind-noise")), &noise(13, 100)].concat(),
        ),
        (
            "zip-before-noise.gif",
            [&b"GIF89a"[..], &noise(14, 500), &deflated("zip-before-noise"), &noise(15, 200_000)].concat(),
        ),
        ("zip-last-part.zip", last_part("zip-last-part")),
    ]
}

fn deflated(seed: &str) -> Vec<u8> {
    Archive::of(vec![Entry::deflated("a.txt", &payload(seed))]).build()
}

/// The last part of a split archive: what came before its last member stands in another file.
fn last_part(seed: &str) -> Vec<u8> {
    let whole = zip::simple(&[("first.txt", &noise(16, 3000)[..]), ("last.txt", &payload(seed))]);
    let second = whole.windows(4).rposition(|w| w == b"PK\x03\x04").unwrap_or_default();
    let mut part = whole.get(second..).unwrap_or_default().to_vec();
    // The end record says disk 1, and counts offsets from the start of this part.
    let place = |part: &[u8], magic: &[u8]| part.windows(4).rposition(|w| w == magic).unwrap_or_default();
    let end = place(&part, b"PK\x05\x06");
    let central = place(&part, b"PK\x01\x02");
    let first = part.windows(4).position(|w| w == b"PK\x01\x02").unwrap_or_default();
    let offset = u32::try_from(first).unwrap_or_default().to_le_bytes();
    for (at, bytes) in [
        (end + 4, &[1, 0, 1, 0, 2, 0][..]),
        (end + 16, &offset),
        (central + 34, &[1, 0]),
        (central + 42, &[0; 4]),
    ] {
        if let Some(field) = part.get_mut(at..at + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    }
    part
}

/// A page whose script is written with references, so that only who reads the page sees it.
fn handler(seed: &str) -> Vec<u8> {
    let script = format!("var a = '{}';", marker(seed));
    let hidden: String = script.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    format!("<img src=x onerror=\"{hidden}\">\n").into_bytes()
}
