//! The calls: each checks its key and is bounded in time.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use crate::error::is_not_implemented;
use crate::open::{Opened, open};
use crate::{Config, Result, StoreError, Writer, check_key};

/// A directory or a bucket with blobs; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) folder: Option<PathBuf>,
    prefix: Arc<str>,
    timeout: Duration,
    /// The server has said that it knows no conditions: it is not asked again.
    unconditional: Arc<AtomicBool>,
}

/// A blob in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written, in milliseconds since 1970, by the clock of the store.
    pub modified_ms: i64,
}

impl Store {
    /// Opens a store; nothing is asked of an S3 service yet. A directory is made where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Config`]: the settings are wrong, or the directory or the secret file cannot be had.
    pub fn open(config: &Config) -> Result<Store> {
        let Opened { store, prefix, folder } = open(config)?;
        Ok(Store {
            inner: store,
            folder,
            prefix: prefix.into(),
            timeout: Duration::from_millis(config.timeout_ms),
            unconditional: Arc::default(),
        })
    }

    /// Begins a blob; nobody sees it before [`Writer::finish`], which replaces an older one of that key.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a wrong key.
    pub async fn writer(&self, key: &str) -> Result<Writer> {
        Ok(Writer::new(self.clone(), key, self.path(key)?))
    }

    /// Writes a blob in one go.
    ///
    /// # Errors
    /// Any [`StoreError`]; after a temporary one it may have been written all the same.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let path = self.path(key)?;
        self.bounded(key, self.inner.put(&path, PutPayload::from(bytes))).await.map(|_| ())
    }

    /// Writes a blob unless there is one; whether it did. A store that cannot tell writes in any case.
    ///
    /// # Errors
    /// Any [`StoreError`]; after a temporary one it may have been written all the same.
    pub async fn create(&self, key: &str, bytes: Bytes) -> Result<bool> {
        use object_store::Error as E;
        let path = self.path(key)?;
        let payload = PutPayload::from(bytes);
        let writing = async {
            if !self.unconditional.load(Ordering::Relaxed) {
                match self.inner.put_opts(&path, payload.clone(), PutMode::Create.into()).await {
                    Ok(_) => return Ok(true),
                    Err(E::AlreadyExists { .. } | E::Precondition { .. }) => return Ok(false),
                    Err(error) if is_not_implemented(&error) => self.unconditional.store(true, Ordering::Relaxed),
                    Err(error) => return Err(error),
                }
            }
            self.inner.put(&path, payload).await.map(|_| true)
        };
        self.bounded(key, writing).await
    }

    /// Reads the bytes `from..to` of a blob; exactly those or an error.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Size`] when the blob ends before `to`, or trouble with the store.
    pub async fn read(&self, key: &str, from: u64, to: u64) -> Result<Bytes> {
        let path = self.path(key)?;
        let Some(wanted) = to.checked_sub(from) else {
            return Err(StoreError::Misuse(format!("a range from {from} to {to}")));
        };
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(from..to)));
        // What it says about its size comes first, so that a short or swapped blob is told from a store that is away.
        let reading = async {
            let result = self.inner.get_opts(&path, options).await?;
            if result.range != (from..to) {
                return Ok(Err(result.meta.size));
            }
            result.bytes().await.map(Ok)
        };
        let short = |size: u64| StoreError::Size {
            key: key.to_owned(),
            why: format!("{size} bytes, and {from} to {to} are asked for"),
        };
        let bytes = self.bounded(key, reading).await?.map_err(short)?;
        if u64::try_from(bytes.len()) == Ok(wanted) {
            Ok(bytes)
        } else {
            Err(short(from.saturating_add(bytes.len() as u64)))
        }
    }

    /// Reads a whole blob; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Size`] when it is longer than `max_bytes`, or trouble with the store.
    pub async fn get(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>> {
        let path = self.path(key)?;
        let reading = async {
            let result = self.inner.get(&path).await?;
            if usize::try_from(result.meta.size).map_or(true, |size| size > max_bytes) {
                return Ok(Err(result.meta.size));
            }
            result.bytes().await.map(Ok)
        };
        match self.bounded(key, reading).await {
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(size)) => Err(StoreError::Size {
                key: key.to_owned(),
                why: format!("{size} bytes, more than {max_bytes}"),
            }),
        }
    }

    /// Size of a blob in bytes; `None` when there is none.
    ///
    /// # Errors
    /// Trouble with the store.
    pub async fn size(&self, key: &str) -> Result<Option<u64>> {
        let path = self.path(key)?;
        match self.bounded(key, self.inner.head(&path)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a blob; that there is none is fine.
    ///
    /// # Errors
    /// Trouble with the store.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        match self.bounded(key, self.inner.delete(&path)).await {
            Ok(()) | Err(StoreError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All blobs whose key begins with the whole parts `prefix` (`acme` finds `acme/r/blob`, not `acme2/r/blob`); all for "".
    /// In no order. Each step is bounded in time; unfinished blobs are not among them.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a wrong prefix; the stream ends after its first error.
    pub fn list(&self, prefix: &str) -> Result<BoxStream<'static, Result<Listed>>> {
        let prefix = prefix.trim_end_matches('/');
        let path = if prefix.is_empty() { self.root() } else { self.path(prefix)? };
        let entries = self.inner.list(Some(&path));
        let (store, key) = (self.clone(), prefix.to_owned());
        Ok(futures_util::stream::unfold(Some((store, entries, key)), |state| async {
            let (store, mut entries, key) = state?;
            let next = store.bounded(&key, async { entries.next().await.transpose() }).await;
            match next {
                Ok(None) => None,
                Ok(Some(meta)) => Some((Ok(store.listed(&meta)), Some((store, entries, key)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed())
    }

    /// Writes, reads and deletes a probe.
    ///
    /// # Errors
    /// The first step that failed.
    pub async fn check(&self) -> Result<()> {
        let mut unique = [0_u8; 8];
        getrandom::fill(&mut unique).map_err(|e| StoreError::Misuse(format!("no random bytes: {e}")))?;
        let key = format!("airlock-check/{:016x}", u64::from_be_bytes(unique));
        let probe = Bytes::copy_from_slice(&unique);
        self.put(&key, probe.clone()).await?;
        let read = self.read(&key, 0, unique.len() as u64).await;
        self.delete(&key).await?;
        match read? {
            read if read == probe => Ok(()),
            _ => Err(StoreError::Refused("it gives back other bytes than it was given".to_owned())),
        }
    }

    /// Waits for a call, and no longer than it may take.
    pub(crate) async fn bounded<T>(&self, key: &str, call: impl Future<Output = object_store::Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(result) => result.map_err(|e| StoreError::of(&e, key)),
            Err(_) => Err(StoreError::Away(format!("no answer within {} ms", self.timeout.as_millis()))),
        }
    }

    fn path(&self, key: &str) -> Result<Path> {
        check_key(key)?;
        let whole = if self.prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{}/{key}", self.prefix)
        };
        Path::parse(whole).map_err(|e| StoreError::Misuse(e.to_string()))
    }

    fn root(&self) -> Path {
        Path::from(self.prefix.as_ref())
    }

    fn listed(&self, meta: &object_store::ObjectMeta) -> Listed {
        let whole = meta.location.as_ref();
        let key = whole.strip_prefix(self.prefix.as_ref()).unwrap_or(whole).trim_start_matches('/');
        Listed {
            key: key.to_owned(),
            size: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
        }
    }
}
