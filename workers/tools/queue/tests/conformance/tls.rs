//! AMQP over TLS: the certificate of the broker is checked against the file that is given, and nothing else will do.

use airlock_peers::rabbit::{ADMIN, RabbitMq};
use airlock_queue::QueueError;
use airlock_queue::rabbit::{Config, Rabbit};
use airlock_queue::topology::{Management, StagePasswords, apply, definitions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_checked() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let server = {
        let (certificate, key) = (certificate.clone(), key.clone());
        let start = move || RabbitMq::start_with(Some((&certificate, &key)));
        tokio::task::spawn_blocking(start).await.unwrap().unwrap()
    };
    server.ctl(&["add_vhost", "airlock"]).unwrap();
    server.ctl(&["set_permissions", "-p", "airlock", ADMIN, ".*", ".*", ".*"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    let config = |host: &str, ca_file| Config {
        url: format!("amqps://{host}:{}/airlock", server.tls_port()),
        user: ADMIN.to_owned(),
        password_file: file("password", ADMIN),
        ca_file,
        ..Config::default()
    };
    let right = Rabbit::connect(config("localhost", Some(file("ca.pem", &certificate)))).await;
    assert!(right.is_ok(), "{:?}", right.err());
    let management = |ca_file| Management {
        url: server.management_tls(),
        user: ADMIN.to_owned(),
        password: ADMIN.to_owned(),
        ca_file,
    };
    let definitions = definitions(&[], &StagePasswords::new(), [0; 4]).unwrap();
    apply(&management(Some(file("ca.pem", &certificate))), &definitions).await.unwrap();
    let error = apply(&management(None), &definitions).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    for (host, ca) in [
        ("localhost", None),
        ("localhost", Some(file("stranger.pem", &stranger))),
        // The name in the certificate is another.
        ("127.0.0.1", Some(file("ca.pem", &certificate))),
    ] {
        let error = Rabbit::connect(config(host, ca)).await.err().expect("no connection");
        assert!(matches!(error, QueueError::Refused(_)), "{error}");
    }
}
