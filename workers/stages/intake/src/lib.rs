//! The stage intake: ScanRequest in, Accepted out. Every request is recorded before anything else happens to it.
//!
//! A room of its own because "one request, one verdict" needs a list to be checked against. It stamps the calling service as the
//! broker validated it, resolves the policy and keeps tenants fair. It must never fetch or open anything.

mod events;
mod policies;
mod stage;

pub use events::{BEHIND, PlainRow, TOPIC, WAITS};
pub use policies::Policies;
pub use stage::{Intake, Settings};
