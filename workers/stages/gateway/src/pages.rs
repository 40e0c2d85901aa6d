//! What people are told: the risk before a download, and why there is none and how to go on.

use airlock_proto::Claims;
use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response, StatusCode};

use crate::html::{defanged, hostile, page};

/// The risk, and the form that accepts it. Its address is the page's own, so that the token does not stand in the page.
pub(crate) fn risk(claims: &Claims) -> Response<Body> {
    let body = format!(
        "<p>This file could not be checked completely, or something about it asks for care:</p>\n<p><code>{}</code> ({} bytes)</p>\n\
         <p>Open it only if you expected it and know who it is from. If in doubt, ask the sender in another way, or your administrator.</p>\n\
         <form method=\"post\"><button type=\"submit\">Accept risk and download</button></form>",
        hostile(&claims.file_name, 200),
        claims.size
    );
    page(StatusCode::OK, "Download with care", &body)
}

/// 403: forged, or broken.
pub(crate) fn forged() -> Response<Body> {
    let body = "<p>This download link is damaged or was not made by us. A mail program may have cut it.</p>\n\
                <p>Go back to the mail and click the link in it again. If that does not help, ask your administrator.</p>";
    page(StatusCode::FORBIDDEN, "This download link does not work", body)
}

/// 410: expired; `url` is the link that the check was for, where it is known.
pub(crate) fn expired(url: Option<&str>) -> Response<Body> {
    let link = url.map_or_else(String::new, |url| {
        format!(
            "<p>It was for this link:</p>\n<p><code>{}</code></p>\n",
            hostile(&defanged(url), 500)
        )
    });
    let body = format!(
        "<p>A checked file can be downloaded for a limited time only, because what is known about files changes.</p>\n{link}\
         <p>To check it again, go back to the mail and click the link in it once more. You then get a new download link.</p>"
    );
    page(StatusCode::GONE, "This download link has expired", &body)
}

/// 410: revoked.
pub(crate) fn revoked() -> Response<Body> {
    let body = "<p>This download was withdrawn after it had been offered.</p>\n\
                <p>If you have downloaded it before, do not open it, and tell your administrator.</p>";
    page(StatusCode::GONE, "This download was withdrawn", body)
}

/// 410: what was scanned is no longer there.
pub(crate) fn gone() -> Response<Body> {
    let body = "<p>This download is no longer kept.</p>\n\
                <p>To check it again, go back to the mail and click the link in it once more. You then get a new download link.</p>";
    page(StatusCode::GONE, "This download is gone", body)
}

/// 503: trouble of ours.
pub(crate) fn trouble() -> Response<Body> {
    let body = "<p>The download service has trouble at the moment. Your link stays valid.</p>\n<p>Try again in a minute.</p>";
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a minute", body);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    response
}
