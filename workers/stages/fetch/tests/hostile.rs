//! Hostile servers: each ends with its reason, within its cap.

mod support;

use std::time::{Duration, Instant};

use airlock_fetch::{Config, FetchError, Fetched};
use airlock_proto::FetchOutcome;
use support::{Server, config, fetch, serve, serve_bytes, serve_raw};
use tokio::io::AsyncWriteExt;

fn small() -> Config {
    Config {
        max_body_bytes: 1024 * 1024,
        ..config(&["127.0.0.1/32"])
    }
}

/// The error, the bytes that reached the sink, and the time it took.
async fn fails(config: Config, server: &Server) -> (FetchError, usize, Duration) {
    let start = Instant::now();
    let (result, bytes) = fetch(config, &server.url("/")).await;
    (result.expect_err("a hostile server"), bytes.len(), start.elapsed())
}

async fn answers(answer: impl Into<Vec<u8>>) -> (Result<Fetched, FetchError>, Vec<u8>) {
    let server = serve_bytes("127.0.0.1:0", answer).await;
    fetch(small(), &server.url("/")).await
}

#[tokio::test]
async fn a_redirect_loop_ends_at_its_count() {
    let server = serve_bytes("127.0.0.1:0", "HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n").await;
    let (error, _, _) = fails(
        Config {
            max_redirects: 3,
            ..small()
        },
        &server,
    )
    .await;
    assert!(matches!(error, FetchError::TooManyRedirects(3)), "{error}");
    assert_eq!(error.kind(), FetchOutcome::Refused);
    assert_eq!(server.connections().await, 4, "the first and three redirects");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_size_limit() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] {
        let server = serve("127.0.0.1:0", move |mut stream, _| async move {
            let _ = stream.write_all(head.as_bytes()).await;
            let mut block = b"4000\r\n".to_vec();
            block.resize(6 + 0x4000, b'x');
            block.extend_from_slice(b"\r\n");
            while stream.write_all(&block).await.is_ok() {}
        })
        .await;
        let (error, kept, _) = fails(small(), &server).await;
        assert!(matches!(error, FetchError::BodyTooLong(1_048_576)), "{error}");
        assert_eq!(error.kind(), FetchOutcome::Refused);
        assert!(kept <= 1024 * 1024, "{kept} bytes kept");
    }
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_not_read() {
    let server = serve_bytes("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\nxxxx").await;
    let (error, kept, _) = fails(small(), &server).await;
    assert!(matches!(error, FetchError::BodyTooLong(_)), "{error}");
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_length_that_lies_short_gives_what_a_browser_gets() {
    let (result, bytes) = answers("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour and much more").await;
    assert_eq!((result.expect("four bytes").len, bytes.as_slice()), (4, b"four".as_slice()));
}

#[tokio::test]
async fn a_length_that_lies_long_is_an_early_close() {
    let (result, _) = answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly ten b").await;
    let error = result.expect_err("ninety bytes are missing");
    assert_eq!(error.to_string(), "the server closed early: 10 of 100 bytes");
    assert_eq!(error.kind(), FetchOutcome::Unreachable);
}

#[tokio::test]
async fn other_lengths_that_lie() {
    for lines in [
        "Content-Length: -1",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 0x4",
    ] {
        let (result, bytes) = answers(format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nfour")).await;
        assert!(matches!(result, Err(FetchError::Http(_))), "{lines}: {result:?}");
        assert!(bytes.is_empty());
    }
}

#[tokio::test]
async fn chunks_that_break_or_end_early() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["4\r\nfour\r\n", "4\r\nfo", "4\r\nfour\r\n0\r\n", ""] {
        let (result, _) = answers(format!("{head}{body}")).await;
        assert!(
            matches!(result, Err(FetchError::ClosedEarly { expected: None, .. })),
            "{body:?}: {result:?}"
        );
    }
    for body in ["zz\r\nfour\r\n0\r\n\r\n", "ffffffffffffffffff\r\nx", "4\r\nfourXX0\r\n\r\n"] {
        let (result, _) = answers(format!("{head}{body}")).await;
        assert!(
            matches!(&result, Err(e) if e.kind() == FetchOutcome::Unreachable),
            "{body:?}: {result:?}"
        );
    }
    let endless_extension = format!("{head}4;{}\r\nfour\r\n0\r\n\r\n", "x".repeat(200_000));
    let (result, _) = answers(endless_extension).await;
    assert!(matches!(result, Err(FetchError::Http(_))), "{result:?}");
}

#[tokio::test]
async fn a_reset_is_an_early_close() {
    let server = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        #[allow(deprecated)]
        let _ = stream.set_linger(Some(Duration::ZERO));
    })
    .await;
    let (error, kept, _) = fails(small(), &server).await;
    assert!(
        matches!(
            error,
            FetchError::ClosedEarly {
                got: 10,
                expected: Some(100)
            }
        ),
        "{error}"
    );
    assert_eq!(kept, 10);
}

#[tokio::test]
async fn a_close_before_any_answer() {
    let server = serve("127.0.0.1:0", |_, _| async {}).await;
    let (error, _, _) = fails(small(), &server).await;
    assert_eq!(error.kind(), FetchOutcome::Unreachable, "{error}");
    assert_eq!(server.connections().await, 1, "nothing is tried twice");
}

#[tokio::test]
async fn a_slow_drip_ends_after_one_window() {
    let server = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let (error, _, took) = fails(small(), &server).await;
    assert!(matches!(error, FetchError::TooSlow { window_ms: 400, .. }), "{error}");
    assert_eq!(error.kind(), FetchOutcome::TimedOut);
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

#[tokio::test]
async fn a_body_that_stops_ends_after_one_window() {
    let server = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await;
        let _ = stream.write_all(&[b'x'; 100_000]).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let (error, kept, took) = fails(small(), &server).await;
    assert!(matches!(error, FetchError::TooSlow { got: 0, .. }), "{error}");
    assert_eq!(kept, 100_000);
    assert!(took < Duration::from_millis(2_000), "{took:?}");
}

#[tokio::test]
async fn a_body_just_fast_enough_ends_at_the_total_time() {
    let server = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 200]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let (error, _, took) = fails(
        Config {
            total_timeout_ms: 1_500,
            ..small()
        },
        &server,
    )
    .await;
    assert!(
        matches!(
            error,
            FetchError::Timeout {
                what: "the whole transfer",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.kind(), FetchOutcome::TimedOut);
    assert!(
        (Duration::from_millis(1_400)..Duration::from_millis(3_000)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn no_first_byte_and_a_dripping_head_end_at_the_first_byte_time() {
    let silent = serve("127.0.0.1:0", |stream, _| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let dripping = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for server in [silent, dripping] {
        let held = server.addr;
        let (error, _, took) = fails(small(), &server).await;
        assert!(
            matches!(
                error,
                FetchError::Timeout {
                    what: "the head of the answer",
                    limit_ms: 600
                }
            ),
            "{held}: {error}"
        );
        assert!(took < Duration::from_millis(1_500), "{took:?}");
    }
}

#[tokio::test]
async fn a_head_of_a_gigabyte_ends_at_the_header_limit() {
    let server = serve("127.0.0.1:0", |mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await;
        let block = [b'x'; 65_536];
        for _ in 0..16_384 {
            if stream.write_all(&block).await.is_err() {
                return;
            }
        }
    })
    .await;
    let (error, _, took) = fails(small(), &server).await;
    assert!(matches!(error, FetchError::HeadTooLong(65_536)), "{error}");
    assert_eq!(error.kind(), FetchOutcome::Refused);
    assert!(took < Duration::from_millis(1_000), "{took:?}");
}

#[tokio::test]
async fn many_header_lines_and_floods_of_interim_answers_are_heads_too_long() {
    let lines = "A: b\r\n".repeat(20_000);
    let many = serve_bytes("127.0.0.1:0", format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).await;
    let flood = serve("127.0.0.1:0", |mut stream, _| async move {
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n").await.is_ok() {}
    })
    .await;
    for server in [many, flood] {
        let (error, _, _) = fails(small(), &server).await;
        assert!(matches!(error, FetchError::HeadTooLong(_)), "{error}");
    }
    let (result, bytes) = answers("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    assert!(result.is_ok() && bytes == b"ok", "a single one is passed over: {result:?}");
}

#[tokio::test]
async fn an_encoded_bomb_is_kept_as_received() {
    // Deflate data that unpacks to far more than it is: only the bytes as received count here.
    let bomb: Vec<u8> = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
        .iter()
        .copied()
        .chain(std::iter::repeat_n(0, 100_000))
        .collect();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    answer.extend_from_slice(&bomb);
    let server = serve_bytes("127.0.0.1:0", answer).await;
    let (result, bytes) = fetch(small(), &server.url("/")).await;
    let fetched = result.expect("kept");
    assert_eq!(fetched.headers.content_encoding, ["gzip"]);
    assert_eq!((fetched.len, bytes), (100_010, bomb));
    assert!(server.requests()[0].to_lowercase().contains("accept-encoding: identity\r\n"));
}

#[tokio::test]
async fn a_silent_tls_handshake_ends_at_the_connect_time() {
    let server = serve_raw("127.0.0.1:0", |stream, _| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let start = Instant::now();
    let (result, _) = fetch(small(), &format!("https://{}/", server.addr)).await;
    assert!(
        matches!(
            result,
            Err(FetchError::Timeout {
                what: "the TLS handshake",
                ..
            })
        ),
        "{result:?}"
    );
    assert!(start.elapsed() < Duration::from_millis(2_000));
}

#[tokio::test]
async fn what_is_not_http_is_unreachable() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail ESMTP\r\n",
        "\0\0\0\0",
        "HTTP/1.1 20 OK\r\n\r\n",
    ] {
        let (result, _) = answers(answer).await;
        assert!(
            matches!(&result, Err(e) if e.kind() == FetchOutcome::Unreachable),
            "{answer:?}: {result:?}"
        );
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a free port")
        .local_addr()
        .expect("bound");
    let (result, _) = fetch(small(), &format!("http://{closed}/")).await;
    assert!(matches!(result, Err(FetchError::Connect { .. })), "{result:?}");
}
