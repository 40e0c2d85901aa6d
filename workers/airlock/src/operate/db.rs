//! `airlock db`: brings the tables to the version of this program, and says which version is there.

use super::say;
use crate::Outcome;
use crate::cli::{DbCommand, Global};
use crate::config;
use crate::exit::Status;
use crate::line::parts::Place;
use crate::line::run::runtime;

/// Runs the command.
pub fn run(global: &Global, command: &DbCommand) -> Outcome<Status> {
    let config = config::load(global)?;
    if let DbCommand::Roles { schema } = command {
        say(airlock_records::roles_sql(schema).trim_end())?;
        return Ok(Status::Clean);
    }
    runtime()?.block_on(async move {
        let records = Place::Cluster.records(&config, "owner").await?;
        if matches!(command, DbCommand::Migrate) {
            records.migrate().await?;
        }
        let schema = records.check().await?;
        let ready = if schema.is_ready() { "ready" } else { "run `airlock db migrate`" };
        say(&format!("version {} of {}: {ready}", schema.found, schema.wanted))?;
        Ok(if schema.is_ready() { Status::Clean } else { Status::Gap })
    })
}
