//! Downloads over real HTTP, from a real store and real records.

mod support;

use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use airlock_gateway::CHUNK_BYTES;
use airlock_records::RevokeBy;
use airlock_store::blob_key;
use airlock_token::{SigningKey, mint};
use support::{LIFE, NOW, Site, noise};

const MIB: usize = CHUNK_BYTES as usize;

#[tokio::test(flavor = "multi_thread")]
async fn the_scanned_bytes_come_with_every_guard() {
    let site = Site::start().await;
    let bytes = noise(3 * MIB + 500);
    let token = site.offer("r1", "räksmörgås.pdf", &bytes, false).await;
    let head = site.ask("HEAD", &format!("/d/{token}"), &[]).await;
    assert_eq!(
        (head.status, head.body.len(), site.downloads().await),
        (200, 0, 0),
        "HEAD consumes nothing"
    );
    let reply = site.get(&format!("/d/{token}")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body == bytes);
    let sha256 = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    let expected = [
        ("content-length", bytes.len().to_string()),
        ("content-type", "application/octet-stream".to_owned()),
        ("etag", format!("\"{sha256}\"")),
        ("accept-ranges", "bytes".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "private, no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("content-security-policy", "sandbox; default-src 'none'".to_owned()),
        (
            "content-disposition",
            "attachment; filename=\"r_ksm_rg_s.pdf\"; filename*=UTF-8''r%C3%A4ksm%C3%B6rg%C3%A5s.pdf".to_owned(),
        ),
    ];
    for (name, value) in expected {
        assert_eq!(reply.header(name), Some(value.as_str()), "{name}");
        assert_eq!(head.header(name), Some(value.as_str()), "{name} of HEAD");
    }
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(site.downloads().await, 1);
    // A token may be used again while it holds; an empty file is a file.
    assert_eq!(site.get(&format!("/d/{token}")).await.body.len(), bytes.len());
    let empty = site.offer("r2", "empty.txt", b"", false).await;
    let reply = site.get(&format!("/d/{empty}")).await;
    assert_eq!((reply.status, reply.header("content-length")), (200, Some("0")));
    for (method, path, status) in [
        ("PUT", format!("/d/{token}"), 405),
        ("POST", "/v1/requests/x".to_owned(), 405),
        ("GET", "/".to_owned(), 404),
        ("GET", "/v1/requests/x".to_owned(), 401),
    ] {
        let reply = site.ask(method, &path, &[]).await;
        assert_eq!(reply.status, status);
        let form = if path.starts_with("/v1/") {
            "application/json"
        } else {
            "text/html"
        };
        assert!(reply.header("content-type").is_some_and(|is| is.starts_with(form)), "{path}");
        assert_eq!(reply.header("allow").is_some(), status == 405);
        for guard in [
            "content-security-policy",
            "x-content-type-options",
            "cache-control",
            "referrer-policy",
        ] {
            assert!(reply.header(guard).is_some(), "{status} without {guard}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn single_ranges_are_parts_of_checked_chunks() {
    let site = Site::start().await;
    let bytes = noise(2 * MIB + 100);
    let size = bytes.len();
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let path = format!("/d/{token}");
    let cases = [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=-50", size - 50, size),
        ("bytes=-99999999", 0, size),
        ("bytes=1048570-1048580", 1_048_570, 1_048_581),
        ("bytes=2097152-", 2 * MIB, size),
        ("bytes=1000-99999999999", 1000, size),
    ];
    for (range, from, to) in cases {
        let reply = site.ask("GET", &path, &[("Range", range)]).await;
        assert_eq!(reply.status, 206, "{range}");
        assert!(reply.body == bytes[from..to], "{range}");
        assert_eq!(reply.header("content-range").unwrap(), format!("bytes {from}-{}/{size}", to - 1));
        assert_eq!(reply.header("content-length").unwrap(), (to - from).to_string());
    }
    for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
        let reply = site.ask("GET", &path, &[("Range", &range)]).await;
        assert_eq!(
            (reply.status, reply.header("content-range")),
            (416, Some(format!("bytes */{size}").as_str()))
        );
    }
    for range in ["bytes=0-1,4-5", "bytes=5-4", "nonsense"] {
        assert_eq!(site.ask("GET", &path, &[("Range", range)]).await.status, 200, "{range}");
    }
    let etag = site.ask("HEAD", &path, &[]).await.header("etag").unwrap().to_owned();
    for (if_range, status) in [(etag.as_str(), 206), ("\"other\"", 200), ("Tue, 24 Nov 2026 12:00:00 GMT", 200)] {
        let reply = site.ask("GET", &path, &[("Range", "bytes=0-9"), ("If-Range", if_range)]).await;
        assert_eq!(reply.status, status, "{if_range}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_risk_is_accepted_by_a_form_and_not_before() {
    let site = Site::start().await;
    let name = "<script>alert(1)</script>\u{202e}.pdf";
    let token = site.offer("r1", name, b"risky", true).await;
    let path = format!("/d/{token}");
    for (method, headers) in [("GET", vec![]), ("GET", vec![("Range", "bytes=0-1")]), ("HEAD", vec![])] {
        let page = site.ask(method, &path, &headers).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert_eq!((page.header("etag"), page.header("set-cookie")), (None, None));
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert!(!page.text().contains("<script") && !page.text().contains(&token), "{}", page.text());
    }
    let page = site.get(&path).await;
    assert!(
        page.text().contains("&lt;script&gt;") && page.text().contains("&lt;U+202E&gt;"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("<form method=\"post\">"));
    assert_eq!(site.downloads().await, 0);
    let reply = site.ask("POST", &path, &[]).await;
    assert_eq!((reply.status, &*reply.body), (200, b"risky".as_slice()));
    assert_eq!(site.downloads().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_how_to_go_on() {
    let site = Site::start().await;
    let token = site.offer("r1", "secret-name.pdf", b"bytes", false).await;
    let other = mint_of_another_key();
    let mut changed = token.clone();
    changed.replace_range(30..31, if token.as_bytes()[30] == b'A' { "B" } else { "A" });
    for bad in [
        changed.as_str(),
        &token[..token.len() - 3],
        "x",
        other.as_str(),
        "%3Cscript%3E",
        "%ff%fe",
    ] {
        let page = site.get(&format!("/d/{bad}")).await;
        assert_eq!(page.status, 403, "{bad}");
        assert!(
            page.text().contains("click the link in it again") && !page.text().contains("script"),
            "{}",
            page.text()
        );
    }
    // Expired to the millisecond.
    site.clock.store(NOW + LIFE - 1, Ordering::Relaxed);
    assert_eq!(site.get(&format!("/d/{token}")).await.status, 200);
    site.clock.store(NOW + LIFE, Ordering::Relaxed);
    for method in ["GET", "POST"] {
        let page = site.ask(method, &format!("/d/{token}"), &[]).await;
        let text = page.text();
        assert_eq!(page.status, 410);
        assert!(
            text.contains("hxxps://files[.]evil[.]example/r1?q=&lt;b&gt;&quot;&#39;&amp;x=http[:]//c.example"),
            "{text}"
        );
        assert!(
            text.contains("once more") && !text.contains("secret-name") && !text.contains("href"),
            "{text}"
        );
    }
    site.clock.store(NOW, Ordering::Relaxed);
    // Revoked: at the next request.
    site.records
        .revoke(RevokeBy::Token("token-r1".to_owned()), "bad after all", NOW)
        .await
        .unwrap();
    let page = site.get(&format!("/d/{token}")).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("withdrawn") && !page.text().contains("bad after all") && !page.text().contains("secret-name"));
    // Gone: the blob was cleared.
    let token = site.offer("r2", "secret-name.pdf", b"bytes", false).await;
    site.store.delete(&blob_key("acme", "r2")).await.unwrap();
    let page = site.get(&format!("/d/{token}")).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("no longer kept") && !page.text().contains("secret-name"));
    let counters = site.gateway.counters();
    assert_eq!(
        (counters.forged.load(Ordering::Relaxed), counters.gone.load(Ordering::Relaxed)),
        (6, 4)
    );
    assert_eq!(counters.changed.load(Ordering::Relaxed), 0);
}

fn mint_of_another_key() -> String {
    // Another key of the same kind, with nothing of ours but the form.
    let key = SigningKey::generate([8; 32]);
    let cleared = support::cleared(false);
    mint(&key, cleared, airlock_proto::Claims::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_object_ends_the_transfer_before_one_byte_of_it() {
    let site = Site::start().await;
    let bytes = noise(3 * MIB + 10);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    let path = format!("/d/{token}");
    let mut file = std::fs::OpenOptions::new().write(true).open(site.blob("r1")).unwrap();
    file.seek(SeekFrom::Start(2 * CHUNK_BYTES + 777)).unwrap();
    file.write_all(&[!bytes[2 * MIB + 777]]).unwrap();
    let reply = site.get(&path).await;
    assert_eq!(
        (reply.status, reply.header("content-length").unwrap()),
        (200, bytes.len().to_string().as_str())
    );
    assert!(
        reply.body == bytes[..2 * MIB],
        "two good chunks and nothing of the third: {}",
        reply.body.len()
    );
    let changed = || site.gateway.counters().changed.load(Ordering::Relaxed);
    assert_eq!(changed(), 1);
    // A range inside of the changed chunk that avoids the changed byte gets nothing of it; other chunks are still good.
    let reply = site.ask("GET", &path, &[("Range", "bytes=2097152-2097160")]).await;
    assert_eq!((reply.status, changed()), (410, 2));
    let head = site.ask("HEAD", &path, &[("Range", "bytes=2097152-2097160")]).await;
    assert_eq!((head.status, changed()), (410, 3), "HEAD answers like GET");
    let reply = site.ask("GET", &path, &[("Range", "bytes=2097151-2097160")]).await;
    assert_eq!((reply.status, &*reply.body, changed()), (206, &bytes[2 * MIB - 1..2 * MIB], 4));
    let reply = site.ask("GET", &path, &[("Range", "bytes=-10")]).await;
    assert!(reply.status == 206 && reply.body == bytes[3 * MIB..]);
    assert_eq!(site.downloads().await, 3, "one that was refused is none");
    // Nothing is revoked by that.
    assert!(site.records.token("token-r1").await.unwrap().unwrap().revoked_ms.is_none());
    // Another length is seen before the head.
    file.set_len(5).unwrap();
    assert_eq!((site.get(&path).await.status, changed()), (410, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_trouble_of_ours() {
    let server = airlock_peers::s3::S3::start();
    let store = airlock_store::Config {
        url: format!("s3://{}", airlock_peers::s3::BUCKET),
        endpoint: server.endpoint(),
        access_key_id: airlock_peers::s3::ACCESS_KEY.to_owned(),
        secret_key_file: Some(server.secret_file()),
        allow_http: true,
        timeout_ms: 2_000,
        ..airlock_store::Config::default()
    };
    let site = Site::with(airlock_gateway::Config::default(), Some(store)).await;
    let bytes = noise(MIB + 5);
    let token = site.offer("r1", "a.bin", &bytes, false).await;
    assert!(site.get(&format!("/d/{token}")).await.body == bytes);
    server.hang_for(Duration::from_secs(600));
    let page = site.get(&format!("/d/{token}")).await;
    assert_eq!((page.status, page.header("retry-after")), (503, Some("30")));
    assert_eq!(site.downloads().await, 1);
    server.heal();
    assert!(site.get(&format!("/d/{token}")).await.body == bytes);
}
