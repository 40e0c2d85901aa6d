//! What the line stands on: broker, database, object store and clock, tried with the credentials that this machine has.

use std::path::Path;
use std::time::Duration;

use airlock_queue::topology::StageName;
use futures_util::future::join_all;

use super::{Check, State, say};
use crate::clock::now_ms;
use crate::config::Config;
use crate::line::parts::Place;
use crate::line::run::runtime;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Tokens and deadlines of a clock before this were wrong for sure: 2026-01-01.
const EARLIEST_MS: i64 = 1_767_225_600_000;

/// Tries what the configuration names; what it does not name is not needed by `airlock scan` and `airlock up`.
pub fn checks(config: &Config) -> Vec<Check> {
    let mut checks = vec![clock()];
    let named = [&config.queue.url, &config.records.url].iter().any(|url| !url.is_empty());
    if !named {
        return checks;
    }
    match runtime() {
        Ok(runtime) => runtime.block_on(async {
            if !config.queue.url.is_empty() {
                checks.extend(broker(config).await);
            }
            if !config.records.url.is_empty() {
                checks.extend(database(config).await);
            }
            checks.push(store(config).await);
        }),
        Err(error) => checks.push(say("line", State::Broken, error.to_string())),
    }
    checks
}

fn clock() -> Check {
    let now = now_ms();
    match now >= EARLIEST_MS {
        true => say("clock", State::Ok, format!("{now} ms since 1970")),
        false => say(
            "clock",
            State::Broken,
            format!("{now} ms since 1970 is long ago: set the clock, tokens depend on it"),
        ),
    }
}

async fn broker(config: &Config) -> Vec<Check> {
    let users = present(&config.queue.passwords_dir, StageName::ALL.map(StageName::word));
    if users.is_empty() {
        let text = format!(
            "no password in queue.passwords_dir = {}: one file a user",
            config.queue.passwords_dir.display()
        );
        return vec![say("broker", State::Broken, text)];
    }
    // All at once: a broker that is silent is so to everybody.
    join_all(users.into_iter().map(|user| async move {
        let tried = tokio::time::timeout(PATIENCE, async {
            let broker = Place::Cluster.broker(config, user).await?;
            broker.close().await;
            Ok(format!("{} takes the user", config.queue.url))
        });
        judged(&format!("broker: {user}"), tried.await)
    }))
    .await
}

async fn database(config: &Config) -> Vec<Check> {
    let roles = present(&config.records.passwords_dir, ["owner", "intake", "verdict", "gateway", "sandbox"]);
    if roles.is_empty() {
        let text = format!(
            "no password in records.passwords_dir = {}: one file a role",
            config.records.passwords_dir.display()
        );
        return vec![say("database", State::Broken, text)];
    }
    join_all(roles.into_iter().map(|role| async move {
        let tried = tokio::time::timeout(PATIENCE, async {
            let records = Place::Cluster.records(config, role).await?;
            let schema = records.check().await?;
            if !schema.is_ready() {
                return Err(format!("version {} of {}: run `airlock db migrate`", schema.found, schema.wanted).into());
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(format!("version {}", schema.found))
        });
        judged(&format!("database: {role}"), tried.await)
    }))
    .await
}

/// Writes, reads and deletes a probe.
async fn store(config: &Config) -> Check {
    let folder = url::Url::parse(&config.store.url).ok().filter(|url| url.scheme() == "file");
    if let Some(folder) = folder.and_then(|url| url.to_file_path().ok()).filter(|folder| !folder.is_dir()) {
        let text = format!("store.url: {} is no folder: make it, or name another", folder.display());
        return say("object store", State::Broken, text);
    }
    let tried = tokio::time::timeout(PATIENCE, async {
        let store = Place::Cluster.store(config)?;
        store.check().await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(format!("{} answers", config.store.url))
    });
    judged("object store", tried.await)
}

fn judged(name: &str, tried: Result<Result<String, Box<dyn std::error::Error + Send + Sync>>, tokio::time::error::Elapsed>) -> Check {
    match tried {
        Ok(Ok(text)) => say(name, State::Ok, text),
        Ok(Err(error)) => say(name, State::Broken, error.to_string()),
        Err(_) => say(name, State::Broken, format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Those whose password lies here: a pod has only its own.
fn present<'n>(dir: &Path, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    names
        .into_iter()
        .filter(|name| !dir.as_os_str().is_empty() && dir.join(name).is_file())
        .collect()
}
