//! The environment names a proxy in every way that is known: the proxy sees no connection.

mod support;

use std::process::Command;

use support::{config, fetch, serve_bytes};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "FTP_PROXY",
    "SOCKS_PROXY",
];

#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let proxy = serve_bytes("127.0.0.1:0", OK).await;
    let origin = serve_bytes("127.0.0.1:0", OK).await;
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child
        .args(["--exact", "the_child_fetches", "--ignored", "--nocapture"])
        .env("ORIGIN", origin.url("/"));
    for variable in VARIABLES {
        child.env(variable, proxy.url(""));
    }
    child.env("NO_PROXY", "").env("no_proxy", "");
    let output = tokio::task::spawn_blocking(move || child.output())
        .await
        .expect("joined")
        .expect("the child ran");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1 passed"),
        "the child ran its test"
    );
    assert_eq!((proxy.connections().await, origin.connections().await), (0, 1));
}

/// Runs in the child only.
#[tokio::test]
#[ignore = "the other test runs it with a proxy in its environment"]
async fn the_child_fetches() {
    let origin = std::env::var("ORIGIN").expect("set by the parent");
    let named = std::env::var("http_proxy").expect("set by the parent");
    assert!(named.starts_with("http://127.0.0.1:"));
    let (result, bytes) = fetch(config(&["127.0.0.1/32"]), &origin).await;
    assert_eq!((result.expect("fetched").status, bytes.as_slice()), (200, b"ok".as_slice()));
}
