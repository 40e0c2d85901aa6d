//! Signing: the one way to a token leads through a decision.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use airlock_policy::Cleared;
use airlock_proto::Claims;
use ed25519_compact::{KeyPair, Seed};
use pasetors::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use pasetors::version4::{PublicToken, V4};
use serde::{Deserialize, Serialize};

use crate::key::{paserk, read};
use crate::{KeyError, PublicKey};

/// What tokens are signed with. It is wiped when dropped and shows nothing of itself.
pub struct SigningKey {
    secret: AsymmetricSecretKey<V4>,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public.id()).finish()
    }
}

impl SigningKey {
    /// The key that belongs to 32 random bytes.
    ///
    /// # Panics
    /// Never: every seed is a key.
    pub fn generate(random: [u8; 32]) -> Self {
        let pair = KeyPair::from_seed(Seed::new(random));
        let secret = AsymmetricSecretKey::<V4>::from(pair.sk.as_ref()).expect("a pair that fits together");
        Self::of(secret)
    }

    /// Reads a file with one line `k4.secret.…`; others than its owner and group may not read it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let content = |why| KeyError::Content {
            path: path.to_owned(),
            why,
        };
        let meta = fs::metadata(path).map_err(|why| KeyError::File {
            path: path.to_owned(),
            why,
        })?;
        if meta.mode() & 0o007 != 0 {
            return Err(content("everybody may read this secret key: take the right away (chmod 600)"));
        }
        let text = read(path)?;
        let wrong = "no PASERK k4.secret key";
        let key = AsymmetricSecretKey::<V4>::try_from(text.trim()).map_err(|_| content(wrong))?;
        // The text does not say that its two halves fit together.
        let secret = AsymmetricSecretKey::<V4>::from(key.as_bytes()).map_err(|_| content(wrong))?;
        Ok(Self::of(secret))
    }

    /// Writes the file that [`SigningKey::from_file`] reads, for its owner alone (0600).
    ///
    /// # Errors
    /// [`KeyError::File`]; also when there is a file already: a key is never overwritten.
    pub fn to_file(&self, path: &Path) -> Result<(), KeyError> {
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(paserk(&self.secret).as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().map_err(|why| KeyError::File {
            path: path.to_owned(),
            why,
        })
    }

    /// The half that verifies.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    fn of(secret: AsymmetricSecretKey<V4>) -> Self {
        let inner = AsymmetricPublicKey::<V4>::try_from(&secret).expect("a secret key contains its public half");
        SigningKey {
            secret,
            public: PublicKey { inner },
        }
    }

    /// Makes the token of a warrant. The same key and warrant give the same token, so a verdict that is published again is the same
    /// to the byte.
    pub fn sign(&self, warrant: &Warrant) -> String {
        let payload = serde_json::to_vec(&warrant.0).expect("plain data has a JSON form");
        PublicToken::sign(&self.secret, &payload, Some(self.public.footer().as_bytes()), None).expect("a whole key signs what is not empty")
    }
}

/// What may be signed: claims with the leave of a decision. It waits in the records until its verdict is published, in place of the
/// token, which is never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Warrant(Claims);

impl Warrant {
    /// Takes the leave of the decision, which also says whether the person must accept a risk first (`claims.needs_ack` does not
    /// count).
    pub fn new(cleared: Cleared, claims: Claims) -> Self {
        Warrant(Claims {
            needs_ack: cleared.needs_ack(),
            ..claims
        })
    }

    /// What the token will say.
    pub fn claims(&self) -> &Claims {
        &self.0
    }
}

/// Makes a token at once.
pub fn mint(key: &SigningKey, cleared: Cleared, claims: Claims) -> String {
    key.sign(&Warrant::new(cleared, claims))
}
