//! The whole format on small documents.
