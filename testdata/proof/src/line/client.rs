//! The example client in Python, run as a click service would run it: it publishes, shows progress and prints its verdict.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::origin::Origin;
use super::site::Site;
use crate::Outcome;

/// Runs it against a cluster; true when it heard progress and a release with a token, asked twice for the same request.
pub fn run(site: &Site, origin: &Origin) -> Outcome {
    let Some(servers) = &site.servers else { return Ok(false) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/clients/python/check.py");
    let output = Command::new(python())
        .arg(script)
        .args(["--amqp", &format!("amqp://127.0.0.1:{}/airlock", servers.rabbit.port())])
        .args(["--service", "others", "--tenant", "python", "--recipient", "bob@acme.example"])
        .arg("--password-file")
        .arg(site.path().join("broker/others"))
        .args(["--link", &origin.url("clean.docx"), "--wait", "120", "--times", "2"])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let verdict: Value = serde_json::from_slice(&output.stdout).map_err(|_| format!("the Python client: {}: {said}", output.status))?;
    let word = |name: &str| verdict.get(name).and_then(Value::as_str).unwrap_or_default();
    let progress: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once(':').map(|(stage, _)| stage))
        .collect();
    println!(
        "the Python client saw {} and {} {}, {} a token",
        progress.join(", "),
        word("outcome"),
        word("decision"),
        if word("token").is_empty() { "without" } else { "with" }
    );
    Ok(output.status.success() && word("decision") == "DECISION_RELEASE" && !word("token").is_empty())
}

/// Debian's own, which sees Debian's packages; another Python may stand before it in the path.
fn python() -> &'static str {
    const DEBIAN: &str = "/usr/bin/python3";
    if Path::new(DEBIAN).exists() { DEBIAN } else { "python3" }
}
