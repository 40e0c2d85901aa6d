//! Reads the folder of definitions again and again; a change is live at the next request, a broken one is named and not used.

use std::path::Path;
use std::time::Duration;

use airlock_intake::Policies;
use tokio::sync::watch;

/// Name and text of every `*.toml` in the folder, sorted.
pub fn files(dir: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).map_err(|e| std::io::Error::new(e.kind(), format!("{name}: {e}")))?;
            files.push((name, text));
        }
    }
    files.sort();
    Ok(files)
}

/// Every mistake of a folder, one a line; `Ok` when it is in force now.
pub fn load(dir: &Path, policies: &Policies) -> Result<bool, String> {
    let files = files(dir).map_err(|e| format!("cannot read the policies {}: {e}", dir.display()))?;
    policies.change(&files).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|f| format!("{}/{f}", dir.display())).collect();
        lines.join("\n")
    })
}

/// Watches the folder until `stop`.
pub async fn watch(dir: std::path::PathBuf, every: Duration, policies: Policies, mut stop: watch::Receiver<bool>) {
    let mut said = String::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(every) => {}
        }
        match load(&dir, &policies) {
            Ok(true) => tracing::info!(dir = %dir.display(), "policies changed"),
            Ok(false) => said.clear(),
            Err(why) if why != said => {
                tracing::error!(%why, "the change of the policies is refused; the ones before stay in force");
                said = why;
            }
            Err(_) => {}
        }
    }
}
