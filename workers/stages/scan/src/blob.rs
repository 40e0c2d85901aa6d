//! From the store into sealed memory: hashed as a whole and by chunk on the way, so that what is judged is what was fetched.

use airlock_jail::SealedFile;
use airlock_proto::v1::Downloaded;
use airlock_queue::Failure;
use airlock_store::Store;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// Length in bytes of the chunks that have a digest of their own.
pub const CHUNK_BYTES: u64 = 1024 * 1024;

/// The bytes to scan.
pub struct Loaded {
    /// Sealed.
    pub file: SealedFile,
    /// SHA-256 of each chunk, 32 bytes each.
    pub chunks: Vec<u8>,
}

/// Reads the blob of a fetch.
pub async fn load(store: &Store, record: &Downloaded) -> Result<Loaded, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::Later(error.to_string());
    let mut writer = SealedFile::create().map_err(|e| ours(&e))?;
    let mut whole = Sha256::new();
    let mut chunks = Vec::new();
    let mut at = 0_u64;
    while at < record.size {
        let end = record.size.min(at.saturating_add(CHUNK_BYTES));
        let bytes = store.read(&record.key, at, end).await.map_err(|e| ours(&e))?;
        if u64::try_from(bytes.len()).ok() != Some(end.saturating_sub(at)) {
            return Err(Failure::Never(
                "the object in the store is shorter than what was fetched".to_owned(),
            ));
        }
        whole.update(&bytes);
        chunks.extend_from_slice(&Sha256::digest(&bytes));
        std::io::Write::write_all(&mut writer, &bytes).map_err(|e| ours(&e))?;
        at = end;
    }
    if HEXLOWER.encode(&whole.finalize()) != record.sha256 {
        return Err(Failure::Never("the object in the store is not what was fetched".to_owned()));
    }
    Ok(Loaded {
        file: writer.seal().map_err(|e| ours(&e))?,
        chunks,
    })
}
