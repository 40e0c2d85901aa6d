//! Text that carries files: mail messages, pages in one file, and the encodings that archivers undo.

use memchr::memmem;

use crate::input::Input;
use crate::signatures::Signature;

/// How far the first line of an encoding is looked for, in bytes.
const NEAR: usize = 64 * 1024;
/// Longest header of a message that is read, in bytes.
const HEADER: usize = 4 * 1024 * 1024;
/// Header fields of mail (RFC 5322, RFC 2045; RFC 2557 for MHT).
const FIELDS: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "received",
    "return-path",
    "message-id",
    "mime-version",
    "content-type",
    "delivered-to",
    "x-mailer",
    "reply-to",
    "content-transfer-encoding",
    "content-disposition",
    "x-mimeole",
    "dkim-signature",
    "snapshot-content-location",
    "thread-topic",
    "cc",
    "sender",
];

/// What these bytes carry files as.
pub fn find(input: &Input<'_>) -> Option<&'static str> {
    let near = input.bytes.get(..NEAR).unwrap_or(input.bytes);
    mail(input.bytes.get(..HEADER).unwrap_or(input.bytes))
        .or_else(|| uue(input).then_some("uue"))
        .or_else(|| memmem::find(near, b"(This file must be converted with BinHex").map(|_| "hqx"))
        .or_else(|| is_hex_records(near).then_some("ihex"))
}

/// Header fields at the very start: two, one of which only mail has; or one that says that parts follow.
fn mail(bytes: &[u8]) -> Option<&'static str> {
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let mut header = Header::default();
    let mut field: Option<(String, String)> = None;
    for (n, line) in lines(head).enumerate() {
        if n == 0 && (line.starts_with(b"From ") || line.starts_with(b">From ")) {
            continue;
        }
        if let (true, Some((_, value))) = (line.starts_with(b" ") || line.starts_with(b"\t"), &mut field) {
            if value.len() < LONGEST {
                value.push_str(&text(line));
            }
            continue;
        }
        // Most text has no colon in its first line.
        let Some(colon) = memchr::memchr(b':', line) else { break };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic()) {
            break;
        }
        let value = text(line.get(colon.saturating_add(1)..).unwrap_or_default());
        header.take(field.replace((text(name), value)));
    }
    header.take(field);
    header.says()
}

/// Longest value of a field that is read, in bytes.
const LONGEST: usize = 64 * 1024;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..512).unwrap_or(bytes)).to_ascii_lowercase()
}

/// What the fields of a header say.
#[derive(Default)]
struct Header {
    known: usize,
    decided: bool,
    parts: bool,
    page: bool,
}

impl Header {
    fn take(&mut self, field: Option<(String, String)>) {
        let Some((name, value)) = field else { return };
        self.known = self.known.saturating_add(usize::from(FIELDS.contains(&name.as_str())));
        self.decided |= matches!(
            name.as_str(),
            "received" | "mime-version" | "message-id" | "return-path" | "delivered-to" | "subject" | "content-transfer-encoding"
        );
        self.parts |= name == "content-type" && value.contains("multipart/") && value.contains("boundary");
        self.page |= name == "snapshot-content-location"
            || value.contains("multipart/related")
            || value.contains("saved by")
            || value.contains("microsoft mimeole");
    }

    fn says(&self) -> Option<&'static str> {
        (self.parts || (self.known >= 2 && self.decided)).then_some(if self.page { "mht" } else { "eml" })
    }
}

/// The lines of the bytes, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// `begin 644 name` or `begin-base64 644 name` at the start of a line, and a data line behind it (POSIX.1-2024, uuencode).
fn uue(input: &Input<'_>) -> bool {
    let plain = input
        .places(Signature::Uuencoded)
        .any(|at| begins_data(input.bytes, at, b"begin ".len()).is_some_and(is_data_line));
    let in_base64 = |line: &[u8]| {
        line.len() >= 4
            && line
                .trim_ascii_end()
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    plain
        || input
            .places(Signature::UuencodedBase64)
            .any(|at| begins_data(input.bytes, at, b"begin-base64 ".len()).is_some_and(in_base64))
}

/// The line behind the one that begins with a word, an octal mode and a blank.
fn begins_data(bytes: &[u8], at: usize, word: usize) -> Option<&[u8]> {
    /// Longest name, in bytes.
    const LINE: usize = 4096;
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if !matches!(before, None | Some(b'\n' | b'\r')) {
        return None;
    }
    let rest = bytes.get(at.saturating_add(word)..)?;
    let mode = rest
        .get(..rest.len().min(8))?
        .iter()
        .take_while(|b| (b'0'..=b'7').contains(*b))
        .count();
    if mode < 3 || rest.get(mode) != Some(&b' ') {
        return None;
    }
    // Each place costs its own line alone, however many there are.
    let near = rest.get(..LINE).unwrap_or(rest);
    let end = memchr::memchr2(b'\r', b'\n', near)?;
    let behind = near.get(end..)?;
    let data = behind.strip_prefix(b"\r\n").or_else(|| behind.get(1..))?;
    Some(
        data.get(..memchr::memchr2(b'\r', b'\n', data).unwrap_or(data.len()))
            .unwrap_or_default(),
    )
}

fn is_data_line(line: &[u8]) -> bool {
    let Some((first, data)) = line.split_first() else { return false };
    let carried = usize::from(first.wrapping_sub(32) & 63);
    let length = carried.div_ceil(3).saturating_mul(4);
    // Blanks at the end are lost on the way, and readers pass over what stands behind the data.
    carried > 0 && data.len() >= length.saturating_sub(4) && data.get(..length).unwrap_or(data).iter().all(|b| (32..=96).contains(b))
}

/// Two lines of `:`, length, address, type, data and a checksum (Intel, Hexadecimal Object File Format, 1988).
fn is_hex_records(head: &[u8]) -> bool {
    let record = |line: &[u8]| {
        let digits = line.strip_prefix(b":")?.trim_ascii_end();
        let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok()?;
        let whole = bytes.len().checked_sub(5)? == usize::from(*bytes.first()?);
        Some(whole && bytes.iter().fold(0_u8, |sum, b| sum.wrapping_add(*b)) == 0)
    };
    let mut lines = lines(head.trim_ascii_start());
    (0..2).all(|_| lines.next().and_then(record) == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_by_what_their_readers_accept() {
        let long = format!("X-Foo: {}\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\n", "a".repeat(6000));
        let far = format!(
            "{}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b",
            "X-A: an ordinary field of a header\r\n".repeat(2500)
        );
        for message in [
            "From: a@b.example\r\nSubject: x\r\n\r\nhi",
            "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b",
            "Content-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\n--b",
            "From - Mon Jan 01\nSubject: x\nTo: y\n\n",
            ">From x\nSubject : x\nTo : y\n\n",
            &long,
            &far,
        ] {
            assert_eq!(find(&Input::bare(message.as_bytes())), Some("eml"), "{message:.60}");
        }
        assert_eq!(find(&Input::bare(b"Content-Type: multipart/related; boundary=x\n\n")), Some("mht"));
        for text in ["Note: this\nis: no mail", "To: you\n\nhello", "key: value\nsubject: x\n", ""] {
            assert_eq!(find(&Input::bare(text.as_bytes())), None, "{text}");
        }
    }

    #[test]
    fn encodings_are_found_behind_prose() {
        let prose = "An ordinary letter.\n".repeat(500);
        assert_eq!(
            find(&Input::bare(format!("{prose}begin 644 x\n#0V%T\n`\nend\n").as_bytes())),
            Some("uue")
        );
        assert_eq!(find(&Input::bare(b"we begin 644 times\n#0V%T\n")), None);
        assert_eq!(find(&Input::bare(b"begin 644 x\nan ordinary line\n")), None);
        assert_eq!(find(&Input::bare(b":0300300002337A1E\n:00000001FF\n")), Some("ihex"));
        assert_eq!(find(&Input::bare(b":-) :-)\n:smile:\n")), None);
    }
}
