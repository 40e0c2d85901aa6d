//! Public keys and their ids, and what is wrong with a key file.

use std::fs;
use std::path::{Path, PathBuf};

use pasetors::keys::AsymmetricPublicKey;
use pasetors::paserk::{FormatAsPaserk, Id};
use pasetors::version4::V4;

/// A key file that cannot be used; somebody has to mend it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// It holds no key of the kind that is needed.
    #[error("{}: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong; never the content.
        why: &'static str,
    },
}

/// What a token is verified with; its text is PASERK `k4.public`.
#[derive(Debug, Clone)]
pub struct PublicKey {
    pub(crate) inner: AsymmetricPublicKey<V4>,
}

impl PublicKey {
    /// Reads a file with one line `k4.public.…`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let text = read(path)?;
        let content = |why| KeyError::Content {
            path: path.to_owned(),
            why,
        };
        if text.trim().starts_with("k4.secret.") {
            return Err(content("a secret key; here belongs the public one"));
        }
        let inner = AsymmetricPublicKey::<V4>::try_from(text.trim()).map_err(|_| content("no PASERK k4.public key"))?;
        Ok(PublicKey { inner })
    }

    /// Writes the file that [`PublicKey::from_file`] reads; an older one is replaced.
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub fn to_file(&self, path: &Path) -> Result<(), KeyError> {
        fs::write(path, format!("{}\n", paserk(&self.inner))).map_err(|why| KeyError::File {
            path: path.to_owned(),
            why,
        })
    }

    /// Its id, PASERK `k4.pid`.
    pub fn id(&self) -> String {
        paserk(&Id::from(&self.inner))
    }

    /// The footer of every token that its secret half signs.
    pub(crate) fn footer(&self) -> String {
        format!("{{\"kid\":\"{}\"}}", self.id())
    }
}

pub(crate) fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|why| KeyError::File {
        path: path.to_owned(),
        why,
    })
}

pub(crate) fn paserk(key: &impl FormatAsPaserk) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = key.fmt(&mut text);
    text
}
