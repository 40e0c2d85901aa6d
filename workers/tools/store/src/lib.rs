//! Blobs: files and reports as they lie in a directory or in S3.
//!
//! A room of its own because stages exchange references, not bytes, and cannot tell where the bytes lie. What is written is
//! seen whole or not at all, what is finished is durable, and no call takes longer than it may. It must never look into a blob.

mod config;
mod error;
mod key;
mod leftovers;
mod open;
mod store;
mod writer;

pub use config::Config;
pub use error::StoreError;
pub use key::{blob_key, check_key, claim_key, fetched_key, report_key};
pub use store::{Listed, Store};
pub use writer::{PART_BYTES, Writer};

/// A result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;
