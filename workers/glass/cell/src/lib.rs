//! The jailed half of the wall: the zygote, its one-job children and the walls around them.
//!
//! A room of its own because it alone may hold `unsafe` beside the parsers. It must never open a file or a socket after the
//! walls stand, read the environment, or be linked by anything that holds a credential: it is spawned as `airlock-glass`.
//!
//! Start reading at [`zygote`]; the walls are below [`confine`], one file each.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub mod alloc;
pub mod canary;
pub mod child;
pub mod confine;
pub mod frames;
pub mod rulecheck;
pub mod stdio;
pub mod zygote;
