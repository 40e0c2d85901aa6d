//! Passwords leave a message before it is kept for longer than its job: in dead letters nobody needs them.

use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::wire::{Form, as_json, described};

/// Fields that hold a secret, in whatever message they stand.
const SECRETS: [&str; 1] = ["passwords"];
/// Deepest message in a message that is looked into; ours have four levels.
const MAX_DEPTH: usize = 8;

/// The body of the message of that name without its passwords; `None` when it cannot be read as one, or holds none.
pub fn without_secrets(name: &str, body: &[u8], form: Form) -> Option<Vec<u8>> {
    let description = described(name)?;
    let mut message = match form {
        Form::Protobuf => DynamicMessage::decode(description, body).ok()?,
        Form::Json => DynamicMessage::deserialize(description, &mut serde_json::Deserializer::from_slice(body)).ok()?,
    };
    if !clear(&mut message, MAX_DEPTH) {
        return None;
    }
    match form {
        Form::Protobuf => Some(message.encode_to_vec()),
        Form::Json => as_json(&message).ok(),
    }
}

/// Stands where a name and password stood, so that such a link is never taken for the one without.
const REMOVED: &str = "removed@";
/// `@` and what browsers may make one of.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// Whether a link has, or may be meant to have, a name and password before its host (RFC 3986 section 3.2.1).
pub fn has_userinfo(link: &str) -> bool {
    userinfo(link).is_some()
}

/// A link without the name and password before its host: such a link is refused, and nobody needs them kept. Where it is not clear
/// what they are, more goes.
pub fn without_userinfo(link: &str) -> String {
    match userinfo(link) {
        Some((before, after)) => format!("{before}{REMOVED}{after}"),
        None => link.to_owned(),
    }
}

/// What stands before and behind them, read as WHATWG URL reads a web address: slashes may be missing, too many or turned round.
fn userinfo(link: &str) -> Option<(&str, &str)> {
    let scheme = link.find(|c: char| !(c.is_ascii_alphanumeric() || "+-. ".contains(c)))?;
    let with_scheme = link.get(scheme..)?.strip_prefix(':');
    let rest = with_scheme.unwrap_or(link).trim_start_matches(['/', '\\']);
    let before = link.get(..link.len().checked_sub(rest.len())?)?;
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = authority.rsplit(AT).next().unwrap_or(authority);
    // Without a scheme it is no link; and what stands where a port would and is none may be a password with a slash in it.
    let all = with_scheme.is_none() || has_odd_port(host);
    let looked_at = if all { rest } else { authority };
    let (at, sign) = looked_at.char_indices().rfind(|(_, c)| AT.contains(c))?;
    Some((before, rest.get(at.checked_add(sign.len_utf8())?..)?))
}

fn has_odd_port(host: &str) -> bool {
    let behind_address = host.rsplit_once(']').map_or(host, |(_, port)| port);
    behind_address
        .split_once(':')
        .is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err())
}

/// Clears the secrets of a message and of those in it; whether there were any.
fn clear(message: &mut DynamicMessage, depth: usize) -> bool {
    let mut found = false;
    for secret in SECRETS {
        if message
            .get_field_by_name(secret)
            .is_some_and(|value| *value != Value::List(Vec::new()))
        {
            message.clear_field_by_name(secret);
            found = true;
        }
    }
    let fields: Vec<_> = message.descriptor().fields().filter(|field| message.has_field(field)).collect();
    for field in fields {
        match message.get_field_mut(&field) {
            Value::Message(inner) if depth > 0 => found |= clear(inner, depth.saturating_sub(1)),
            Value::List(list) if depth > 0 => {
                for value in list {
                    if let Value::Message(inner) = value {
                        found |= clear(inner, depth.saturating_sub(1));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Accepted, Fetched, ScanRequest, Verdict};
    use crate::wire::{Wire, decode, encode};

    fn request() -> ScanRequest {
        ScanRequest {
            request_id: "r1".into(),
            url: "https://files.example/a.zip".into(),
            passwords: vec!["secret".into()],
            ..ScanRequest::default()
        }
    }

    fn cleaned<M: Wire>(message: &M, form: Form) -> M {
        let body = without_secrets(M::NAME, &encode(message, form), form).unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
        decode(&body, form).unwrap()
    }

    #[test]
    fn a_link_is_kept_without_its_password() {
        assert_eq!(
            without_userinfo("https://ann:se@cret@host.example/a@b"),
            "https://removed@host.example/a@b"
        );
        for link in [
            "http:ann:se@cret@host.example/x",
            "http:/ann:secret@host.example/x",
            "http:\\\\ann:secret@host.example/x",
            "http:\\ann:secret@host.example/x",
            "http:///ann:secret@host.example/x",
            "HTTP://ann:secret@host.example/x",
            " http://ann:secret@host.example/x",
            "//ann:secret@host.example/x",
            "://ann:secret@host.example/x",
            "http://ann:se/cret@host.example/x",
            "http://ann:se?cret@host.example/x",
            "http://ann:se#cret@host.example/x",
            "http://ann:99999/secret@host.example/x",
            "http://ann:/secret@host.example/x",
            "http://[::1]:secret@host.example/x",
            "http://ann:secret\u{ff20}host.example/x",
            "secret@host.example/x",
            "ann:secret@host.example/x",
            "ftp:ann:secret@host.example/x",
            "http//ann:secret@host.example/x",
            "https;//ann:secret@host.example/x",
            "x/ann:secret@host.example/x",
        ] {
            assert!(has_userinfo(link), "{link}");
            let kept = without_userinfo(link);
            assert!(!kept.contains("secret") && !kept.contains("cret"), "{link}: {kept}");
            assert!(kept.ends_with("removed@host.example/x"), "{link}: {kept}");
        }
        for link in [
            "https://host.example/a@b?c=d@e",
            "https://host.example:8443/a@b",
            "https://[::1]:8443/a@b",
            "https://host.example?a:b@c",
            "",
        ] {
            assert_eq!(without_userinfo(link), link);
            assert!(!has_userinfo(link));
        }
    }

    #[test]
    fn passwords_go_wherever_they_stand_and_nothing_else_does() {
        let accepted = Accepted {
            request: Some(request()),
            service: "clicks".into(),
            ..Accepted::default()
        };
        let fetched = Fetched {
            accepted: Some(accepted.clone()),
            ..Fetched::default()
        };
        for form in [Form::Protobuf, Form::Json] {
            let bare = ScanRequest {
                passwords: Vec::new(),
                ..request()
            };
            assert_eq!(cleaned(&request(), form), bare);
            assert_eq!(cleaned(&accepted, form).request, Some(bare.clone()));
            assert_eq!(cleaned(&fetched, form).accepted.and_then(|a| a.request), Some(bare));
        }
    }

    #[test]
    fn what_has_none_or_is_no_message_is_left_alone() {
        assert_eq!(
            without_secrets("Verdict", &encode(&Verdict::default(), Form::Protobuf), Form::Protobuf),
            None
        );
        assert_eq!(without_secrets("ScanRequest", &[0xff; 9], Form::Protobuf), None);
        assert_eq!(without_secrets("Nothing", b"", Form::Protobuf), None);
    }
}
