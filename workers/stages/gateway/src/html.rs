//! Plain pages: no script, no style, nothing loaded, everything hostile escaped.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Response, StatusCode};

const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page; `body` is HTML, `title` is text of ours.
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head>\n<body><main>\n<h1>{title}</h1>\n{body}\n</main></body>\n</html>\n"
    );
    let length = HeaderValue::from(html.len());
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Said by hand, so that HEAD says it too.
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Hostile text for a page: what is invisible becomes visible, it is cut to `max` bytes, and then escaped.
pub(crate) fn hostile(text: &str, max: usize) -> String {
    let shown = airlock_proto::text::cut(&airlock_proto::text::visible(text), max);
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A link that no mail program and no browser makes clickable: `hxxps://evil[.]example/x`.
pub(crate) fn defanged(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let scheme = scheme.replace("http", "hxxp").replace("HTTP", "hxxp");
    let joint = if scheme.is_empty() { "" } else { "://" };
    // A second scheme or address in the path is none either.
    let path = path.replace("://", "[:]//");
    format!("{scheme}{joint}{}{path}", host.replace('.', "[.]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_defanged() {
        assert_eq!(
            defanged("https://a.b.example/x.pdf?u=http://c.example"),
            "hxxps://a[.]b[.]example/x.pdf?u=http[:]//c.example"
        );
        assert_eq!(defanged("www.example.com"), "www[.]example[.]com");
    }

    #[test]
    fn hostile_text_is_text() {
        assert_eq!(
            hostile("<a href='x'>&\"\u{202e}", 99),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;U+202E&gt;"
        );
    }
}
