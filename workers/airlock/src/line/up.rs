//! `airlock up`: the whole line in one process, over SQLite and a directory.

use std::path::Path;

use airlock_queue::topology::StageName;
use tokio::net::TcpListener;

use super::parts::Place;
use super::run::{self, Doors};
use crate::Outcome;
use crate::cli::{Global, UpArgs};
use crate::config;
use crate::exit::Status;
use crate::telemetry;

/// Name of the file that tells `airlock request --data-dir` where the gateway is.
pub const ENDPOINT: &str = "gateway.url";

/// Runs the command.
pub fn run(global: &Global, args: &UpArgs) -> Outcome<Status> {
    let mut config = config::load(global)?;
    config.fetch.allow_addresses.extend(args.allow_address.iter().copied());
    let _telemetry = telemetry::line(&config.telemetry, "airlock-up")?;
    let listen = args.listen.clone().unwrap_or_else(|| config.gateway.listen.clone());
    config.line.admin_listen = args.admin_listen.clone().unwrap_or(config.line.admin_listen);
    let dir = args.data_dir.clone();
    if config.line.policies_dir.as_os_str().is_empty() && dir.join("policies").is_dir() {
        config.line.policies_dir = dir.join("policies");
    }
    run::runtime()?.block_on(async move {
        prepare(&dir)?;
        let _lock = lock(&dir)?;
        let place = Place::folder(&dir, true).await?;
        let records = place.records(&config, "owner").await?;
        records.migrate().await?;
        records.free_leases().await?;
        place.signing_key(&config)?;
        let gateway = bind(&listen, "gateway.listen").await?;
        let base = if config.gateway.base_url.is_empty() {
            format!("http://{}", gateway.local_addr()?)
        } else {
            config.gateway.base_url.clone()
        };
        std::fs::write(dir.join(ENDPOINT), &base)?;
        let admin = bind(&config.line.admin_listen, "line.admin_listen").await?;
        let ready = format!("ready gateway={base} admin=http://{} data={}", admin.local_addr()?, dir.display());
        let doors = Doors {
            gateway: Some(gateway),
            admin,
            base,
        };
        run::line(config, place, &StageName::ALL, doors, Some(ready)).await
    })
}

fn prepare(dir: &Path) -> Outcome<()> {
    let made = std::fs::create_dir_all(dir.join("blobs"));
    made.map_err(|e| {
        format!(
            "cannot make the data directory {}: {e}; choose another with --data-dir",
            dir.display()
        )
        .into()
    })
}

/// One `airlock up` a folder: two would take one another's deliveries for those of a dead process.
fn lock(dir: &Path) -> Outcome<std::fs::File> {
    let path = dir.join("lock");
    let file = std::fs::File::create(&path)?;
    file.try_lock().map_err(|_| {
        format!(
            "another `airlock up` serves {}; stop it or choose another --data-dir",
            dir.display()
        )
    })?;
    Ok(file)
}

/// Binds an address of the configuration.
pub async fn bind(address: &str, name: &str) -> Outcome<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| format!("{name} = {address}: {e}; port 0 picks a free one").into())
}
