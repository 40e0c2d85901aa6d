//! `airlock up`: the whole line in one process, over SQLite and a directory.

use std::fs::TryLockError;
use std::path::Path;

use airlock_queue::topology::StageName;
use rustix::fs::Mode;
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

/// Name of the file that the serving process holds locked.
const LOCK: &str = "lock";

/// True while an `airlock up` serves the folder.
pub fn is_served(dir: &Path) -> bool {
    std::fs::File::open(dir.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Runs the command.
pub fn run(global: &Global, args: &UpArgs) -> Outcome<Status> {
    let mut config = config::load(global)?;
    config.fetch.allow_addresses.extend(args.allow_address.iter().copied());
    let _telemetry = telemetry::line(&config.telemetry, "airlock-up")?;
    let listen = args.listen.clone().unwrap_or_else(|| config.gateway.listen.clone());
    config.line.admin_listen = args.admin_listen.clone().unwrap_or(config.line.admin_listen);
    let dir = args.data_dir.clone();
    // Links, passwords of archives, tokens and the key that signs them lie in the folder.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    prepare(&dir)?;
    if config.line.policies_dir.as_os_str().is_empty() {
        config.line.policies_dir = dir.join("policies");
    }
    run::runtime()?.block_on(async move {
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
        let endpoint = dir.join(ENDPOINT);
        std::fs::write(&endpoint, &base).map_err(|e| cannot_write(&endpoint, &e))?;
        let admin = bind(&config.line.admin_listen, "line.admin_listen").await?;
        let ready = format!("ready gateway={base} admin=http://{} data={}", admin.local_addr()?, dir.display());
        let doors = Doors {
            gateway: Some(gateway),
            admin,
            base,
        };
        let outcome = run::line(config, place, &StageName::ALL, doors, Some(ready)).await;
        records.close().await;
        outcome
    })
}

fn prepare(dir: &Path) -> Outcome<()> {
    for folder in ["blobs", "policies"].map(|folder| dir.join(folder)) {
        std::fs::create_dir_all(&folder)
            .map_err(|e| format!("cannot make the folder {}: {e}; choose another with --data-dir", folder.display()))?;
    }
    Ok(())
}

/// One `airlock up` a folder: two would take one another's deliveries for those of a dead process.
fn lock(dir: &Path) -> Outcome<std::fs::File> {
    let path = dir.join(LOCK);
    let file = std::fs::File::create(&path).map_err(|e| cannot_write(&path, &e))?;
    file.try_lock().map_err(|_| {
        format!(
            "another `airlock up` serves {}; stop it or choose another --data-dir",
            dir.display()
        )
    })?;
    Ok(file)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot write {}: {error}; move away what is there, or choose another --data-dir",
        path.display()
    )
}

/// Binds an address of the configuration.
pub async fn bind(address: &str, name: &str) -> Outcome<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| format!("{name} = {address}: {e}; port 0 picks a free one").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_served_while_its_lock_is_held() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_served(dir.path()));
        let held = lock(dir.path()).unwrap();
        assert!(is_served(dir.path()) && lock(dir.path()).is_err());
        drop(held);
        assert!(!is_served(dir.path()) && lock(dir.path()).is_ok());
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(LOCK)).unwrap();
        let why = lock(dir.path()).unwrap_err().to_string();
        assert!(why.contains(&format!("{}", dir.path().join(LOCK).display())), "{why}");
        std::fs::write(dir.path().join("policies"), "").unwrap();
        let why = prepare(dir.path()).unwrap_err().to_string();
        assert!(why.contains("/policies: "), "{why}");
    }
}
