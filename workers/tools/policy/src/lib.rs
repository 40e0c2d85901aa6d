//! Policy: what a scan found becomes a classification, and facts with a definition become one decision.
//!
//! A room of its own because it is asked from three places (after the scan, in the verdict, at the terminal) and must
//! give each the same answer. It must never do I/O, read a clock or draw randomness: same input, same decision.

mod book;
mod cells;
mod classify;
mod combine;
mod decide;
mod definition;
mod delivery;
mod entry;
mod explain;
mod facts;
mod fault;
mod formats;
mod in_force;
mod reason;
mod scene;
mod table;
mod tree;

pub use book::{Book, Fault, Person};
pub use cells::{Action, GapCell, OtherTypes, PageCell, PasswordCell, SandboxTimeout, Trigger, Unchecked, UnsafeLink};
pub use classify::{Assessment, MALICIOUS, SUSPICIOUS, classify};
pub use decide::{Cleared, Decision, DecisionKind, DecisionWord, Outcome, Remedy, decide, detonate};
pub use definition::{Definition, digest};
pub use delivery::{delivery, listed, shown_format};
pub use facts::{Facts, GapClasses, Route, Sandbox, gap_reasons};
pub use fault::{PolicyError, PolicyErrors};
pub use in_force::InForce;
pub use reason::{MAX_REASONS, Reason};
