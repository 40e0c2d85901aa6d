//! RabbitMQ as a world: a private server with the definitions of the line applied.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock_peers::rabbit::{ADMIN, RabbitMq};
use airlock_queue::Broker;
use airlock_queue::rabbit::{Config, Rabbit};
use airlock_queue::topology::{Management, ServiceUser, StageName, apply, check, definitions};
use futures_util::future::BoxFuture;
use lapin::options::{QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use serde_json::Value;

use crate::world::World;

pub struct RabbitWorld {
    pub server: Mutex<Option<RabbitMq>>,
    pub management: Management,
    pub definitions: Value,
    pub port: u16,
    folder: tempfile::TempDir,
}

/// A case for RabbitMQ alone.
pub type Trap = (&'static str, fn(&'static RabbitWorld) -> BoxFuture<'static, ()>);

/// Every user's password is its name with this behind it.
pub fn password(user: &str) -> String {
    if user == ADMIN {
        ADMIN.to_owned()
    } else {
        format!("{user}-secret")
    }
}

pub async fn start() -> Box<dyn World> {
    Box::new(begin().await)
}

pub async fn begin() -> RabbitWorld {
    let server = tokio::task::spawn_blocking(RabbitMq::start).await.unwrap().unwrap();
    let management = Management {
        url: server.management(),
        user: ADMIN.to_owned(),
        password: ADMIN.to_owned(),
        ca_file: None,
    };
    let services = ["clicks", "mails"].map(|name| ServiceUser {
        name: name.to_owned(),
        password: password(name),
    });
    let stages = StageName::ALL.map(|s| (s, password(s.word()))).into();
    let definitions = definitions(&services, &stages, [1, 2, 3, 4]).unwrap();
    // How soon a dead letter that no queue took is tried again; three minutes otherwise.
    server
        .ctl(&[
            "eval",
            "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 1000).",
        ])
        .unwrap();
    assert!(!check(&management, &definitions).await.unwrap().is_empty());
    apply(&management, &definitions).await.unwrap();
    apply(&management, &definitions).await.unwrap();
    assert_eq!(check(&management, &definitions).await.unwrap(), Vec::<String>::new());
    let grant = ["set_permissions", "-p", "airlock", ADMIN, ".*", ".*", ".*"];
    server.ctl(&grant).unwrap();
    // RabbitMQ says so in its log, and nowhere else, when a definition keeps it from dead lettering at least once.
    let log = server.log();
    assert!(!log.contains("at-most-once"), "{log}");
    RabbitWorld {
        port: server.port(),
        server: Mutex::new(Some(server)),
        management,
        definitions,
        folder: tempfile::tempdir().unwrap(),
    }
}

impl RabbitWorld {
    pub fn config(&self, user: &str) -> Config {
        let user = if user == "operator" { ADMIN } else { user };
        let password_file: PathBuf = self.folder.path().join(user);
        std::fs::write(&password_file, password(user) + "\n").unwrap();
        Config {
            url: format!("amqp://127.0.0.1:{}/airlock", self.port),
            user: user.to_owned(),
            password_file,
            name: format!("test-{user}"),
            ..Config::default()
        }
    }

    /// A bare connection, for what the broker should refuse.
    pub async fn bare(&self, user: &str) -> lapin::Connection {
        let url = format!("amqp://{user}:{}@127.0.0.1:{}/airlock", password(user), self.port);
        lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
            .await
            .unwrap()
    }

    pub fn queues(&self) -> Vec<String> {
        let all = self.definitions["queues"].as_array().unwrap();
        all.iter().map(|q| q["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Does something blocking to the server.
    pub async fn server<T: Send + 'static>(&'static self, work: impl FnOnce(&mut RabbitMq) -> T + Send + 'static) -> T {
        let run = move || work(self.server.lock().unwrap().as_mut().unwrap());
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

impl World for RabbitWorld {
    fn name(&self) -> &'static str {
        "RabbitMQ"
    }

    fn user<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Arc<dyn Broker>> {
        Box::pin(async move { Rabbit::connect(self.config(name)).await.unwrap() as Arc<dyn Broker> })
    }

    fn clear(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let connection = self.bare(ADMIN).await;
            let channel = connection.create_channel().await.unwrap();
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            for name in self.queues() {
                loop {
                    let queue = channel
                        .queue_declare(name.as_str().into(), passive, FieldTable::default())
                        .await
                        .unwrap();
                    channel
                        .queue_purge(name.as_str().into(), QueuePurgeOptions::default())
                        .await
                        .unwrap();
                    if queue.consumer_count() == 0 && queue.message_count() == 0 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            connection.close(200, "done".into()).await.unwrap();
        })
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        let server = self.server.lock().unwrap().take();
        Box::pin(async move { drop(server) })
    }
}
