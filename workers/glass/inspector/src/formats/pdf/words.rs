//! Text of PDF strings and scripts (ISO 32000-2 section 7.9.2), and what scripts and addresses say.

use std::collections::BTreeSet;

use airlock_proto::Severity;

use crate::analysers::extensions;

/// A text string as Unicode: UTF-16 or UTF-8 by its mark, else PDFDocEncoding (read as Latin-1, its printable part).
pub fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        },
    }
}

/// The first call in a script that benign documents do not make, with what it does and its weight. `pages` are variables that hold
/// plain web addresses, see [`pages`].
pub fn suspicious_api(script: &str, pages: &BTreeSet<String>) -> Option<(&'static str, &'static str, Severity)> {
    use Severity::{High, Medium};
    const CALLS: &[(&str, &str, Severity)] = &[
        ("Collab.collectEmailInfo", "calls a function known for a flaw", High),
        ("Collab.getIcon", "calls a function known for a flaw", High),
        ("media.newPlayer", "calls a function known for a flaw", High),
        ("spell.customDictionaryOpen", "calls a function known for a flaw", High),
        ("SOAP.connect", "talks to a web service", High),
        ("SOAP.request", "talks to a web service", High),
        ("Net.HTTP", "talks to a web server", High),
        ("trustedFunction", "asks for higher rights", Medium),
        ("trustPropagatorFunction", "asks for higher rights", Medium),
        ("importDataObject", "takes a file from the disk into the document", Medium),
        ("submitForm", "sends the form away", Medium),
        ("app.mailMsg", "sends mail", Medium),
        ("eval(", "runs text that it computes", Medium),
    ];
    let compact: String = script.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some((_, after)) = compact.split_once("exportDataObject") {
        let call = after.split(';').next().unwrap_or_default();
        if call.contains("nLaunch:1") || call.contains("nLaunch:2") || call.contains("nLaunch\":1") || call.contains("nLaunch\":2") {
            return Some(("exportDataObject", "saves an embedded file and opens it", High));
        }
    }
    if compact.contains("util.printf(\"%4") || compact.contains("util.printf('%4") {
        return Some(("util.printf", "calls a function known for a flaw", High));
    }
    if compact.contains("unescape(") && compact.matches("%u").count() > 8 {
        return Some(("unescape", "builds machine code in memory", High));
    }
    if compact.contains("getAnnots(") && compact.contains("eval(") {
        return Some(("getAnnots", "runs text hidden in annotations", High));
    }
    CALLS
        .iter()
        .find(|(call, ..)| compact.contains(call))
        .copied()
        .or_else(|| opens(&compact, pages))
}

/// A script that opens addresses. One that writes plain web addresses out, here or in a variable, does what a link does.
fn opens(compact: &str, pages: &BTreeSet<String>) -> Option<(&'static str, &'static str, Severity)> {
    let call = ["app.launchURL(", "getURL("].into_iter().find(|call| compact.contains(call))?;
    let plain = compact.split(call).skip(1).all(|arguments| {
        let argument = arguments.trim_start_matches(['{', '(']);
        let argument = argument.strip_prefix("cURL:").unwrap_or(argument);
        match quoted(argument) {
            Some((address, after)) => is_page(address) && after.starts_with([',', ')', '}']),
            None => pages.contains(variable(argument)),
        }
    });
    let severity = if plain { Severity::Low } else { Severity::Medium };
    Some((call.trim_end_matches('('), "opens an address", severity))
}

/// The variables of a script that are given plain web addresses.
pub fn pages(script: &str) -> impl Iterator<Item = String> {
    let compact: String = script.chars().filter(|c| !c.is_whitespace()).collect();
    let parts: Vec<&str> = compact.split('=').take(4096).collect();
    let named = |pair: &[&str]| {
        let [before, after] = pair else { return None };
        let name = before.rsplit(|c: char| !is_name(c)).next().filter(|name| !name.is_empty())?;
        quoted(after).filter(|(address, _)| is_page(address)).map(|_| (*name).to_owned())
    };
    parts.windows(2).filter_map(named).collect::<Vec<_>>().into_iter()
}

/// The literal at the start, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut rest = text.chars();
    let quote = rest.next().filter(|c| matches!(c, '"' | '\''))?;
    rest.as_str().split_once(quote)
}

fn variable(text: &str) -> &str {
    text.split(|c: char| !is_name(c)).next().unwrap_or_default()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

/// A web address with a host and a path, so that nothing appended to it leads elsewhere.
fn is_page(address: &str) -> bool {
    let web = ["http://", "https://"].iter().any(|scheme| starts(address, scheme));
    web && address.split('/').count() > 3 && !address.contains('\\') && odd_address(address).is_none()
}

fn starts(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// How a script hides what it says, if it does.
pub fn obfuscation(script: &str) -> Option<&'static str> {
    let all = script.chars().filter(|c| !c.is_whitespace()).count();
    if all < 200 {
        return None;
    }
    let brackets = script.chars().filter(|c| "[]()!+{}".contains(*c)).count();
    if brackets.saturating_mul(100) >= all.saturating_mul(95) {
        return Some("it is written with brackets and signs alone");
    }
    let escapes = ["\\x", "%u", "\\u"].iter().map(|e| script.matches(e).count()).sum::<usize>();
    if escapes >= 100 && escapes.saturating_mul(4).saturating_mul(100) >= all.saturating_mul(30) {
        return Some("most of it is escaped bytes");
    }
    let codes = script
        .split("fromCharCode(")
        .skip(1)
        .map(|call| call.split(')').next().unwrap_or_default().matches(',').count());
    if codes.max().unwrap_or_default() >= 50 || script.matches("fromCharCode").count() >= 50 {
        return Some("it builds text from long lists of numbers");
    }
    None
}

/// What is wrong with the address of a link: finding id, sentence, weight.
pub fn odd_address(address: &str) -> Option<(&'static str, &'static str, Severity)> {
    use Severity::{High, Medium};
    let lower = address.trim().to_ascii_lowercase();
    let local = [
        "file:",
        "search-ms:",
        "search:",
        "ms-",
        "\\\\",
        "shell:",
        "javascript:",
        "vbscript:",
        "data:",
        "mhtml:",
        "jar:",
        "res:",
    ];
    if local.iter().any(|scheme| lower.starts_with(scheme)) {
        return Some((
            "pdf.uri_exec_or_dl",
            "opens a file, a share or a program instead of a web page",
            High,
        ));
    }
    if !lower.contains("://") {
        return None;
    }
    let parsed = url::Url::parse(&lower).ok();
    let host = parsed.as_ref().and_then(url::Url::host);
    let path = parsed.as_ref().map_or("", url::Url::path);
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, e)| e).unwrap_or_default();
    // Top-level domains and script pages of web servers are no downloads.
    let served = matches!(
        extension,
        "com" | "asp" | "js" | "app" | "lib" | "cer" | "crt" | "der" | "pl" | "py" | "sh" | "url"
    );
    if extensions::runs(extension) && !served {
        return Some(("pdf.uri_exec_or_dl", "downloads a program", High));
    }
    // Manuals link to archives too, so that an archive alone weighs less than a program.
    if matches!(extension, "zip" | "rar" | "7z" | "gz" | "tar" | "xz" | "lzh" | "ace" | "arj") {
        return Some(("pdf.uri_exec_or_dl", "downloads an archive", Medium));
    }
    let name = parsed.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    if lower.starts_with("ipfs:") || name.contains("ipfs") || path.starts_with("/ipfs/") || name == "firebasestorage.googleapis.com" {
        return Some(("pdf.uri_exec_or_dl", "leads to storage that anybody may fill", Medium));
    }
    let user = parsed.as_ref().is_some_and(|u| !u.username().is_empty()) && !lower.starts_with("ftp:");
    let raw_ip = matches!(host, Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)));
    if user || raw_ip || name.contains("xn--") || lower.contains("%00") {
        let why = if user {
            "hides its host behind a user name"
        } else if raw_ip {
            "names a bare IP address"
        } else {
            "spells its host with look-alike or control characters"
        };
        return Some(("pdf.userinfo_or_ip_uri", why, Medium));
    }
    None
}

/// True when a file name or address leads to another machine.
pub fn remote(target: &str) -> bool {
    let lower = target.trim().to_ascii_lowercase();
    lower.starts_with("\\\\") || lower.starts_with("//") || lower.contains("://") || lower.starts_with("/\\\\")
}

/// True when a file name or address leads to a file share.
pub fn share(target: &str) -> bool {
    let lower = target.trim().to_ascii_lowercase();
    lower.starts_with("\\\\") || lower.starts_with("//") || lower.starts_with("file://") || lower.starts_with("smb:")
}

/// The beginning of hostile text for a sentence.
pub fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    airlock_proto::text::cut(line.trim(), 160)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unicode() {
        assert_eq!(text(b"\xfe\xff\0a\x20\xac"), "a€");
        assert_eq!(text(b"\xef\xbb\xbfa"), "a");
        assert_eq!(text(b"\xe9"), "é");
    }

    #[test]
    fn addresses_are_weighed() {
        let id = |a| odd_address(a).map(|o| o.0);
        assert_eq!(id("https://example.com/a.exe?x=1"), Some("pdf.uri_exec_or_dl"));
        assert_eq!(id("\\\\host\\share\\a"), Some("pdf.uri_exec_or_dl"));
        assert_eq!(id("http://192.0.2.1/"), Some("pdf.userinfo_or_ip_uri"));
        assert_eq!(id("http://bank.example@evil.example/"), Some("pdf.userinfo_or_ip_uri"));
        assert_eq!(id("https://www.example.com"), None);
        assert_eq!(id("https://example.com/page.asp"), None);
        assert_eq!(id("mailto:a@example.com"), None);
    }

    #[test]
    fn scripts_are_weighed() {
        assert_eq!(
            suspicious_api("this.exportDataObject({ cName: 'a', nLaunch: 2 });", &BTreeSet::new())
                .unwrap()
                .2,
            Severity::High
        );
        assert!(suspicious_api("app.alert('hello')", &BTreeSet::new()).is_none());
        assert!(obfuscation(&"[][(![]+[])]".repeat(40)).is_some());
        assert!(obfuscation(&"var total = this.getField('a').value;".repeat(20)).is_none());
    }
}
