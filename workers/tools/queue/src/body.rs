//! A body within JSON: base64, a third of what a list of numbers takes. Lists are read, too: older outboxes hold them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(body: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(body))
}

pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<u8>, D::Error> {
    from.deserialize_any(Body)
}

struct Body;

impl<'a> Visitor<'a> for Body {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("base64, or a list of bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        STANDARD.decode(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let mut body = Vec::new();
        while let Some(byte) = list.next_element()? {
            body.push(byte);
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use airlock_proto::v1::ScanRequest;

    use crate::Outgoing;
    use crate::topology::Lane;

    #[test]
    fn rows_of_older_outboxes_are_read() {
        let message = Outgoing {
            body: (0..=255).collect(),
            ..Outgoing::request(Lane::Click, &ScanRequest::default())
        };
        let mut value = serde_json::to_value(&message).unwrap();
        assert!(value["body"].is_string());
        assert_eq!(serde_json::from_value::<Outgoing>(value.clone()).unwrap(), message);
        value["body"] = serde_json::json!(message.body);
        assert_eq!(serde_json::from_value::<Outgoing>(value.clone()).unwrap(), message);
        for wrong in [serde_json::json!("*"), serde_json::json!([256]), serde_json::json!(7)] {
            value["body"] = wrong;
            assert!(serde_json::from_value::<Outgoing>(value.clone()).is_err());
        }
    }
}
