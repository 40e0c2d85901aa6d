//! What operators do by hand: tokens, dead letters, tables, the map of the broker, the state of the line.

pub mod db;
pub mod dead;
pub mod policy;
pub mod status;
pub mod token;
pub mod topology;

use std::path::PathBuf;

use crate::Outcome;
use crate::config::Config;
use crate::line::parts::Place;

/// Where the line is: the folder of `airlock up`, or what the configuration names.
pub async fn place(config: &Config, data_dir: Option<&PathBuf>) -> Outcome<Place> {
    match data_dir {
        Some(dir) if dir.join("queue.sqlite").is_file() => Place::folder(dir, false).await,
        Some(dir) => Err(format!("{} holds no queue; is it the --data-dir of `airlock up`?", dir.display()).into()),
        None if config.queue.url.is_empty() && config.records.url.is_empty() => {
            Err("name the data directory of `airlock up` with --data-dir, or broker and database in --config".into())
        }
        None => Ok(Place::Cluster),
    }
}

/// Prints a line, and says when nobody can read it.
pub fn say(text: &str) -> Outcome<()> {
    use std::io::Write as _;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}
