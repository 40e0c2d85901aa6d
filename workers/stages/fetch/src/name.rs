//! The file name: from Content-Disposition (RFC 6266, RFC 8187), else from the URL.
//!
//! Read as browsers read it, for their users get the file. Control and bidirectional characters stay in the name: the
//! findings need them, and who shows a name escapes it.

use airlock_proto::text::cut_name;
use data_encoding::BASE64;
use url::Url;

/// What a Content-Disposition header says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disposition {
    /// The type is `attachment`, or one that is not known (RFC 6266 section 4.2).
    pub attachment: bool,
    /// `filename*`, else `filename`; without any path, at most 255 bytes, never empty.
    pub file_name: Option<String>,
}

/// Reads the value of a Content-Disposition header; broken parts are passed over, as browsers do.
pub fn content_disposition(value: &[u8]) -> Disposition {
    let text = to_text(value);
    let (kind, params) = split_type(&text);
    let params = parameters(params);
    let get = |name: &str| params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let extended = get("filename*").and_then(extended_value).and_then(|n| clean(&n));
    let plain = || {
        get("filename")
            .or_else(|| get("name").filter(|_| kind.is_empty()))
            .and_then(|n| clean(&plain_value(n)))
    };
    Disposition {
        attachment: !kind.is_empty() && kind != "inline",
        file_name: extended.or_else(plain),
    }
}

/// The last segment of the URL's path, percent-decoded.
pub(crate) fn name_of_url(url: &Url) -> Option<String> {
    clean(&to_text(&percent_decoded(url.path_segments()?.next_back()?)))
}

/// Header bytes are UTF-8 where they are valid, else ISO-8859-1.
fn to_text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap_or_else(|_| latin1(value))
}

fn latin1(value: &[u8]) -> String {
    value.iter().map(|b| char::from(*b)).collect()
}

/// The type in lowercase, and the rest. Servers that forget the type begin with a parameter; that is not an attachment.
fn split_type(text: &str) -> (String, &str) {
    let (first, rest) = text.split_once(';').unwrap_or((text, ""));
    if first.contains('=') {
        return (String::new(), text);
    }
    (first.trim().to_ascii_lowercase(), rest)
}

/// Parameters in their order, names in lowercase, quotes and backslashes undone. The first of a name counts.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut params = Vec::new();
    let mut rest = text.trim_start_matches([';', ' ', '\t']);
    while !rest.is_empty() {
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        rest = after;
        if let Some(value) = after.strip_prefix('=') {
            let (value, after) = take_value(value.trim_start());
            params.push((name.trim().to_ascii_lowercase(), value));
            rest = after;
        }
        rest = rest.trim_start_matches([';', ' ', '\t']);
    }
    params
}

/// A quoted string (RFC 9110 section 5.6.4), or all up to the next semicolon.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, after_quote(quoted.get(at..).unwrap_or_default())),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// What follows a quoted string up to the next semicolon belongs to nothing.
fn after_quote(text: &str) -> &str {
    text.split_at(text.find(';').unwrap_or(text.len())).1
}

/// `charset'language'percent-encoded` (RFC 8187 section 3.2); None where any of it is broken, so that `filename` counts.
fn extended_value(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let well_formed = encoded
        .split('%')
        .skip(1)
        .all(|part| part.as_bytes().get(..2).is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)));
    if !well_formed {
        return None;
    }
    decode_charset(charset, percent_decoded(encoded))
}

fn decode_charset(charset: &str, bytes: Vec<u8>) -> Option<String> {
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(latin1(&bytes)),
        _ => None,
    }
}

/// `filename` is plain text by the letter; most browsers also undo encoded words (RFC 2047) and percent signs.
fn plain_value(value: &str) -> String {
    if let Some(decoded) = encoded_words(value) {
        return decoded;
    }
    String::from_utf8(percent_decoded(value)).unwrap_or_else(|_| value.to_owned())
}

/// `=?charset?B|Q?text?=`, one or several with blanks between them; None where anything else stands there.
fn encoded_words(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let mut parts = rest.strip_prefix("=?")?.splitn(3, '?');
        let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
        let (text, after) = text.split_once("?=")?;
        let bytes = match encoding {
            "B" | "b" => BASE64.decode(text.as_bytes()).ok()?,
            "Q" | "q" => percent_decoded(&text.replace('%', "%25").replace('=', "%").replace('_', " ")),
            _ => return None,
        };
        out.push_str(&decode_charset(charset, bytes)?);
        rest = after.trim_start();
    }
    (!out.is_empty()).then_some(out)
}

/// Percent signs undone (RFC 3986 section 2.1); one without two hex digits stands for itself.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = after.split_at_checked(2).filter(|_| *first == b'%').and_then(|(hex, tail)| {
            let digits = std::str::from_utf8(hex).ok().filter(|h| h.bytes().all(|d| d.is_ascii_hexdigit()))?;
            Some((u8::from_str_radix(digits, 16).ok()?, tail))
        });
        let (byte, tail) = byte.unwrap_or((*first, after));
        out.push(byte);
        rest = tail;
    }
    out
}

/// Strips any path, in the manner of every system, and cuts what is too long. None where no name is left.
fn clean(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next()?;
    if matches!(name.trim(), "" | "." | "..") {
        return None;
    }
    Some(cut_name(name))
}
