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

/// A link without the name and password before its host (RFC 3986 section 3.2.1): such a link is refused, and nobody needs them kept.
pub fn without_userinfo(link: &str) -> String {
    let Some((scheme, rest)) = link.split_once("//") else {
        return link.to_owned();
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}//{host}{tail}"),
        None => link.to_owned(),
    }
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
        assert_eq!(without_userinfo("https://ann:se@cret@host.example/a@b"), "https://host.example/a@b");
        assert_eq!(without_userinfo("http:\\\\u@h/"), "http:\\\\u@h/");
        for link in ["https://host.example/a@b?c=d@e", "mailto:a@b.example", ""] {
            assert_eq!(without_userinfo(link), link);
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
