//! The line as a click service and a person see it: requests, verdicts, a download, and tokens that are refused.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ask::{ask, word};
use super::same::get;
use super::site::{Site, run as command};
use crate::Outcome;
use crate::table;
use crate::text::fit;

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs it over the links of the demo; true when all is as it must be.
pub fn run(links: &[String], files: &[(&'static str, Vec<u8>)]) -> Outcome {
    let site = Site::folder()?;
    println!(
        "$ airlock up --data-dir DIR --allow-address 127.0.0.0/8\nready gateway={} …\n",
        site.gateway
    );
    println!("$ airlock request --json --data-dir DIR URL\n");
    let mut rows = Vec::new();
    let mut released = None;
    for link in links {
        let started = Instant::now();
        let (verdict, status) = ask(&site, link, &[])?;
        let why = verdict["reasons"]
            .as_array()
            .and_then(|r| r.last())
            .and_then(|r| r["text"].as_str());
        rows.push(vec![
            link.rsplit('/').next().unwrap_or(link).to_owned(),
            word(&verdict, "decision").to_owned(),
            word(&verdict, "kind").to_owned(),
            word(&verdict, "classification").to_owned(),
            word(&verdict, "coverage").to_owned(),
            status.to_string(),
            started.elapsed().as_millis().to_string(),
            fit(why.unwrap_or_default(), 60),
        ]);
        if released.is_none() && word(&verdict, "decision") == "release" && word(&verdict, "kind") == "download" {
            released = Some((
                link.rsplit('/').next().unwrap_or_default().to_owned(),
                word(&verdict, "token").to_owned(),
            ));
        }
    }
    let heads = ["file", "decision", "kind", "classification", "coverage", "status", "ms", "why"];
    table::print(&heads, &[5, 6], &rows);
    let Some((name, token)) = released else {
        println!("nothing was released");
        return Ok(false);
    };
    let open = open_to_others(&site.data_dir())?;
    println!("\nfiles of the data directory that others may read: {}", open.len());
    Ok(tokens(&site, &name, &token, links, files)? && open.is_empty())
}

/// Files below the folder that others than their owner may touch, apart from the policies, which the caller wrote.
fn open_to_others(folder: &Path) -> Try<Vec<PathBuf>> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.permissions().mode() & 0o077 != 0 && entry.file_name() != "policies" {
            open.push(entry.path());
        }
        if meta.is_dir() && entry.file_name() != "policies" {
            open.extend(open_to_others(&entry.path())?);
        }
    }
    Ok(open)
}

fn tokens(site: &Site, name: &str, token: &str, links: &[String], files: &[(&'static str, Vec<u8>)]) -> Outcome {
    let wanted = files.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.as_slice());
    let status = |gateway: &str, token: &str| get(gateway, &format!("/d/{token}"), "");
    let (code, body) = status(&site.gateway, token)?;
    let equal = wanted == Some(body.as_slice());
    println!(
        "\n{name} by its token: {code}, {} bytes, {}",
        body.len(),
        if equal { "the scanned ones" } else { "OTHER BYTES" }
    );
    let half = token.len() / 2;
    let turned = if token.as_bytes().get(half) == Some(&b'A') { 'B' } else { 'A' };
    let forged = format!("{}{turned}{}", &token[..half], &token[half + 1..]);
    let (forged, _) = status(&site.gateway, &forged)?;
    command(&mut site.airlock(&["token", "revoke", "--reason", "the demo", "--token", token])?)?;
    let (revoked, _) = status(&site.gateway, token)?;
    let short = Site::folder_with(&[("AIRLOCK_TOKEN_LIFE_MS", "1000")])?;
    let link = links.iter().find(|l| l.ends_with(name)).ok_or("no link")?;
    let (verdict, _) = ask(&short, link, &[])?;
    std::thread::sleep(Duration::from_millis(1500));
    let (expired, _) = status(&short.gateway, word(&verdict, "token"))?;
    println!("a forged token: {forged}, a revoked one: {revoked}, an expired one: {expired}");
    Ok(code == 200 && equal && forged == 403 && revoked == 410 && expired == 410)
}
