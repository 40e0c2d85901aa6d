//! Which process fetches for a request: a note beside its blob, since a message may come twice, and to two of them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use airlock_queue::Failure;
use airlock_store::{Store, claim_key};
use bytes::Bytes;

use crate::stage::ours;

/// The note of one attempt.
pub(crate) struct Claim {
    key: String,
    nonce: Bytes,
}

impl Claim {
    /// An attempt for a request; nobody knows of it yet.
    pub(crate) fn new(tenant: &str, request_id: &str) -> Self {
        let nonce = RandomState::new().build_hasher().finish();
        Claim {
            key: claim_key(tenant, request_id),
            nonce: Bytes::from(format!("{nonce:016x}")),
        }
    }

    /// Notes it, unless there is the note of another; whether this one stands.
    pub(crate) async fn take(&self, store: &Store) -> Result<bool, Failure> {
        // A first answer may have been lost on its way: then the note that is there is ours.
        Ok(store.create(&self.key, self.nonce.clone()).await.map_err(ours)? || self.stands(store).await?)
    }

    /// Notes it over that of another, who sees so in the end.
    pub(crate) async fn overrule(&self, store: &Store) -> Result<(), Failure> {
        store.put(&self.key, self.nonce.clone()).await.map_err(ours)
    }

    /// Whether it has not been overruled.
    pub(crate) async fn stands(&self, store: &Store) -> Result<bool, Failure> {
        Ok(store.get(&self.key, 64).await.map_err(ours)?.as_ref() == Some(&self.nonce))
    }
}
