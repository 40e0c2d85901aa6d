//! What the headers of the final answer say, as the facts of the delivery rule.

use airlock_proto::HeaderFacts;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use url::Url;

use crate::name::{content_disposition, name_of_url};

/// Codings that are kept of one answer; a longer list is a game.
const MAX_CODINGS: usize = 16;
/// Longest token that is kept, in bytes.
const MAX_TOKEN_BYTES: usize = 128;

/// Reads the headers; the URL gives the file name where they give none.
pub(crate) fn read(headers: &HeaderMap, url: &Url) -> HeaderFacts {
    let dispositions = || {
        headers
            .get_all(CONTENT_DISPOSITION)
            .iter()
            .map(|v| content_disposition(v.as_bytes()))
    };
    HeaderFacts {
        attachment: dispositions().any(|d| d.attachment),
        file_name: dispositions().find_map(|d| d.file_name).or_else(|| name_of_url(url)),
        declared_type: media_type(headers),
        content_encoding: codings(headers),
    }
}

/// The last `Content-Type` counts, as browsers take it (WHATWG Fetch, "extract a MIME type").
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get_all(CONTENT_TYPE).iter().next_back()?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next()?.trim().to_ascii_lowercase();
    (essence.contains('/') && essence.len() <= MAX_TOKEN_BYTES).then_some(essence)
}

/// Content codings, then those transfer codings that HTTP leaves on the body: all that was applied, in that order.
fn codings(headers: &HeaderMap) -> Vec<String> {
    let tokens = |name: HeaderName| -> Vec<String> {
        let lines = headers
            .get_all(name)
            .iter()
            .map(|v| String::from_utf8_lossy(v.as_bytes()).to_ascii_lowercase());
        lines
            .flat_map(|line| line.split(',').map(|t| t.trim().to_owned()).collect::<Vec<_>>())
            .collect()
    };
    let mut all = tokens(CONTENT_ENCODING);
    all.extend(tokens(TRANSFER_ENCODING).into_iter().filter(|t| t != "chunked"));
    all.retain(|t| !t.is_empty() && t != "identity" && t.len() <= MAX_TOKEN_BYTES);
    all.truncate(MAX_CODINGS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn facts(lines: &[(HeaderName, &'static str)]) -> HeaderFacts {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        read(&headers, &Url::parse("https://a.example/d/report.pdf?x=1").expect("a URL"))
    }

    #[test]
    fn types_and_codings() {
        let f = facts(&[
            (CONTENT_TYPE, "text/plain"),
            (CONTENT_TYPE, " Application/PDF ; charset=x"),
            (CONTENT_ENCODING, "GZIP, identity"),
            (CONTENT_ENCODING, "br"),
            (TRANSFER_ENCODING, "deflate, chunked"),
        ]);
        assert_eq!(f.declared_type.as_deref(), Some("application/pdf"));
        assert_eq!(f.content_encoding, ["gzip", "br", "deflate"]);
        assert_eq!((f.attachment, f.file_name.as_deref()), (false, Some("report.pdf")));
    }

    #[test]
    fn a_header_without_a_name_leaves_it_to_the_url() {
        let f = facts(&[(CONTENT_DISPOSITION, "attachment"), (CONTENT_TYPE, "nonsense")]);
        assert_eq!(
            (f.attachment, f.file_name.as_deref(), f.declared_type),
            (true, Some("report.pdf"), None)
        );
    }
}
