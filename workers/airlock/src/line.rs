//! The line in this process: which stages run, over which broker, records and store, and how they stop.

pub mod admin;
pub mod config;
pub mod gateway;
pub mod metrics;
pub mod parts;
pub mod policies;
#[cfg(test)]
mod reclick;
pub mod run;
pub mod stages;
pub mod up;
