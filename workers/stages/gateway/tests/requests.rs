//! A calling service asks about its requests.

mod support;

use airlock_records::{Accept, Fairness, Mail, NewRequest, RevokeBy};
use support::{NOW, SERVICE_KEY, Site, request};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_sees_its_own_requests_and_no_others() {
    let site = Site::start().await;
    site.offer("done", "a.pdf", b"bytes", false).await;
    let theirs = NewRequest {
        service: "other".to_owned(),
        ..request("theirs")
    };
    for new in [&request("open"), &theirs] {
        let accepted = site
            .records
            .accept(new.clone(), "", Mail::default(), Fairness::default())
            .await
            .unwrap();
        assert_eq!(accepted, Accept::New);
    }
    let bearer = format!("Bearer {SERVICE_KEY}");
    let ask = async |id: &str, key: &str| site.ask("GET", &format!("/v1/requests/{id}"), &[("Authorization", key)]).await;

    let done = ask("done", &bearer).await;
    assert_eq!(
        (done.status, done.header("content-type"), done.header("cache-control")),
        (200, Some("application/json"), Some("private, no-store"))
    );
    let view: serde_json::Value = serde_json::from_slice(&done.body).unwrap();
    assert_eq!((&view["request_id"], &view["state"]), (&"done".into(), &"done".into()));
    let verdict = &view["verdict"];
    assert_eq!(
        (&verdict["kind"], &verdict["decision"], &verdict["outcome"]),
        (&"download".into(), &"release".into(), &"scanned".into())
    );
    assert_eq!(
        (&verdict["size"], &verdict["remedy"], &verdict["expires"]),
        (&5.into(), &serde_json::Value::Null, &"2023-11-15T10:13:20Z".into())
    );
    assert!(
        done.text()
            .starts_with(r#"{"request_id":"done","state":"done","verdict":{"request_id":"done","kind":"download","decision":"#)
    );

    site.records
        .revoke(RevokeBy::Request("done".to_owned()), "bad after all", NOW)
        .await
        .unwrap();
    let view: serde_json::Value = serde_json::from_slice(&ask("done", &bearer).await.body).unwrap();
    let verdict = &view["verdict"];
    assert_eq!(
        (
            &verdict["kind"],
            &verdict["decision"],
            &verdict["reasons"][0]["id"],
            &verdict["expires"]
        ),
        (&"none".into(), &"block".into(), &"token.revoked".into(), &serde_json::Value::Null)
    );

    let open = ask("open", &bearer).await;
    assert_eq!(
        (open.status, open.text()),
        (200, r#"{"request_id":"open","state":"running","verdict":null}"#)
    );
    for id in ["theirs", "nobody", "..%2Fx", "%00", "%ff%fe"] {
        let reply = ask(id, &bearer).await;
        assert_eq!((reply.status, reply.text()), (404, r#"{"error":"no such request"}"#), "{id}");
    }
    for key in ["", "Bearer", "Bearer ", "Bearer wrong-key-of-a-service", "Basic abc", SERVICE_KEY] {
        let reply = ask("done", key).await;
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{key}");
    }
}
