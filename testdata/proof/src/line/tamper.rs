//! `airlock-proof tamper`: a released file is changed in the store; not one wrong byte leaves the house, and somebody is told.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::time::Duration;

use super::clicks::{Clicks, click};
use super::origin::Origin;
use super::same::{get, get_what_comes};
use super::site::{PROCESSES, Site};
use crate::Outcome;

const MIB: usize = 1 << 20;

/// Runs it; true when all is as it must be.
pub fn run() -> Outcome {
    let text: Vec<u8> = (0..MIB / 4).flat_map(|i| format!("line {i:06}\n").into_bytes()).collect();
    let wanted = text[..3 * MIB].to_vec();
    let body = wanted.clone();
    let origin = Origin::start(Arc::new(move |_: &str| Some(body.clone())), Duration::ZERO)?;
    let mut site = Site::cluster()?;
    let clicks = Clicks::connect(&site, "clicks")?;
    clicks.ask(&click("big", "acme", origin.url("big.csv"), 0));
    let verdict = clicks.verdict("big", Duration::from_secs(120))?;
    if verdict.token.is_empty() {
        return Err(format!("the file was not released: {verdict:?}").into());
    }
    let path = format!("/d/{}", verdict.token);
    let (status, whole) = get(&site.gateway, &path, "")?;
    let before = status == 200 && whole == wanted;
    println!(
        "as scanned: {status}, {} bytes, {}",
        whole.len(),
        if before { "byte for byte" } else { "OTHER BYTES" }
    );
    let mut good = before;

    let stored = site.servers.as_ref().ok_or("no store")?.s3.file("acme/big/blob");
    let mut file = std::fs::File::options().write(true).open(&stored)?;
    file.seek(SeekFrom::Start(u64::try_from(MIB + MIB / 2)?))?;
    file.write_all(b"CHANGED")?;
    drop(file);
    let (status, sent, _) = get_what_comes(&site.gateway, &path, "")?;
    let held = sent.len() <= MIB && wanted.starts_with(&sent);
    println!(
        "its second MiB changed: {status}, {} bytes, {}",
        sent.len(),
        if held { "none of them wrong" } else { "WRONG BYTES" }
    );
    let (status, tail, _) = get_what_comes(&site.gateway, &path, "Range: bytes=1048576-1048599\r\n")?;
    println!("a part of that MiB: {status}, {} bytes", tail.len());
    good &= held && (status != 206 || tail.is_empty());

    let changed = metric(&site, "gateway", "airlock_objects_changed")?;
    println!("airlock_objects_changed {changed}");
    good &= changed > 0;
    for name in PROCESSES {
        site.terminate(name);
        let log = std::fs::read_to_string(site.log(name))?;
        if log.contains(&verdict.token) || log.contains("v4.public.") {
            println!("✗ the log of {name} has the token");
            good = false;
        }
    }
    let log = site.servers.as_ref().map(|s| s.rabbit.log()).unwrap_or_default();
    good &= !log.contains(&verdict.token);
    println!("tamper: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}

/// A number of a running process's metrics.
fn metric(site: &Site, name: &str, metric: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let admin = site.admin(name).ok_or("it does not run")?;
    let (_, body) = get(admin, "/metrics", "")?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let mut lines = text.lines().filter(|line| line.starts_with(metric));
    let value = lines.find_map(|line| line.rsplit(' ').next()?.trim().parse().ok());
    value.ok_or_else(|| format!("{metric} is no metric of {name}:\n{text}").into())
}
