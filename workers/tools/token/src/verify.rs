//! Verifying: which key, whether it signed this, and whether it still holds.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use airlock_proto::Claims;
use pasetors::Public;
use pasetors::token::UntrustedToken;
use pasetors::version4::{PublicToken, V4};

use crate::{KeyError, PublicKey};

/// Longest token in bytes; what is longer is none.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// Why a token does not hold. None of it says anything about the token's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token of this kind: another version or purpose, cut off, or not what we sign.
    #[error("no token")]
    Broken,
    /// Signed with a key that is not, or no longer, in the keyring.
    #[error("a token of an unknown key")]
    UnknownKey,
    /// The signature is not of the key that it names.
    #[error("a forged token")]
    Forged,
    /// It was good until `expires_ms`; the claims are ours.
    #[error("an expired token")]
    Expired(Box<Claims>),
}

/// The public keys that count; several while one takes over from another.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    by_footer: HashMap<Vec<u8>, PublicKey>,
}

impl Keyring {
    /// A keyring of these keys.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Keyring {
            by_footer: keys.into_iter().map(|key| (key.footer().into_bytes(), key)).collect(),
        }
    }

    /// Reads every file of a directory as a public key, hidden ones and folders left out.
    ///
    /// # Errors
    /// The directory or one of the files cannot be read or is no public key, or there is none.
    pub fn from_dir(folder: &Path) -> Result<Self, KeyError> {
        let file_error = |why| KeyError::File {
            path: folder.to_owned(),
            why,
        };
        let mut keys = Vec::new();
        for entry in fs::read_dir(folder).map_err(file_error)? {
            let path = entry.map_err(file_error)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && path.is_file() {
                keys.push(PublicKey::from_file(&path)?);
            }
        }
        if keys.is_empty() {
            return Err(KeyError::Content {
                path: folder.to_owned(),
                why: "no public key in this folder",
            });
        }
        Ok(Self::new(keys))
    }

    /// Ids of the keys, sorted.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.by_footer.values().map(PublicKey::id).collect();
        ids.sort();
        ids
    }

    /// What a token claims, if one of our keys signed it and it has not expired at `now_ms`. Whether it was revoked stands in
    /// the records.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Broken);
        }
        let untrusted = UntrustedToken::<Public, V4>::try_from(token).map_err(|_| TokenError::Broken)?;
        // The footer is compared as a whole: there is exactly one way to name a key.
        let Some(key) = self.by_footer.get(untrusted.untrusted_footer()) else {
            return Err(if names_a_key(untrusted.untrusted_footer()) {
                TokenError::UnknownKey
            } else {
                TokenError::Broken
            });
        };
        let trusted = PublicToken::verify(&key.inner, &untrusted, None, None).map_err(|_| TokenError::Forged)?;
        let claims: Claims = serde_json::from_str(trusted.payload()).map_err(|_| TokenError::Broken)?;
        if now_ms >= claims.expires_ms {
            return Err(TokenError::Expired(Box::new(claims)));
        }
        Ok(claims)
    }
}

fn names_a_key(footer: &[u8]) -> bool {
    let kid = footer
        .strip_prefix(br#"{"kid":"k4.pid."#.as_slice())
        .and_then(|rest| rest.strip_suffix(br#""}"#.as_slice()));
    kid.is_some_and(|id| id.len() == 44 && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)))
}
