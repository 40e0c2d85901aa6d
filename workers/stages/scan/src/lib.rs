//! The stage scan: Fetched in, Inspected out. It feeds the glass and believes nothing it says without checking.
//!
//! A room of its own because it holds the store's credential and the children that parse: it must never parse anything itself, and
//! reaches no network but broker and store.

mod blob;
mod stage;
mod summary;

pub use stage::{Ids, Scan};
