//! Reads the folder of definitions again and again; a change is live at the next request, a broken one is named and not used.

use std::path::Path;
use std::time::Duration;

use airlock_intake::Policies;
use rustix::fs::{Mode, OFlags};
use tokio::sync::watch;

/// Name and text of every `*.toml` in the folder that is not hidden, sorted.
pub fn files(dir: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Editors keep their own there while a file is open, such as `.#a.toml`.
        if name.starts_with('.') {
            continue;
        }
        let Some(ending) = path.extension().filter(|ending| ending.eq_ignore_ascii_case("toml")) else {
            continue;
        };
        if ending != "toml" {
            let why = format!("{name}: write the ending as .toml, or give the file another one");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
        }
        let text = read(&path).map_err(|e| std::io::Error::new(e.kind(), format!("{name}: {e}")))?;
        files.push((name, text));
    }
    files.sort();
    Ok(files)
}

/// A pipe or a device is never opened: to read it could wait for ever.
fn read(path: &Path) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        let why = "it is no regular file; take it out of the folder or give it another ending";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    }
    // Exchanged meanwhile, it still does not make us wait.
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    std::io::read_to_string(std::fs::File::from(file))
}

/// Every mistake of a folder, one a line; `Ok` when it is in force now.
pub fn load(dir: &Path, policies: &Policies) -> Result<bool, String> {
    let files = files(dir).map_err(|e| format!("cannot read the policies {}: {e}", dir.display()))?;
    let changed = policies.change(&files).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|f| format!("{}/{f}", dir.display())).collect();
        lines.join("\n")
    })?;
    if changed {
        for warning in policies.now().warnings() {
            tracing::warn!(dir = %dir.display(), "{warning}");
        }
    }
    Ok(changed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_cut_off_leaves_the_policies_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.toml");
        std::fs::write(&file, "name = \"a\"\naction = \"warn\"").unwrap();
        let policies = Policies::default();
        assert!(load(dir.path(), &policies).unwrap());
        std::fs::write(&file, "").unwrap();
        let why = load(dir.path(), &policies).unwrap_err();
        assert!(why.contains("a.toml: name is missing"), "{why}");
        assert_eq!(policies.now().definitions()[0].name, "a");
    }

    #[test]
    fn hidden_files_are_nobody_s_policy_and_a_loud_ending_is_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), "name = \"a\"").unwrap();
        std::os::unix::fs::symlink("ann@host.1234:5", dir.path().join(".#a.toml")).unwrap();
        assert_eq!(files(dir.path()).unwrap().len(), 1);
        std::fs::write(dir.path().join("B.TOML"), "name = \"b\"").unwrap();
        let why = files(dir.path()).unwrap_err().to_string();
        assert!(why.contains("B.TOML: write the ending as .toml"), "{why}");
    }

    #[test]
    fn what_is_no_regular_file_is_named_and_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), "name = \"a\"").unwrap();
        std::os::unix::fs::symlink("a.toml", dir.path().join("b.toml")).unwrap();
        std::fs::write(dir.path().join("notes.txt"), "x").unwrap();
        assert_eq!(files(dir.path()).unwrap().len(), 2);
        let pipe = dir.path().join("zz.toml");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let why = load(dir.path(), &Policies::default()).unwrap_err();
        assert!(why.contains("zz.toml: it is no regular file"), "{why}");
        std::fs::remove_file(&pipe).unwrap();
        std::fs::create_dir(&pipe).unwrap();
        assert!(
            files(dir.path())
                .unwrap_err()
                .to_string()
                .contains("zz.toml: it is no regular file")
        );
    }
}
