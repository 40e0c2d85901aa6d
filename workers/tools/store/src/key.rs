//! Keys: which are allowed, and which blob of a request has which.

use crate::{Result, StoreError};

/// Longest key in bytes.
const MAX_KEY_BYTES: usize = 512;
/// Longest part of a key in bytes; a file system allows 255, and unfinished files need a suffix.
const MAX_PART_BYTES: usize = 200;

/// Key of the bytes that were fetched for a request.
pub fn blob_key(tenant: &str, request_id: &str) -> String {
    format!("{tenant}/{request_id}/blob")
}

/// Key of the note which process fetches.
pub fn claim_key(tenant: &str, request_id: &str) -> String {
    format!("{tenant}/{request_id}/claim")
}

/// Key of the record that the fetch has finished.
pub fn fetched_key(tenant: &str, request_id: &str) -> String {
    format!("{tenant}/{request_id}/fetched")
}

/// Key of the report of the scan.
pub fn report_key(tenant: &str, request_id: &str) -> String {
    format!("{tenant}/{request_id}/report")
}

/// Checks a key: parts of `A-Z a-z 0-9 . _ -` between slashes, none empty, none beginning with a dot.
///
/// # Errors
/// [`StoreError::Misuse`] for any other.
pub fn check_key(key: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let good = |part: &str| (1..=MAX_PART_BYTES).contains(&part.len()) && !part.starts_with('.') && part.bytes().all(plain);
    if key.len() <= MAX_KEY_BYTES && key.split('/').all(good) {
        return Ok(());
    }
    // The key itself may be hostile: it is quoted and cut.
    let shown: String = key.chars().take(80).collect();
    Err(StoreError::Misuse(format!("{shown:?} is no key")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_requests_are_keys() {
        for key in [
            blob_key("acme", "r-1"),
            claim_key("acme", "r-1"),
            fetched_key("a.b", "R_2"),
            report_key("x", &"y".repeat(64)),
        ] {
            check_key(&key).unwrap();
        }
    }

    #[test]
    fn what_could_leave_its_folder_is_no_key() {
        let long = "a/".repeat(300) + "a";
        for key in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "a/../b",
            "a/.",
            ".hidden",
            "a b",
            "a\0",
            "a#1",
            "ä",
            "a\\b",
            "a%2e",
            long.as_str(),
        ] {
            assert!(matches!(check_key(key), Err(StoreError::Misuse(_))), "{key:?}");
        }
    }
}
