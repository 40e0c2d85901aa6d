//! Payloads that the text itself says to be some, however short they are: arguments of `atob`, `data:` URLs of style sheets.

use std::collections::HashSet;

use airlock_proto::{Gap, GapKind};

use super::html::DataUrl;
use super::payload::{self, Key};
use super::{atob, css};
use crate::sink::Sink;

/// Most `data:` URLs of literals that are opened.
const MOST: usize = css::MOST;

/// Hands on what was not taken as a run for its length and content, nor opened as an attribute's URL.
pub fn unpack(text: &str, taken: &HashSet<Key>, opened: &HashSet<Key>, sink: &mut Sink<'_, '_>) {
    let is_taken = |run: &str| taken.contains(&payload::key(run.as_bytes()));
    let arguments = atob::arguments(text);
    for argument in &arguments {
        if !argument.plain.as_deref().is_some_and(is_taken) {
            sink.layer_slice("base64", "atob", &argument.bytes);
        }
    }
    let styled = css::data_urls(text);
    if arguments.len() >= atob::MOST {
        let why = format!("more than {} calls of atob in one text: the rest was not opened", atob::MOST);
        sink.gap(Gap::new(GapKind::TooMany, why));
    }
    let known: HashSet<&str> = styled.iter().map(String::as_str).collect();
    let literals = literals(text).filter(|url| !known.contains(url) && !payload::key_of_url(url).is_some_and(|key| opened.contains(&key)));
    let unknown = |url: &&str| !url.split_once(";base64,").is_some_and(|(_, body)| is_taken(body));
    for (number, url) in styled.iter().map(String::as_str).chain(literals).filter(unknown).enumerate() {
        if number == MOST {
            let why = format!("more than {MOST} data: URLs in one text: the rest was not opened");
            sink.gap(Gap::new(GapKind::TooMany, why));
            break;
        }
        let link = DataUrl {
            url: url.to_owned(),
            download: None,
            navigates: false,
        };
        payload::data_url(&link, sink);
    }
}

/// The `data:` URLs of text that stand in literals of scripts and of import maps: a module of a script may come from one.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let mut from = 0_usize;
    memchr::memmem::find_iter(text.as_bytes(), b"data:").filter_map(move |at| {
        let quote = text
            .as_bytes()
            .get(at.checked_sub(1)?)
            .filter(|b| matches!(b, b'"' | b'\'' | b'`') && at >= from)?;
        let rest = text.get(at..)?;
        let kind = rest.get(5..)?.trim_ascii_start();
        if !["text/", "application/", ",", ";"].iter().any(|start| kind.starts_with(start)) {
            return None;
        }
        let length = memchr::memchr2(*quote, b'\n', rest.as_bytes())?;
        from = at.saturating_add(length);
        rest.get(..length).filter(|url| url.contains(','))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_literals_are_found_and_pictures_are_none() {
        let text = "import 'data:text/javascript,a%20b'; x = { 'y': \"data:,z\" }; img = 'data:image/png;base64,AAAA'; data:text/html,w";
        assert_eq!(literals(text).collect::<Vec<_>>(), ["data:text/javascript,a%20b", "data:,z"]);
    }
}
