//! Payloads that the text itself says to be some, however short they are: arguments of `atob`, `data:` URLs of style sheets.

use std::collections::HashSet;

use super::html::DataUrl;
use super::payload::{self, Key};
use super::{atob, css};
use crate::sink::Sink;

/// Hands on what was not taken as a run for its length and content.
pub fn unpack(text: &str, taken: &HashSet<Key>, sink: &mut Sink<'_, '_>) {
    let is_taken = |run: &str| taken.contains(&payload::key(run.as_bytes()));
    for argument in atob::arguments(text) {
        if !argument.plain.is_some_and(|run| is_taken(&run)) {
            sink.layer_slice("base64", "atob", &argument.bytes);
        }
    }
    for url in css::data_urls(text) {
        if !url.split_once(";base64,").is_some_and(|(_, body)| is_taken(body)) {
            let link = DataUrl {
                url,
                download: None,
                navigates: false,
            };
            payload::data_url(&link, sink);
        }
    }
}
