//! A blob that is being written: one request for a small one, parts for a large one, nothing to be seen before the end.

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};

use crate::{Result, Store, StoreError};

/// Size of a part in bytes; a blob that is not longer is written by one request.
pub const PART_BYTES: usize = 8 << 20;

/// Takes the bytes of a blob in order. After an error it takes no more. Dropped or aborted it leaves nothing that readers see.
pub struct Writer {
    store: Store,
    key: String,
    path: Path,
    buffer: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
    written: u64,
    broken: bool,
}

impl Writer {
    pub(crate) fn new(store: Store, key: &str, path: Path) -> Self {
        Writer {
            store,
            key: key.to_owned(),
            path,
            buffer: Vec::new(),
            upload: None,
            written: 0,
            broken: false,
        }
    }

    /// Takes more bytes; it waits while a full part is sent.
    ///
    /// # Errors
    /// The store's. The blob is lost then: begin anew.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.written = self.written.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            // A part is sent when more is to come, so that the last one is never empty.
            if self.buffer.len() >= PART_BYTES {
                self.send_part().await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PART_BYTES.saturating_sub(self.buffer.len())));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends the blob: from now on readers see it, and on a directory it is durable. Gives its size in bytes.
    ///
    /// # Errors
    /// The store's; after a temporary one the blob may be there all the same.
    pub async fn finish(mut self) -> Result<u64> {
        self.check()?;
        if self.upload.is_none() {
            let bytes = std::mem::take(&mut self.buffer);
            self.store
                .bounded(&self.key, self.store.inner.put(&self.path, PutPayload::from(bytes)))
                .await?;
            return Ok(self.written);
        }
        self.send_part().await?;
        if let Some(upload) = &mut self.upload {
            self.store.bounded(&self.key, upload.complete()).await?;
        }
        self.upload = None;
        Ok(self.written)
    }

    /// Gives the blob up, and waits until what was sent is thrown away.
    ///
    /// # Errors
    /// The store's; readers see nothing in any case.
    pub async fn abort(mut self) -> Result<()> {
        match self.upload.take() {
            Some(mut upload) => self.store.bounded(&self.key, upload.abort()).await,
            None => Ok(()),
        }
    }

    async fn send_part(&mut self) -> Result<()> {
        self.check()?;
        // Until it is sent: a call that is dropped half-way must not be taken up again.
        self.broken = true;
        if self.upload.is_none() {
            let begun = self.store.bounded(&self.key, self.store.inner.put_multipart(&self.path)).await?;
            self.upload = Some(begun);
        }
        let part = std::mem::take(&mut self.buffer);
        if let Some(upload) = &mut self.upload {
            self.store.bounded(&self.key, upload.put_part(PutPayload::from(part))).await?;
        }
        self.broken = false;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.broken {
            return Err(StoreError::Misuse("a blob is written on after it failed".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let (store, key) = (self.store.clone(), std::mem::take(&mut self.key));
        runtime.spawn(async move {
            if let Err(error) = store.bounded(&key, upload.abort()).await {
                tracing::debug!(%key, %error, "an unfinished blob could not be thrown away");
            }
        });
    }
}
