//! What a killed process leaves in a directory: unfinished files, which no reader sees and nobody would ever delete.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Result, Store, StoreError};

impl Store {
    /// Deletes the unfinished blobs of a directory that nobody has written to for `older_than_ms`, and says how many. In S3
    /// that is for a rule of the bucket (`AbortIncompleteMultipartUpload`): there it does nothing.
    ///
    /// # Errors
    /// [`StoreError::Away`]: the directory cannot be read; what was found until then is deleted.
    pub async fn sweep_unfinished(&self, now_ms: i64, older_than_ms: u64) -> Result<u64> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or_default());
        let before = now.checked_sub(Duration::from_millis(older_than_ms)).unwrap_or(UNIX_EPOCH);
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, before)).await;
        let away = |why: &dyn std::fmt::Display| StoreError::Away(format!("sweeping: {why}"));
        swept.map_err(|e| away(&e))?.map_err(|e| away(&e))
    }
}

fn sweep(root: &Path, before: SystemTime) -> std::io::Result<u64> {
    let mut swept = 0;
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Folders go when their last blob does.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder != root => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            // Links are neither followed nor deleted.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(entry.path());
            } else if meta.is_file() && is_unfinished(&entry.file_name().to_string_lossy()) && meta.modified()? < before {
                swept += u64::from(fs::remove_file(entry.path()).is_ok());
            }
        }
    }
    Ok(swept)
}

/// The library writes to `KEY#NUMBER` and renames; no key of ours has a `#`.
fn is_unfinished(name: &str) -> bool {
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
