//! `airlock-proof line`: the demo's inputs through both, verdict by verdict, and what shows that the second one is real.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::ask::{ask, essence, word};
use super::client;
use super::collector::Collector;
use super::origin::Origin;
use super::site::{CAREFUL_PERSON, PROCESSES, Site};
use super::traced;
use crate::Outcome;
use crate::table;

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs it; true when all is as it must be.
pub fn run() -> Outcome {
    let files = airlock_forge::demo::files();
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let serve = files.clone();
    let give = move |path: &str| serve.iter().find(|(name, _)| *name == path).map(|(_, bytes)| bytes.clone());
    let origin = Origin::start(Arc::new(give), Duration::ZERO)?;
    let one = Site::folder()?;
    println!("airlock up: gateway {}", one.gateway);
    let collector = Collector::start()?;
    let six = Site::cluster_with(&[("AIRLOCK_TELEMETRY_TRACES_URL", &collector.url())])?;
    println!("six processes: gateway {}", six.gateway);
    let mut links: Vec<(String, &str)> = names.iter().map(|name| (origin.url(name), "ann@acme.example")).collect();
    links.push((origin.url("liar.zip"), CAREFUL_PERSON));
    links.push((origin.url("not-there.pdf"), "ann@acme.example"));
    links.push(("http://10.0.0.1/private".to_owned(), "ann@acme.example"));
    let (mut rows, mut good, mut seen) = (Vec::new(), true, BTreeSet::new());
    for (link, person) in &links {
        let (first, status) = ask(&one, link, &["--recipient", person])?;
        let (second, other) = ask(&six, link, &["--recipient", person])?;
        let same = essence(&first) == essence(&second) && status == other;
        good &= same;
        seen.insert(word(&first, "decision").to_owned());
        seen.insert(word(&first, "outcome").to_owned());
        let cell = |v: &Value| format!("{} {} {}", word(v, "decision"), word(v, "classification"), word(v, "coverage"));
        rows.push(vec![
            link.rsplit('/').next().unwrap_or(link).to_owned(),
            cell(&first),
            cell(&second),
            word(&first, "outcome").to_owned(),
            if same { String::new() } else { format!("✗ {first} / {second}") },
        ]);
    }
    table::print(&["link", "airlock up", "six processes", "outcome", ""], &[], &rows);
    for must in ["release", "warn", "block", "refused", "unreachable", "scanned"] {
        if !seen.contains(must) {
            println!("no verdict was {must}");
            good = false;
        }
    }
    for site in [&one, &six] {
        good &= download(site, &origin, &files)?;
    }
    good &= real(&six)?;
    good &= traced::run(&six, &collector, &origin)?;
    good &= client::run(&six, &origin)?;
    println!("line: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}

/// A released file, whole, in part, with a forged and with a revoked token.
fn download(site: &Site, origin: &Origin, files: &[(&'static str, Vec<u8>)]) -> Outcome {
    let name = "clean.docx";
    let wanted = files.iter().find(|(n, _)| *n == name).map(|(_, b)| b.clone()).unwrap_or_default();
    let (verdict, _) = ask(site, &origin.url(name), &["--recipient", "ann@acme.example"])?;
    let again = origin.counts().get(name).map_or(0, |c| c.completed);
    let token = word(&verdict, "token");
    let path = format!("/d/{token}");
    let (status, body) = get(&site.gateway, &path, "")?;
    let (part, some) = get(&site.gateway, &path, "Range: bytes=100-199\r\n")?;
    let forged = format!("/d/{}x{}", &token[..40.min(token.len())], &token[41.min(token.len())..]);
    let (refused, _) = get(&site.gateway, &forged, "")?;
    super::site::run(&mut site.airlock(&["token", "revoke", "--reason", "shown by the proof", "--token", token])?)?;
    let (gone, _) = get(&site.gateway, &path, "")?;
    let good = status == 200 && body == wanted && part == 206 && wanted.get(100..200) == Some(&some) && refused == 403 && gone == 410;
    println!(
        "{}: download {status} ({}), a part {part}, forged {refused}, revoked {gone}; {again} completed GETs for both sites and two clicks each",
        site.gateway,
        if body == wanted { "byte for byte" } else { "OTHER BYTES" },
    );
    Ok(good && again == 2)
}

/// What the servers say about who is connected.
fn real(six: &Site) -> Outcome {
    let Some(servers) = &six.servers else { return Ok(false) };
    let connections = servers.rabbit.ctl(&["list_connections", "user", "client_properties"])?;
    let sessions = servers
        .postgres
        .sql("airlock", "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'airlock'");
    let puts = servers.s3.log().iter().filter(|seen| seen.method == "PUT").count();
    let users: Vec<&str> = PROCESSES[..5].iter().copied().filter(|user| connections.contains(user)).collect();
    println!("RabbitMQ sees the users {}", users.join(", "));
    println!("PostgreSQL sees {}", sessions.split_whitespace().collect::<Vec<_>>().join(" "));
    println!("S3 took {puts} PUTs");
    let doctor = super::site::run(&mut six.airlock(&["doctor", "--json"])?)?;
    let well = |check: &str| {
        let name = format!("\"check\":\"{check}");
        doctor.lines().any(|line| line.contains(&name) && line.contains("\"state\":\"ok\""))
    };
    let asked = ["broker: fetch", "database: verdict", "object store", "clock"];
    let unwell: Vec<&str> = asked.into_iter().filter(|check| !well(check)).collect();
    println!(
        "doctor: {} not well",
        if unwell.is_empty() { "none".to_owned() } else { unwell.join(", ") }
    );
    Ok(unwell.is_empty() && users.len() == 5 && sessions.contains("airlock_verdict") && !sessions.contains("airlock_fetch") && puts > 0)
}

/// A GET over a connection of its own, whose answer comes whole.
pub fn get(base: &str, path: &str, headers: &str) -> Try<(u16, Vec<u8>)> {
    let (status, body, broke) = get_what_comes(base, path, headers)?;
    match broke {
        None => Ok((status, body)),
        Some(error) => Err(error.into()),
    }
}

/// The same when the answer may break off: status, what came of the body, and how it broke.
pub fn get_what_comes(base: &str, path: &str, headers: &str) -> Try<(u16, Vec<u8>, Option<std::io::Error>)> {
    let address = base.strip_prefix("http://").unwrap_or(base);
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    let mut all = Vec::new();
    // What was read before an error is kept.
    let broke = stream.read_to_end(&mut all).err();
    let at = all.windows(4).position(|w| w == b"\r\n\r\n").ok_or("no answer")?;
    let head = String::from_utf8_lossy(&all[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
    Ok((status, all.split_off(at + 4), broke))
}
