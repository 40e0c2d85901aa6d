//! Asks a site for a link as a click service does, through `airlock request`.

use std::process::Stdio;

use serde_json::Value;

use super::site::Site;

/// The verdict of a link.
pub fn ask(site: &Site, url: &str, more: &[&str]) -> Result<(Value, i32), Box<dyn std::error::Error>> {
    let mut words = vec!["request", "--json", "--wait", "120"];
    words.extend(more);
    let mut command = site.airlock(&words)?;
    let output = command.arg(url).stderr(Stdio::piped()).output()?;
    let status = output.status.code().unwrap_or(-1);
    let verdict = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{url}: status {status}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((verdict, status))
}

/// What must be the same wherever a link was checked: everything but ids, times, tokens and addresses.
pub fn essence(verdict: &Value) -> Value {
    let mut verdict = verdict.clone();
    if let Some(fields) = verdict.as_object_mut() {
        for name in ["token", "download_url", "expires"] {
            let there = fields.contains_key(name);
            fields.insert(name.to_owned(), Value::Bool(there));
        }
        fields.remove("request_id");
    }
    verdict
}

/// A field of a verdict as text.
pub fn word<'v>(verdict: &'v Value, name: &str) -> &'v str {
    verdict.get(name).and_then(Value::as_str).unwrap_or_default()
}
