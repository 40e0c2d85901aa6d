//! The only way to the internet: one GET over one checked connection, streamed into a sink.
//!
//! A room of its own because it is the only code that speaks to hostile servers: it holds no other credential and parses
//! nothing beyond HTTP headers. It must never decompress, sniff, keep cookies, obey an environment proxy, or connect to an
//! address that it did not check.
//!
//! HTTP: RFC 9110 and 9112; redirects: RFC 9110 section 15.4; file names: RFC 6266 and 8187; addresses: the IANA
//! special-purpose registries (RFC 6890).

mod body;
mod claim;
mod config;
mod dial;
mod error;
mod facts;
mod follow;
mod get;
mod guard;
mod name;
mod resolve;
mod stage;
mod target;
mod turn;

pub use body::BlobSink;
pub use config::Config;
pub use error::FetchError;
pub use follow::{Fetched, Fetcher, Hints, Hop};
pub use name::{Disposition, content_disposition};
pub use stage::Fetch;
