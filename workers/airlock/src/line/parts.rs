//! What the stages of this process share: broker handles by user, records by role, the store, the keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use airlock_queue::Broker;
use airlock_queue::lite::Lite;
use airlock_records::Records;
use airlock_store::Store;
use airlock_token::{Keyring, SigningKey};

use crate::Outcome;
use crate::clock::now_ms;
use crate::config::Config;

/// Where the line keeps its state.
pub enum Place {
    /// All in one folder: SQLite and a directory of blobs.
    Folder(PathBuf, Lite),
    /// A broker, a database and a store, as configured.
    Cluster,
}

impl Place {
    /// Opens the folder of `airlock up`. `alone`: this process serves it.
    pub async fn folder(dir: &Path, alone: bool) -> Outcome<Place> {
        let path = dir.join("queue.sqlite");
        let lite = Lite::open(&path, alone, Arc::new(now_ms)).await;
        let lite = lite.map_err(|e| format!("the queue {}: {e}", path.display()))?;
        Ok(Place::Folder(dir.to_path_buf(), lite))
    }

    /// The broker as one user.
    pub async fn broker(&self, config: &Config, user: &str) -> Outcome<Arc<dyn Broker>> {
        match self {
            Place::Folder(_, lite) => Ok(Arc::new(lite.user(user))),
            Place::Cluster => {
                let rabbit = airlock_queue::rabbit::Config {
                    url: config.queue.url.clone(),
                    user: user.to_owned(),
                    password_file: config.queue.passwords_dir.join(user),
                    ca_file: Some(config.queue.ca_file.clone()).filter(|p| !p.as_os_str().is_empty()),
                    name: format!("airlock {user} {}", std::process::id()),
                    ..airlock_queue::rabbit::Config::default()
                };
                Ok(airlock_queue::rabbit::Rabbit::connect(rabbit).await?)
            }
        }
    }

    /// The records as one role.
    pub async fn records(&self, config: &Config, role: &str) -> Outcome<Records> {
        let records = match self {
            Place::Folder(dir, _) => airlock_records::Config {
                url: format!("sqlite:{}", dir.join("records.sqlite").display()),
                ..airlock_records::Config::default()
            },
            Place::Cluster => airlock_records::Config {
                url: with_user(&config.records.url, &format!("airlock_{role}"))?,
                password_file: Some(config.records.passwords_dir.join(role)),
                max_connections: config.records.max_connections,
            },
        };
        Ok(Records::connect(&records).await?)
    }

    /// The store.
    pub fn store(&self, config: &Config) -> Outcome<Store> {
        let store = match self {
            Place::Folder(dir, _) => airlock_store::Config {
                url: format!("file://{}", std::path::absolute(dir.join("blobs"))?.display()),
                ..airlock_store::Config::default()
            },
            Place::Cluster => config.store.clone(),
        };
        Ok(Store::open(&store)?)
    }

    /// The key that signs tokens; the folder makes its own at the first start.
    pub fn signing_key(&self, config: &Config) -> Outcome<SigningKey> {
        let path = match self {
            Place::Folder(dir, _) => dir.join("keys/signing.key"),
            Place::Cluster => config.token.signing_key_file.clone(),
        };
        if let Place::Folder(dir, _) = self
            && !path.exists()
        {
            std::fs::create_dir_all(dir.join("keys/public"))?;
            new_key(&path, &dir.join("keys/public"))?;
        }
        SigningKey::from_file(&path).map_err(|e| format!("token.signing_key_file {}: {e}", path.display()).into())
    }

    /// The public keys that are trusted.
    pub fn keyring(&self, config: &Config) -> Outcome<Keyring> {
        let dir = match self {
            Place::Folder(dir, _) => dir.join("keys/public"),
            Place::Cluster => config.token.public_keys_dir.clone(),
        };
        Keyring::from_dir(&dir).map_err(|e| format!("token.public_keys_dir {}: {e}", dir.display()).into())
    }
}

/// Makes a key pair: the secret half in `path`, the public one in `public`, named by its id.
pub fn new_key(path: &Path, public: &Path) -> Outcome<String> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|e| format!("no randomness: {e}"))?;
    let key = SigningKey::generate(seed);
    key.to_file(path)?;
    let id = key.public().id();
    key.public().to_file(&public.join(format!("{id}.pub")))?;
    Ok(id)
}

fn with_user(url: &str, user: &str) -> Outcome<String> {
    if url.is_empty() {
        return Err("records.url is empty: set it to postgres://host:port/database".into());
    }
    let mut parsed = url::Url::parse(url).map_err(|e| format!("records.url: {e}"))?;
    if parsed.username().is_empty() {
        parsed.set_username(user).map_err(|()| "records.url has no host")?;
    }
    Ok(parsed.into())
}
