//! A file name in a header (RFC 6266, RFC 8187): harmless for a disk, and the same for every browser.

use std::fmt::Write as _;

use airlock_proto::text::{cut_name, saved_name};

/// The value of `Content-Disposition` for a file that is to be saved under a hostile name.
pub(crate) fn attachment(name: &str) -> String {
    let name = harmless(name);
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{ascii}\"");
    if ascii != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value
}

fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hostile = |c: char| c.is_control() || airlock_proto::text::is_invisible(c) || "\"*:<>?|%;".contains(c);
    let name: String = last.chars().map(|c| if hostile(c) { '_' } else { c }).collect();
    // A leading dot hides a file.
    let name = saved_name(&name).trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    if name.is_empty() { "download".to_owned() } else { cut_name(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_harmless() {
        let cases = [
            ("invoice.pdf", "attachment; filename=\"invoice.pdf\""),
            ("räk.pdf", "attachment; filename=\"r_k.pdf\"; filename*=UTF-8''r%C3%A4k.pdf"),
            ("..\\..\\a/b/evil.exe", "attachment; filename=\"evil.exe\""),
            ("a\"; filename=b.exe", "attachment; filename=\"a__ filename=b.exe\""),
            ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie_ x\""),
            ("cod\u{202e}fdp.exe", "attachment; filename=\"cod_fdp.exe\""),
            (" .. ", "attachment; filename=\"download\""),
            ("", "attachment; filename=\"download\""),
        ];
        for (name, expected) in cases {
            assert_eq!(attachment(name), expected, "{name:?}");
        }
        let long = attachment(&format!("{}.pdf", "ä".repeat(300)));
        assert!(long.ends_with(".pdf") && long.len() < 1200, "{long}");
    }
}
