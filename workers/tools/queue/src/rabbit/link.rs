//! One connection that is rebuilt for ever, and what its errors mean to us.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use lapin::types::LongString;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Config;
use crate::broker::QueueError;

const CONNECT: Duration = Duration::from_secs(10);
/// Waits between attempts to connect grow from the first to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Where to connect, with the secrets read.
#[derive(Clone)]
pub(super) struct Target {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    name: String,
}

impl Target {
    pub(super) async fn new(config: &Config) -> Result<Self, QueueError> {
        let mut uri: AMQPUri = config
            .url
            .parse()
            .map_err(|_: String| QueueError::Refused(format!("{:?} is no address of a broker: use amqp://host:port/vhost", config.url)))?;
        uri.authority.userinfo.username = config.user.clone();
        uri.authority.userinfo.password = read(&config.password_file).await?.trim_end_matches(['\r', '\n']).to_owned();
        uri.query.heartbeat = Some(config.heartbeat_s.clamp(1, 600));
        let cert_chain = match &config.ca_file {
            Some(path) => Some(read(path).await?),
            None => None,
        };
        Ok(Target {
            uri,
            tls: OwnedTLSConfig {
                identity: None,
                cert_chain,
            },
            name: config.name.clone(),
        })
    }

    async fn connect(&self, role: &str) -> Result<Connection, QueueError> {
        let name = LongString::from(format!("{} ({role})", self.name));
        let properties = ConnectionProperties::default().with_connection_name(name);
        let runtime = lapin::runtime::default_runtime().map_err(|e| trouble(&e))?;
        let connecting = Connection::connect_uri_with_config(self.uri.clone(), properties, self.tls.clone(), runtime);
        within(CONNECT, "no connection", async { connecting.await.map_err(|e| unconnected(&e)) }).await
    }
}

/// A connection of one role; it comes back by itself.
pub(super) struct Link {
    current: watch::Receiver<Option<Arc<Connection>>>,
    keeper: JoinHandle<()>,
}

impl Link {
    /// The first connection is made here, so that a wrong password is told at once.
    pub(super) async fn start(target: Target, role: &'static str) -> Result<Arc<Link>, QueueError> {
        let first = Arc::new(target.connect(role).await?);
        let (tell, current) = watch::channel(Some(first));
        let keeper = tokio::spawn(keep(target, role, tell));
        Ok(Arc::new(Link { current, keeper }))
    }

    /// The connection that is up; waits for one as long as it takes, so callers bound it in time.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, QueueError> {
        let mut current = self.current.clone();
        let up = current.wait_for(|now| now.as_ref().is_some_and(|c| c.status().connected())).await;
        up.ok()
            .and_then(|now| now.clone())
            .ok_or_else(|| QueueError::Away("the connection was closed".to_owned()))
    }

    /// Ends the connection in good order: the answer of the broker comes after it has taken every frame before.
    pub(super) async fn close(&self) {
        self.keeper.abort();
        let up = self.current.borrow().clone().filter(|c| c.status().connected());
        let Some(connection) = up else { return };
        let close = async { connection.close(200, "bye".into()).await.map_err(|e| trouble(&e)) };
        if let Err(error) = within(CONNECT, "not closed", close).await {
            tracing::debug!(%error, "the connection was gone already");
        }
    }

    /// A new channel on the connection that is up.
    pub(super) async fn channel(&self) -> Result<Channel, QueueError> {
        self.connection().await?.create_channel().await.map_err(|e| trouble(&e))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(target: Target, role: &'static str, tell: watch::Sender<Option<Arc<Connection>>>) {
    let mut pause = Backoff::default();
    loop {
        let up = tell.borrow().as_ref().is_some_and(|c| c.status().connected());
        if up {
            // The state is asked for, not an event awaited: there are ends of a connection of which lapin tells nobody.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        if tell.send_replace(None).is_some() {
            tracing::warn!(role, "the broker is away");
        }
        pause.wait().await;
        match target.connect(role).await {
            Ok(connection) => {
                pause = Backoff::default();
                tracing::info!(role, "the broker is back");
                tell.send_replace(Some(Arc::new(connection)));
            }
            // Refused too: a broker that boots knows no users for a moment, and a password may be set right meanwhile.
            Err(error) => tracing::warn!(role, %error, "not connected"),
        }
    }
}

/// Pauses that double from 200 ms to 2 s, each shortened by up to a half at random so that workers do not come all at once.
#[derive(Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    pub(super) async fn wait(&mut self) {
        let full = BACKOFF.0.saturating_mul(1 << self.0.min(8)).min(BACKOFF.1);
        self.0 = self.0.saturating_add(1);
        let chance = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        tokio::time::sleep(full.mul_f64(0.5 + chance / 2.0)).await;
    }
}

/// What an error of lapin means: whether a retry can help.
pub(super) fn trouble(error: &lapin::Error) -> QueueError {
    match error.kind() {
        // 403 a permission, 404 a definition that is missing, 405 a queue held by another, 406 a property that is not true.
        ErrorKind::ProtocolError(e) if (403..=406).contains(&e.get_id()) => QueueError::Refused(e.to_string()),
        // 530: no such vhost, or not for this user.
        ErrorKind::ProtocolError(e) if e.get_id() == 530 => QueueError::Refused(e.to_string()),
        _ => QueueError::Away(error.to_string()),
    }
}

/// The same while connecting, where a certificate that does not hold is a refusal: of ours, and final until somebody changes it.
fn unconnected(error: &lapin::Error) -> QueueError {
    match error.kind() {
        ErrorKind::IOError(e) if e.kind() == std::io::ErrorKind::InvalidData => QueueError::Refused(e.to_string()),
        _ => trouble(error),
    }
}

/// Bounds `work` in time.
pub(super) async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(QueueError::Away(format!("{what} within {} ms", limit.as_millis()))),
    }
}

async fn read(path: &std::path::Path) -> Result<String, QueueError> {
    let owned = path.to_owned();
    let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned)).await;
    match text {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(QueueError::Refused(format!("cannot read {}: {error}", path.display()))),
        Err(error) => Err(QueueError::Away(error.to_string())),
    }
}
