//! Download tokens: PASETO `v4.public` (Ed25519) over [`airlock_proto::Claims`], with the key's id (PASERK `k4.pid`) in the footer.
//!
//! A room of its own because who may sign is decided here: [`mint`] takes the leave that only a decision gives, and who holds
//! a [`Keyring`] can only verify. It must never read a clock or draw randomness: both are arguments.

mod key;
mod sign;
mod verify;

pub use key::{KeyError, PublicKey};
pub use sign::{SigningKey, Warrant, mint};
pub use verify::{Keyring, MAX_TOKEN_BYTES, TokenError};
