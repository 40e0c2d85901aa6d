//! Bytes on their way out: each chunk is compared with its digest before one byte of it is sent.

use std::sync::Arc;

use airlock_store::StoreError;
use axum::body::Body;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::CHUNK_BYTES;
use crate::gateway::{Counters, Inner};

/// How long a transfer goes on until the records are asked again, in milliseconds.
const ASK_AGAIN_MS: i64 = 3_000;

/// What is sent of a file.
pub(crate) struct Sending {
    pub gateway: Arc<Inner>,
    /// For logs; never the token.
    pub token_id: String,
    pub blob_key: String,
    /// Size of the whole file in bytes.
    pub size: u64,
    /// Digest of each chunk of the whole file, lowercase hexadecimal.
    pub chunks_sha256: Vec<String>,
    /// Next byte to send.
    pub at: u64,
    /// Behind the last byte to send; at most `size`.
    pub end: u64,
    /// When the records were last asked whether the token was revoked, in milliseconds since 1970.
    pub asked_ms: i64,
}

/// Time for the good chunks to leave before the transfer breaks off.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(200);

/// Why a chunk is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// It is not what was scanned, or no longer there.
    #[error("the object is not what was scanned")]
    Changed,
    /// The store has trouble.
    #[error("the store is away")]
    Away,
    /// The token was revoked meanwhile.
    #[error("the token was revoked")]
    Revoked,
}

impl Sending {
    /// The part of the next chunk that is wanted, once the whole chunk is checked; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        if self.at >= self.end {
            return Ok(None);
        }
        self.still_holds().await?;
        self.checked().await.map(Some)
    }

    /// A long transfer asks again: a revocation acts on it too. Records that are away do not end it.
    async fn still_holds(&mut self) -> Result<(), Broken> {
        let now = (self.gateway.clock)();
        if now.saturating_sub(self.asked_ms) < ASK_AGAIN_MS {
            return Ok(());
        }
        self.asked_ms = now;
        match self.gateway.records.token(&self.token_id).await {
            Ok(Some(row)) if row.revoked_ms.is_some() => {
                tracing::info!(token_id = %self.token_id, "a download breaks off: its token was revoked");
                Err(Broken::Revoked)
            }
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(token_id = %self.token_id, %error, "the records cannot be asked again");
                Ok(())
            }
        }
    }

    /// A body of `first` and all that follows; it breaks off at the first chunk that is not what was scanned.
    pub(crate) fn into_body(self, first: Option<Bytes>) -> Body {
        Body::from_stream(futures_util::stream::try_unfold((first, self), |(first, mut sending)| async move {
            let bytes = match first {
                Some(first) => Some(first),
                None => match sending.next().await {
                    Ok(next) => next,
                    Err(broken) => {
                        // What was good and is buffered goes out while we wait; the server drops it with the connection otherwise.
                        tokio::time::sleep(LAST_WORDS).await;
                        return Err(broken);
                    }
                },
            };
            if let Some(bytes) = &bytes {
                Counters::add(&sending.gateway.counters.bytes, bytes.len() as u64);
            }
            Ok::<_, Broken>(bytes.map(|bytes| (bytes, (None, sending))))
        }))
    }

    async fn checked(&mut self) -> Result<Bytes, Broken> {
        let index = self.at / CHUNK_BYTES;
        let start = index * CHUNK_BYTES;
        let stop = start.saturating_add(CHUNK_BYTES).min(self.size);
        let chunk = match self.gateway.store.read(&self.blob_key, start, stop).await {
            Ok(chunk) => chunk,
            Err(error @ (StoreError::Size { .. } | StoreError::Missing(_))) => return Err(self.changed(index, &error.to_string())),
            Err(error) => {
                tracing::warn!(token_id = %self.token_id, %error, "a download breaks off");
                return Err(Broken::Away);
            }
        };
        let recorded = usize::try_from(index).ok().and_then(|index| self.chunks_sha256.get(index));
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&chunk));
        if recorded != Some(&digest) {
            return Err(self.changed(index, "another digest"));
        }
        let from = usize::try_from(self.at.saturating_sub(start)).unwrap_or(usize::MAX);
        let to = usize::try_from(stop.min(self.end).saturating_sub(start)).unwrap_or(usize::MAX);
        let slice = chunk.slice(from.min(chunk.len())..to.min(chunk.len()));
        self.at = stop.min(self.end);
        Ok(slice)
    }

    fn changed(&self, chunk: u64, why: &str) -> Broken {
        alert_changed(&self.gateway, &self.token_id, &self.blob_key, &format!("chunk {chunk}: {why}"));
        Broken::Changed
    }
}

/// Counts and reports an object that is not what was scanned. It revokes nothing: that is for a person to decide.
pub(crate) fn alert_changed(gateway: &Inner, token_id: &str, blob_key: &str, why: &str) {
    Counters::add(&gateway.counters.changed, 1);
    tracing::error!(alert = "object_changed", %token_id, %blob_key, %why, "a stored object is not what was scanned; from here on nothing of it is sent");
}
