//! The words that the rooms exchange: the report of a scan, the limits that bound it, and the frames in which a jailed
//! child speaks to its host.
//!
//! A room of its own because both sides of the wall depend on it. It must never do I/O, read a clock or draw randomness.

pub mod claims;
pub mod control;
pub mod facts;
pub mod frame;
pub mod limits;
pub mod report;
pub mod request;
mod revoked;
pub mod secrets;
pub mod text;
pub mod v1;
pub mod wire;

pub use claims::Claims;
pub use facts::{Delivery, FetchOutcome, HeaderFacts};
pub use limits::Limits;
pub use report::{Class, Classification, Coverage, Evidence, Finding, Gap, GapKind, Layer, Node, Report, Severity, Source};
