//! Pages and scripts behind something else: a browser and a script host go by the name and read all of the file.

use crate::bits::utf16le;
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
    ]
}

/// A page whose script is written with references, so that only who reads the page sees it.
fn handler(seed: &str) -> Vec<u8> {
    let script = format!("var a = '{}';", marker(seed));
    let hidden: String = script.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    format!("<img src=x onerror=\"{hidden}\">\n").into_bytes()
}
