//! One suite for both databases: SQLite in a file that several handles share, and a real private PostgreSQL.

mod accepting;
mod finishing;
mod keeping;
mod relaying;
mod site;

use airlock_peers::Postgres;
use futures_util::future::BoxFuture;
use site::Site;

/// A case gets a site with fresh tables.
type Case = for<'a> fn(&'a Site) -> BoxFuture<'a, ()>;

const CASES: &[(&str, Case)] = &[
    ("tables", |s| Box::pin(keeping::tables(s))),
    ("accept, known, conflict", |s| Box::pin(accepting::known_and_conflict(s))),
    ("accept race", |s| Box::pin(accepting::race(s))),
    ("fairness and promotion", |s| Box::pin(accepting::fairness(s))),
    ("left while waiting", |s| Box::pin(accepting::left(s))),
    ("fairness race", |s| Box::pin(accepting::fairness_race(s))),
    ("accept together", |s| Box::pin(accepting::together(s))),
    ("nobody forgotten", |s| Box::pin(accepting::forgotten(s))),
    ("a burst", |s| Box::pin(accepting::burst(s))),
    ("more places", |s| Box::pin(accepting::more_places(s))),
    ("accept dropped in the middle", |s| Box::pin(accepting::dropped(s))),
    ("finish", |s| Box::pin(finishing::finish(s))),
    ("finish race", |s| Box::pin(finishing::race(s))),
    ("asked again while it is finished", |s| Box::pin(finishing::asked_again(s))),
    ("finish of one that waits", |s| Box::pin(finishing::waiting(s))),
    ("promotion race", |s| Box::pin(finishing::promotion_race(s))),
    ("live", |s| Box::pin(finishing::live(s))),
    ("revoke", |s| Box::pin(finishing::revoke(s))),
    ("token of another file", |s| Box::pin(finishing::token_of_another_file(s))),
    ("relay", |s| Box::pin(relaying::relay(s))),
    ("relay past a receiver that takes nothing", |s| Box::pin(relaying::aside(s))),
    ("two relays", |s| Box::pin(relaying::two_relays(s))),
    ("relay dropped in the middle", |s| Box::pin(relaying::dropped(s))),
    ("relay can be spawned", |s| Box::pin(relaying::spawned(s))),
    ("woken", |s| Box::pin(relaying::woken(s))),
    ("garbage", |s| Box::pin(keeping::garbage(s))),
    ("purge", |s| Box::pin(keeping::purge(s))),
    ("parked", |s| Box::pin(keeping::parked(s))),
    ("overdue and status", |s| Box::pin(keeping::overdue_and_status(s))),
    ("hostile text", |s| Box::pin(keeping::hostile_text(s))),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    for (name, case) in CASES {
        eprintln!("sqlite: {name}");
        let folder = tempfile::tempdir().unwrap();
        case(&Site::sqlite(folder.path()).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    let server = Postgres::start();
    let begin = std::time::Instant::now();
    for (number, (name, case)) in CASES.iter().enumerate() {
        eprintln!("postgres: {name} {:?}", begin.elapsed());
        case(&Site::postgres(&server, &format!("case_{number}")).await).await;
    }
}
