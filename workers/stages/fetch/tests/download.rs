//! An ordinary download: one GET a hop, the headers that we send, redirects, statuses, names, digests, and a sink that fails.

mod support;

use airlock_fetch::{BlobSink, Config, FetchError, Fetcher};
use airlock_proto::FetchOutcome;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use support::{config, fetch, finish, serve, serve_bytes};

fn settings() -> Config {
    config(&["127.0.0.1/32"])
}

#[tokio::test]
async fn one_get_a_hop_and_the_whole_story() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    let sent = body.clone();
    let server = serve("127.0.0.1:0", move |mut stream, head| {
        let sent = sent.clone();
        async move {
            if head.starts_with("GET /go ") {
                finish(
                    &mut stream,
                    b"HTTP/1.1 302 Go\r\nLocation: dir/Some%20File.PDF?x=1#frag\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
                )
                .await;
                return;
            }
            let mut answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/PDF; x=y\r\nContent-Length: {}\r\n\r\n",
                sent.len()
            )
            .into_bytes();
            answer.extend_from_slice(&sent);
            finish(&mut stream, &answer).await;
        }
    })
    .await;
    let (result, bytes) = fetch(
        Config {
            accept_language: "de".into(),
            user_agent: "Test/1".into(),
            ..settings()
        },
        &server.url("/go"),
    )
    .await;
    let fetched = result.expect("downloaded");
    assert!(bytes == body);
    assert_eq!((fetched.status, fetched.len), (200, 3_000_000));
    assert_eq!(fetched.final_url, server.url("/dir/Some%20File.PDF?x=1"));
    assert_eq!(fetched.sha256, HEXLOWER.encode(&Sha256::digest(&body)));
    let chunks: Vec<String> = body.chunks(1024 * 1024).map(|c| HEXLOWER.encode(&Sha256::digest(c))).collect();
    assert_eq!(fetched.chunks_sha256, chunks);
    assert_eq!(fetched.headers.file_name.as_deref(), Some("Some File.PDF"));
    assert_eq!(fetched.headers.declared_type.as_deref(), Some("application/pdf"));
    assert!(!fetched.headers.attachment && fetched.headers.content_encoding.is_empty());
    assert_eq!(
        fetched
            .hops
            .iter()
            .map(|h| (h.scheme.as_str(), h.host.as_str(), h.status))
            .collect::<Vec<_>>(),
        [("http", "127.0.0.1", 302), ("http", "127.0.0.1", 200)]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    for request in requests {
        let lines: Vec<String> = request.to_lowercase().lines().map(str::to_owned).collect();
        assert!(lines[0].starts_with("get /"), "{request}");
        for expected in [
            format!("host: {}", server.addr),
            "user-agent: test/1".into(),
            "accept-language: de".into(),
            "accept-encoding: identity".into(),
            "connection: close".into(),
        ] {
            assert!(lines.contains(&expected), "{expected} in {request}");
        }
        assert!(
            !lines
                .iter()
                .any(|l| ["cookie", "referer", "range", "authorization", "content-length"]
                    .iter()
                    .any(|h| l.starts_with(h))),
            "{request}"
        );
    }
}

#[tokio::test]
async fn the_final_status_decides() {
    for (status, good) in [
        (200, true),
        (203, true),
        (201, false),
        (204, false),
        (206, false),
        (300, false),
        (302, false),
        (304, false),
        (401, false),
        (404, false),
        (500, false),
    ] {
        let server = serve_bytes("127.0.0.1:0", format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        let (result, _) = fetch(settings(), &server.url("/")).await;
        match result {
            Ok(fetched) => assert!(good && fetched.status == status, "{status}"),
            Err(error) => {
                assert!(!good && matches!(error, FetchError::Status(s) if s == status), "{status}: {error}");
                assert_eq!(error.kind(), FetchOutcome::Unreachable);
            }
        }
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn redirects_are_bounded_in_length_and_unambiguous() {
    let long = serve_bytes(
        "127.0.0.1:0",
        format!("HTTP/1.1 302 Go\r\nLocation: /{}\r\n\r\n", "x".repeat(9_000)),
    )
    .await;
    let (result, _) = fetch(settings(), &long.url("/")).await;
    assert!(matches!(result, Err(FetchError::UrlTooLong { .. })), "{result:?}");
    let two = serve_bytes("127.0.0.1:0", "HTTP/1.1 302 Go\r\nLocation: /a\r\nLocation: /b\r\n\r\n").await;
    let (result, _) = fetch(settings(), &two.url("/")).await;
    assert!(matches!(result, Err(FetchError::Http(_))), "{result:?}");
    assert_eq!(two.connections().await, 1);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection_and_chunks_are_undone() {
    let server = serve_bytes(
        "127.0.0.1:0",
        "HTTP/1.0 200 OK\r\nContent-Disposition: attachment; filename=\"a.zip\"\r\n\r\nall of it",
    )
    .await;
    let (result, bytes) = fetch(settings(), &server.url("/x.bin")).await;
    let headers = result.expect("downloaded").headers;
    assert_eq!(
        (headers.attachment, headers.file_name.as_deref(), bytes.as_slice()),
        (true, Some("a.zip"), b"all of it".as_slice())
    );
    let server = serve_bytes(
        "127.0.0.1:0",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n2;x=y\r\n++\r\n0\r\nTrailer: x\r\n\r\n",
    )
    .await;
    let (result, bytes) = fetch(settings(), &server.url("/")).await;
    let fetched = result.expect("downloaded");
    assert_eq!(
        (fetched.len, fetched.headers.file_name, bytes.as_slice()),
        (6, None, b"four++".as_slice())
    );
}

#[tokio::test]
async fn a_sink_that_fails_is_our_own_trouble() {
    struct Full;
    impl BlobSink for Full {
        fn write<'a>(&'a mut self, _: &'a [u8]) -> futures_util::future::BoxFuture<'a, std::io::Result<()>> {
            Box::pin(std::future::ready(Err(std::io::ErrorKind::StorageFull.into())))
        }
    }
    let server = serve_bytes("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let error = Fetcher::new(settings())
        .expect("usable")
        .fetch(&server.url("/"), &mut Full)
        .await
        .expect_err("full");
    assert!(error.is_ours() && matches!(error, FetchError::Sink(_)), "{error}");
    let error = Fetcher::new(Config {
        extra_ca_files: vec!["/does/not/exist.pem".into()],
        ..settings()
    })
    .err()
    .expect("no such file");
    assert!(error.is_ours(), "{error}");
}

#[test]
fn the_configuration_refuses_unknown_fields_and_fills_in_the_rest() {
    let c: Config =
        serde_json::from_str(r#"{"max_redirects":2,"allow_addresses":["10.0.0.0/8"],"nameservers":["127.0.0.1:53"]}"#).expect("valid");
    assert_eq!(
        (c.max_redirects, c.allow_addresses.len(), c.max_body_bytes),
        (2, 1, 200 * 1024 * 1024)
    );
    assert!(serde_json::from_str::<Config>(r#"{"max_redirect":2}"#).is_err());
}

#[test]
fn a_fetch_can_be_spawned() {
    fn is_send<T: Send>(_: &T) {}
    let fetcher = Fetcher::new(settings()).expect("usable");
    let mut sink = support::Memory::default();
    is_send(&fetcher.fetch("http://127.0.0.1/", &mut sink));
}
