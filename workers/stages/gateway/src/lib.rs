//! The gateway: hands out scanned bytes for a token, and tells a calling service how far its request is.
//!
//! A room of its own because it faces people: it can verify tokens and not sign them, reads records and blobs, and changes
//! nothing but the list of downloads. It must never look into a file, send a chunk that is not the scanned one, or write a token down.

mod answer;
mod body;
mod config;
mod download;
mod gateway;
mod html;
mod name;
mod pages;
mod patience;
mod range;
mod requests;
mod seats;
mod serve;

pub use answer::Answer;
pub use config::{Config, ConfigError, ServiceKey};
pub use gateway::{Clock, Counters, Gateway};
pub use seats::Connections;
pub use serve::{serve, serve_router};

/// Size of the chunks whose digests are recorded, in bytes.
pub const CHUNK_BYTES: u64 = 1 << 20;
