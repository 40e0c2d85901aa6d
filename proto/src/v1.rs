//! The messages of the line as they travel: generated from `proto/airlock/v1/*.proto`, and their two forms on the wire.

#![allow(missing_docs, clippy::all, reason = "generated: the proto files are the documentation")]

include!("generated/airlock.v1.rs");
