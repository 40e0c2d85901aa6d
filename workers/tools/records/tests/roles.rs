//! The roles of PostgreSQL: every stage can do its work, and not that of another.

use airlock_peers::Postgres;
use airlock_records::{
    Accept, Config, Fairness, Finish, Mail, NewRequest, NewToken, NewVerdict, OutboxRow, Parked, Records, RecordsError, RevokeBy, roles_sql,
};

const ONE: Fairness = Fairness {
    first: 1,
    in_flight: 1,
    queued: 9,
};

fn request(id: &str) -> NewRequest {
    let text = || "x".to_owned();
    NewRequest {
        request_id: id.to_owned(),
        service: text(),
        body_sha256: text(),
        tenant: text(),
        url: text(),
        recipient: text(),
        route: text(),
        secrets_sha256: text(),
        definition_digest: text(),
        lane: text(),
        form: text(),
        received_ms: 0,
        notify_ms: 0,
        deadline_ms: 0,
    }
}

fn verdict(id: &str) -> NewVerdict {
    let token = NewToken {
        token_id: format!("token {id}"),
        sha256: "aa".to_owned(),
        blob_key: id.to_owned(),
        expires_ms: 50,
        claims: vec![],
    };
    NewVerdict {
        request_id: id.to_owned(),
        body: vec![],
        decision: "release".to_owned(),
        outcome: "scanned".to_owned(),
        sha256: Some("aa".to_owned()),
        size: 1,
        chunks_sha256: vec![],
        decided_ms: 0,
        token: Some(token),
        blob_key: Some(id.to_owned()),
        blob_delete_after_ms: 0,
    }
}

fn refused<T: std::fmt::Debug>(what: &str, result: Result<T, RecordsError>) {
    assert!(
        matches!(&result, Err(RecordsError::Refused(why)) if why.contains("permission denied")),
        "{what}: {result:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_stage_its_own() {
    let server = Postgres::start();
    let config = |user: &str| Config {
        url: server.url_as(user, "postgres"),
        password_file: Some(server.password_file()),
        max_connections: 2,
    };
    // The tables lie in a schema of their own, with a name that must be quoted; its owner is no superuser.
    server.sql(
        "postgres",
        &format!("CREATE ROLE keeper LOGIN PASSWORD '{0}'; CREATE SCHEMA \"Air lock\" AUTHORIZATION keeper; ALTER ROLE keeper SET search_path = \"Air lock\"", Postgres::PASSWORD),
    );
    Records::connect(&config("keeper")).await.unwrap().migrate().await.unwrap();
    for _ in 0..2 {
        server.sql("postgres", &roles_sql("Air lock"));
    }
    let mut stages = vec![];
    for role in ["airlock_intake", "airlock_verdict", "airlock_gateway", "airlock_sandbox"] {
        server.sql("postgres", &format!("ALTER ROLE {role} PASSWORD '{}'", Postgres::PASSWORD));
        let records = Records::connect(&config(role)).await.unwrap();
        records.ping().await.unwrap();
        assert!(records.check().await.unwrap().is_ready(), "{role}");
        refused(role, records.migrate().await);
        stages.push(records);
    }
    let [intake, decide, gateway, sandbox] = stages.try_into().unwrap();
    let row = || {
        vec![OutboxRow {
            topic: "tests".to_owned(),
            body: vec![1],
        }]
    };
    let mail = || Mail {
        first: [row(), row()].concat(),
        placed: [row(), row()].concat(),
        waits: row(),
        waited: row(),
    };

    // intake
    assert_eq!(intake.accept(request("r1"), "text", mail(), ONE).await.unwrap(), Accept::New);
    assert_eq!(intake.accept(request("r2"), "text", mail(), ONE).await.unwrap(), Accept::Waiting);
    assert!(matches!(
        intake.accept(request("r1"), "text", mail(), ONE).await.unwrap(),
        Accept::Known(_)
    ));
    // As a program leaves it that does not keep the count.
    server.sql("postgres", "UPDATE \"Air lock\".room SET waiting = 500");
    let two = Fairness { in_flight: 2, ..ONE };
    assert_eq!(intake.accept(request("r3"), "text", mail(), two).await.unwrap(), Accept::Waiting);
    assert_eq!(
        server.sql("postgres", "SELECT waiting FROM \"Air lock\".room"),
        "1",
        "counted anew, and one of the two got a place"
    );
    assert!(intake.live(&request("r9"), 0).await.unwrap().is_none());
    intake.reserve_blob("r1", "x", 10).await.unwrap();
    intake.reserve_blob("r1", "x", 20).await.unwrap();
    assert_eq!(intake.relay("tests", 3, async |_| true).await.unwrap(), 3);
    refused("intake decides", intake.finish(&verdict("r1"), &[], ONE).await);
    refused("intake revokes", intake.revoke(RevokeBy::Token("t".to_owned()), "", 0).await);
    refused("intake clears", intake.forget_blob("r1").await);
    refused("intake parks", intake.due_parked(0, 0, 1).await);

    // verdict
    assert_eq!(decide.finish(&verdict("r1"), &row(), ONE).await.unwrap(), Finish::First);
    assert_eq!(decide.finish(&verdict("r1"), &row(), ONE).await.unwrap(), Finish::Already);
    assert_eq!(decide.finish(&verdict("r2"), &row(), ONE).await.unwrap(), Finish::First);
    assert_eq!(decide.request("r3").await.unwrap().unwrap().state, "running", "promoted by verdict");
    assert_eq!(decide.overdue(1, 10).await.unwrap().len(), 1);
    assert_eq!(decide.definition("x").await.unwrap().as_deref(), Some("text"));
    assert_eq!(decide.revoke(RevokeBy::Request("r2".to_owned()), "why", 1).await.unwrap(), 1);
    assert!(decide.relay("tests", 9, async |_| true).await.unwrap() > 0);
    assert_eq!(decide.garbage(100, 10).await.unwrap().len(), 2);
    decide.forget_blob("r2").await.unwrap();
    assert_eq!(decide.purge(-1, 10).await.unwrap(), 0);
    for stage in [&intake, &gateway] {
        refused("another stage forgets", stage.purge(99, 10).await);
    }
    decide.status().await.unwrap();
    refused("verdict accepts", decide.accept(request("r4"), "", Mail::default(), ONE).await);
    refused("verdict downloads", decide.downloaded("t", 0, 0).await);

    // gateway
    assert!(gateway.token("token r2").await.unwrap().unwrap().revoked_ms.is_some());
    assert!(gateway.request("r1").await.unwrap().unwrap().verdict.is_some());
    gateway.downloaded("token r1", 1, 1).await.unwrap();
    refused("gateway revokes", gateway.revoke(RevokeBy::Token("t".to_owned()), "", 0).await);
    refused("gateway decides", gateway.finish(&verdict("r3"), &[], ONE).await);
    refused("gateway relays", gateway.relay("tests", 1, async |_| true).await);
    refused("gateway accepts", gateway.accept(request("r5"), "", Mail::default(), ONE).await);
    refused("gateway clears", gateway.forget_blob("r1").await);

    // sandbox
    let job = Parked {
        id: "j".to_owned(),
        back_end: "b".to_owned(),
        external_id: "e".to_owned(),
        body: vec![],
        next_poll_ms: 0,
    };
    sandbox.park(&job).await.unwrap();
    sandbox.park(&job).await.unwrap();
    assert_eq!(sandbox.due_parked(1, 1, 1).await.unwrap().len(), 1);
    sandbox.unpark("j").await.unwrap();
    refused("sandbox reads requests", sandbox.request("r1").await);
    refused("sandbox reads tokens", sandbox.token("t").await);
    refused("sandbox relays", sandbox.relay("tests", 1, async |_| true).await);
}
