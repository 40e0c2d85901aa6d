//! The host half of the wall: it starts the zygote, keeps children ready, hands each one file, and believes nothing that
//! comes back without checking it.
//!
//! A room of its own because it holds the only `unsafe` outside the glass, and so that stages can look inside files without
//! linking a parser. It must never link one, nor parse anything but the frames of `airlock_proto`.
//!
//! Start reading at [`Bench`].

mod bench;
mod child;
mod config;
mod error;
mod keeper;
mod ledger;
mod sealed;
mod seats;
mod spawn;
mod talk;
mod walls;

pub use airlock_proto::control::Level;
pub use bench::{Bench, Outcome};
pub use config::Config;
pub use error::JailError;
pub use sealed::{SealedFile, Writer};
pub use seats::Turn;
pub use spawn::check_rules;
pub use walls::Wall;
