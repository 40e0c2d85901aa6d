//! A scan request that is valid: what intake lets in, and the one place where its limits are checked.

use crate::text::is_invisible;
use crate::v1::{Route, ScanRequest};

/// Milliseconds after which the person is told that it takes long, when the request does not say.
pub const NOTIFY_AFTER_MS: u32 = 10_000;
/// Milliseconds until a verdict must be there, when the request does not say.
pub const DEADLINE_MS: u32 = 300_000;
/// The same where the sandbox may be asked.
pub const DEADLINE_SANDBOX_MS: u32 = 1_200_000;
/// Longest deadline in milliseconds.
pub const MAX_DEADLINE_MS: u32 = 3_600_000;
/// Longest URL in bytes.
pub const MAX_URL_BYTES: usize = 8192;

/// A name of a request, tenant or service: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, not beginning with a dot, so that it can
/// stand in a key, a path or a log line as it is.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A mail address as a policy can find it: something, `@` and a host name, without white space, display name or invisible characters.
pub fn is_address(text: &str) -> bool {
    text.len() <= 320
        && text
            .rsplit_once('@')
            .is_some_and(|(who, host)| !who.is_empty() && who.chars().all(is_plain) && is_domain(host))
}

/// An address without the root's dot at its end: it is the same name.
pub fn without_root(address: &str) -> &str {
    match address.strip_suffix('.') {
        Some(bare) if address.contains('@') => bare,
        _ => address,
    }
}

/// A host name as a policy can find it: words between single dots.
pub fn is_domain(text: &str) -> bool {
    text.split('.')
        .all(|word| !word.is_empty() && word.chars().all(|c| is_plain(c) && c != '@'))
}

/// What no part of an address has, unless it is quoted: with it an address would be found by no policy.
fn is_plain(c: char) -> bool {
    !(c.is_whitespace() || c.is_control() || is_invisible(c) || "<>()[],;:\\\"".contains(c))
}

/// Checks a request and fills in what it leaves open.
///
/// # Errors
/// Every mistake, in one sentence each, with the way out.
pub fn check(mut request: ScanRequest) -> Result<ScanRequest, Vec<String>> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, text: &str| {
        if !holds {
            faults.push(text.to_owned());
        }
    };
    must(
        is_name(&request.request_id),
        "request_id must be 1 to 64 characters of A-Z a-z 0-9 . _ -, the first no dot",
    );
    must(
        is_name(&request.tenant),
        "tenant must be 1 to 64 characters of A-Z a-z 0-9 . _ -, the first no dot",
    );
    must(!request.url.is_empty(), "url is missing");
    must(request.url.len() <= MAX_URL_BYTES, "url is longer than 8192 bytes");
    // No browser sends them, and PostgreSQL keeps no text with a NUL.
    must(
        !request.url.chars().any(char::is_control),
        "url must not have control characters; write them percent-encoded",
    );
    must(request.recipient.len() <= 320, "recipient is longer than 320 bytes");
    let bare = without_root(&request.recipient).len();
    request.recipient.truncate(bare);
    must(
        request.recipient.is_empty() || request.recipient.len() > 320 || is_address(&request.recipient),
        "recipient must be a bare mail address as ann@acme.example, without white space, display name or control characters, or be left out",
    );
    must(
        request.user_agent.len() <= 512 && is_header(&request.user_agent),
        "user_agent must be one line of at most 512 bytes",
    );
    must(
        request.accept_language.len() <= 128 && is_header(&request.accept_language),
        "accept_language must be one line of at most 128 bytes",
    );
    must(
        request.passwords.len() <= 16 && request.passwords.iter().all(|p| p.len() <= 256),
        "passwords: at most 16, of at most 256 bytes each",
    );
    must(
        request.notify_after_ms == 0 || (3_000..=60_000).contains(&request.notify_after_ms),
        "notify_after_ms must lie between 3000 and 60000, or be left out",
    );
    must(
        request.deadline_ms == 0 || (1_000..=MAX_DEADLINE_MS).contains(&request.deadline_ms),
        "deadline_ms must lie between 1000 and 3600000, or be left out",
    );
    must(
        Route::try_from(request.route).is_ok(),
        "route must be ROUTE_INBOUND, ROUTE_OUTBOUND or ROUTE_JOURNAL, or be left out",
    );
    if request.route() == Route::Unspecified {
        request.route = Route::Inbound.into();
    }
    if request.notify_after_ms == 0 {
        request.notify_after_ms = NOTIFY_AFTER_MS;
    }
    if faults.is_empty() { Ok(request) } else { Err(faults) }
}

fn is_header(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> ScanRequest {
        ScanRequest {
            request_id: "r-1".into(),
            tenant: "acme".into(),
            url: "https://a.example/x".into(),
            ..ScanRequest::default()
        }
    }

    #[test]
    fn what_is_left_open_is_filled_in() {
        let request = check(good()).unwrap();
        assert_eq!((request.route(), request.notify_after_ms), (Route::Inbound, 10_000));
    }

    #[test]
    fn every_mistake_is_named() {
        let bad = ScanRequest {
            request_id: "../x".into(),
            tenant: String::new(),
            url: "u".repeat(9000),
            user_agent: "a\r\nb".into(),
            route: 9,
            deadline_ms: 5,
            ..ScanRequest::default()
        };
        assert_eq!(check(bad).unwrap_err().len(), 6);
        assert!(!is_name(".x") && !is_name("a/b") && is_name("A.b_c-9"));
    }

    #[test]
    fn a_link_with_control_characters_is_refused() {
        for c in ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}'] {
            let faults = check(ScanRequest {
                url: format!("http://x.example/{c}"),
                ..good()
            })
            .unwrap_err();
            assert!(faults.len() == 1 && faults[0].starts_with("url must not have"), "{c:?}: {faults:?}");
        }
        for url in ["http://x.example/%00", "http://x.example/a b", "http://bücher.example/ö"] {
            let url = url.to_owned();
            assert!(check(ScanRequest { url, ..good() }).is_ok());
        }
    }

    #[test]
    fn a_recipient_that_no_policy_could_find_is_refused() {
        let check = |recipient: &str| {
            check(ScanRequest {
                recipient: recipient.to_owned(),
                ..good()
            })
        };
        for wrong in [
            " ann@acme.example",
            "ann@acme.example ",
            "ann@acme.example\n",
            "an\u{0}n@acme.example",
            "ann\u{200b}@acme.example",
            "ann@acme.example\u{a0}",
            "Ann <ann@acme.example>",
            "<ann@acme.example>",
            "ann@acme.example, bob@acme.example",
            "mailto:ann@acme.example",
            "ann",
            "ann@",
            "@acme.example",
            "ann@acme..example",
            "ann@acme.example..",
            "ann@.acme.example",
            "ann@.",
        ] {
            let faults = check(wrong).unwrap_err();
            assert!(
                faults.len() == 1 && faults[0].starts_with("recipient must be"),
                "{wrong:?}: {faults:?}"
            );
        }
        for (right, read) in [
            ("", ""),
            ("Ann+x@ACME.example", "Ann+x@ACME.example"),
            ("ann@acme.example.", "ann@acme.example"),
            ("jörg@bücher.example", "jörg@bücher.example"),
        ] {
            assert_eq!(check(right).unwrap().recipient, read);
        }
        assert_eq!(check(&"a".repeat(400)).unwrap_err(), ["recipient is longer than 320 bytes"]);
    }
}
