//! No token and no bearer key ever stands in a log, at any level, of any crate. A binary of its own: the subscriber is global.

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use airlock_records::RevokeBy;
use std::sync::atomic::Ordering;
use support::{LIFE, NOW, SERVICE_KEY, Site, noise};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Memory {
    type Writer = Memory;
    fn make_writer(&'a self) -> Memory {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_never_logged() {
    let memory = Memory::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(memory.clone())
        .init();
    let site = Site::start().await;
    let token = site.offer("r1", "a.bin", &noise(2_000_000), false).await;
    let risky = site.offer("r2", "b.bin", b"b", true).await;
    let changed = site.offer("r3", "c.bin", b"c", false).await;
    std::fs::write(site.blob("r3"), b"X").unwrap();
    let forged = token.replace("v4.public.", "v4.public.AAAA");
    for method in ["GET", "HEAD", "POST", "PUT"] {
        for token in [&token, &risky, &changed, &forged] {
            site.ask(method, &format!("/d/{token}"), &[("Range", "bytes=0-5")]).await;
            site.ask(method, &format!("/d/{token}/x?{token}"), &[("Referer", token)]).await;
        }
    }
    let bearer = format!("Bearer {SERVICE_KEY}");
    site.ask("GET", "/v1/requests/r1", &[("Authorization", &bearer)]).await;
    site.records
        .revoke(RevokeBy::Token("token-r1".to_owned()), "why", NOW)
        .await
        .unwrap();
    site.get(&format!("/d/{token}")).await;
    site.clock.store(NOW + LIFE, Ordering::Relaxed);
    site.get(&format!("/d/{risky}")).await;

    let log = String::from_utf8_lossy(&memory.0.lock().unwrap()).into_owned();
    // The log is really there, and says what happened by the name of the token.
    for said in ["token-r1", "token-r2", "object_changed", "status=403", "status=410", "status=206"] {
        assert!(log.contains(said), "{said}");
    }
    for token in [&token, &risky, &changed, &forged] {
        // Neither whole nor in part: no 24 characters of what is secret about it.
        let secret = &token["v4.public.".len()..token.rfind('.').unwrap()];
        for start in (0..secret.len() - 24).step_by(12) {
            let part = &secret[start..start + 24];
            let at = log.find(part);
            assert!(at.is_none(), "{}", &log[at.unwrap().saturating_sub(300)..at.unwrap()]);
        }
    }
    assert!(!log.contains(SERVICE_KEY));
}
