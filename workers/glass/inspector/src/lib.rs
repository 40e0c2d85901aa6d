//! The inspector: sniff, unpack, analyse and match one file, depth first, under one budget.
//!
//! A room of its own because it is where hostile bytes are parsed. It is pure: bytes and a job header in, frames out. It must
//! never open a file or a socket, read the environment or a clock: the time is an argument.
//!
//! Start reading at [`walk`]; a new format is one file below [`formats`] and two adjacent lines in its slice.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

pub mod analysers;
pub mod budget;
pub mod catalogue;
pub mod formats;
pub mod found;
pub mod input;
pub mod intake;
pub mod labels;
mod needles;
pub mod reader;
pub mod rules;
pub mod signatures;
pub mod sink;
pub mod sniff;
pub mod tell;
pub mod walk;

pub use input::Input;
pub use rules::{Matcher, RuleSet};
pub use sink::{Member, Sink};
pub use walk::{Surroundings, inspect};
