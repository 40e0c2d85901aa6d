//! From bytes to messages and back: protobuf inside the line, proto3 JSON accepted and answered at its edge.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use crate::limits::MAX_MESSAGE_BYTES;

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// `application/x-protobuf; message=airlock.v1.X`.
    #[default]
    Protobuf,
    /// `application/json`: the JSON mapping of proto3.
    Json,
}

impl Form {
    /// The form that a content type names; `None` for any other, or for another message than `name`.
    pub fn of(content_type: &str, name: &str) -> Option<Form> {
        let mut parts = content_type.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let named = parts.find_map(|p| p.strip_prefix("message=")).map(|name| name.trim_matches('"'));
        match kind.as_str() {
            "application/json" => Some(Form::Json),
            "application/x-protobuf" if named.is_none_or(|n| n == format!("airlock.v1.{name}")) => Some(Form::Protobuf),
            _ => None,
        }
    }

    /// The content type of a message in this form.
    pub fn content_type(self, name: &str) -> String {
        match self {
            Form::Protobuf => format!("application/x-protobuf; message=airlock.v1.{name}"),
            Form::Json => "application/json".to_owned(),
        }
    }
}

impl crate::v1::Accepted {
    /// The form in which the service asked, and in which it is answered.
    pub fn asked_in(&self) -> Form {
        if self.form == "json" { Form::Json } else { Form::Protobuf }
    }
}

/// A message with its name in the package `airlock.v1`.
pub trait Wire: Message + Default {
    /// Name of the message.
    const NAME: &'static str;
}

macro_rules! wire {
    ($($name:ident),+) => { $(impl Wire for crate::v1::$name { const NAME: &'static str = stringify!($name); })+ };
}
wire!(ScanRequest, Accepted, Fetched, Inspected, Detonated, Verdict, Rejected, Progress);

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable(pub String);

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undecodable {}

/// The bytes of a message.
pub fn encode<M: Wire>(message: &M, form: Form) -> Vec<u8> {
    match form {
        Form::Protobuf => message.encode_to_vec(),
        Form::Json => to_json(message).unwrap_or_default(),
    }
}

/// Reads a message.
///
/// # Errors
/// Longer than 64 KiB, not of that form, or in JSON a field that the message does not have.
pub fn decode<M: Wire>(bytes: &[u8], form: Form) -> Result<M, Undecodable> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(Undecodable(format!(
            "the message has {} bytes, more than {MAX_MESSAGE_BYTES}",
            bytes.len()
        )));
    }
    match form {
        Form::Protobuf => M::decode(bytes).map_err(|e| Undecodable(e.to_string())),
        Form::Json => from_json(bytes),
    }
}

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(include_bytes!("generated/airlock.v1.bin").as_slice()).ok());

/// The description of the message of that name.
pub(crate) fn described(name: &str) -> Option<prost_reflect::MessageDescriptor> {
    POOL.as_ref()?.get_message_by_name(&format!("airlock.v1.{name}"))
}

fn descriptor<M: Wire>() -> Result<prost_reflect::MessageDescriptor, Undecodable> {
    described(M::NAME).ok_or_else(|| Undecodable(format!("no description of {}", M::NAME)))
}

fn to_json<M: Wire>(message: &M) -> Result<Vec<u8>, Undecodable> {
    let wrong = |e: &dyn std::fmt::Display| Undecodable(e.to_string());
    let dynamic = DynamicMessage::decode(descriptor::<M>()?, message.encode_to_vec().as_slice()).map_err(|e| wrong(&e))?;
    as_json(&dynamic)
}

/// The JSON of a message, as the edge speaks it.
pub(crate) fn as_json(message: &DynamicMessage) -> Result<Vec<u8>, Undecodable> {
    let mut out = serde_json::Serializer::new(Vec::new());
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    message
        .serialize_with_options(&mut out, &options)
        .map_err(|e| Undecodable(e.to_string()))?;
    Ok(out.into_inner())
}

fn from_json<M: Wire>(bytes: &[u8]) -> Result<M, Undecodable> {
    let wrong = |e: &dyn std::fmt::Display| Undecodable(e.to_string());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let dynamic = DynamicMessage::deserialize(descriptor::<M>()?, &mut reader).map_err(|e| wrong(&e))?;
    reader.end().map_err(|e| wrong(&e))?;
    M::decode(dynamic.encode_to_vec().as_slice()).map_err(|e| wrong(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Decision, Reason, Verdict};

    fn verdict() -> Verdict {
        Verdict {
            request_id: "r1".into(),
            decision: Decision::Block.into(),
            size: u64::from(u32::MAX) + 1,
            reasons: vec![Reason {
                id: "a".into(),
                text: "b".into(),
            }],
            ..Verdict::default()
        }
    }

    #[test]
    fn both_forms_carry_the_same() {
        for form in [Form::Protobuf, Form::Json] {
            let bytes = encode(&verdict(), form);
            assert_eq!(decode::<Verdict>(&bytes, form).unwrap(), verdict());
        }
        let json = String::from_utf8(encode(&verdict(), Form::Json)).unwrap();
        assert!(
            json.contains("\"decision\":\"DECISION_BLOCK\"") && json.contains("\"request_id\":\"r1\""),
            "{json}"
        );
    }

    #[test]
    fn what_is_no_message_is_said() {
        assert!(decode::<Verdict>(&[0xff; 9], Form::Protobuf).is_err());
        assert!(
            decode::<Verdict>(b"{\"nonsense\": 1}", Form::Json)
                .unwrap_err()
                .0
                .contains("nonsense")
        );
        assert!(decode::<Verdict>(b"{} {}", Form::Json).is_err());
        assert!(decode::<Verdict>(&vec![0; 70_000], Form::Protobuf).is_err());
    }

    #[test]
    fn content_types_name_form_and_message() {
        assert_eq!(Form::of(&Form::Protobuf.content_type("Verdict"), "Verdict"), Some(Form::Protobuf));
        assert_eq!(Form::of("application/json; charset=utf-8", "Verdict"), Some(Form::Json));
        assert_eq!(Form::of("application/x-protobuf; message=airlock.v1.Accepted", "Verdict"), None);
        assert_eq!(Form::of("text/plain", "Verdict"), None);
    }
}
