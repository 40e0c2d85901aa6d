//! `airlock policy`: checks a folder of definitions, and says which one is in force for whom.

use airlock_policy::{Book, Person, Route};
use airlock_proto::request::{is_address, without_root};

use super::say;
use crate::Outcome;
use crate::cli::{PolicyCommand, RouteArg};
use crate::exit::Status;
use crate::line::policies;

/// Runs the command.
pub fn run(command: &PolicyCommand) -> Outcome<Status> {
    let (PolicyCommand::Check { dir } | PolicyCommand::Explain { dir, .. }) = command;
    let files = policies::files(dir).map_err(|e| format!("cannot read the policies {}: {e}", dir.display()))?;
    let book = Book::read(&files).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|f| format!("{}/{f}", dir.display())).collect();
        lines.join("\n")
    })?;
    match command {
        PolicyCommand::Check { .. } => {
            for warning in book.warnings() {
                anstream::eprintln!("warning: {warning}");
            }
            say(&format!("{} definitions, all well", book.definitions().len()))?;
        }
        PolicyCommand::Explain {
            tenant, recipient, route, ..
        } => {
            let route = match route {
                RouteArg::Inbound => Route::Inbound,
                RouteArg::Outbound => Route::Outbound,
                RouteArg::Journal => Route::Journal,
            };
            let recipient = recipient.as_deref().map(without_root).unwrap_or_default();
            if !(recipient.is_empty() || is_address(recipient)) {
                return Err(format!("--recipient {recipient:?}: write a bare mail address as ann@acme.example, or leave it out").into());
            }
            let definition = book.resolve(Person { tenant, recipient, route });
            say(&format!("# {} is in force", definition.digest))?;
            say(definition.text.trim_end())?;
        }
    }
    Ok(Status::Clean)
}
