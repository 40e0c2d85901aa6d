//! What a download token says: the payload that the verdict signs and the gateway believes.

use serde::{Deserialize, Serialize};

/// The right to download one scanned file. The order of the fields is the order in the token: the same claims are the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claims {
    /// Name of the token in the records; the token itself is never recorded.
    pub token_id: String,
    /// Whose click it was.
    pub tenant: String,
    /// Who clicked.
    pub recipient: String,
    /// The calling service.
    pub service: String,
    /// The request that it answers.
    pub request_id: String,
    /// Where the bytes lie in the store.
    pub blob_key: String,
    /// Digest of the bytes, lowercase hexadecimal SHA-256.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
    /// Name for the person's disk, as it was fetched: hostile text.
    pub file_name: String,
    /// The bytes are handed out only after the person accepted the risk.
    pub needs_ack: bool,
    /// Revision of the policy that decided.
    pub policy: String,
    /// The rules that the file was scanned with.
    pub bundle: String,
    /// When the right ends, in milliseconds since 1970.
    pub expires_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_written_in_one_order_and_may_grow() {
        let text = serde_json::to_string(&Claims::default()).unwrap();
        assert!(
            text.starts_with(r#"{"token_id":"","tenant":"""#) && text.ends_with(r#""expires_ms":0}"#),
            "{text}"
        );
        let newer = text.replacen('{', r#"{"later":1,"#, 1);
        assert_eq!(serde_json::from_str::<Claims>(&newer).unwrap(), Claims::default());
        assert!(serde_json::from_str::<Claims>("{}").is_err(), "none may be missing");
    }
}
