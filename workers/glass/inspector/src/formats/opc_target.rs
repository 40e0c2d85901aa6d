//! Where a link or relationship of a document leads, and what that is worth.

/// How far a target reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Inside the document, on this machine, or a plain address such as `mailto:`.
    Local,
    /// HTTP or FTP.
    Web,
    /// Another machine by file sharing (`\\host\share`, `file://host/…`): Windows sends a log-in to it.
    Share,
    /// A scheme that starts a program or script (`mhtml:`, `ms-msdt:`, `search-ms:`, `javascript:`).
    Handler,
}

/// Extensions that run, or mount something that runs, when a person opens them.
const RUNS: &[&str] = &[
    "exe",
    "scr",
    "pif",
    "bat",
    "cmd",
    "ps1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "hta",
    "msi",
    "msp",
    "lnk",
    "url",
    "cpl",
    "jar",
    "dll",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "one",
    "chm",
    "reg",
    "xll",
    "application",
    "appref-ms",
    "library-ms",
    "settingcontent-ms",
];

/// Schemes that hand the rest to a program.
const HANDLERS: &[&str] = &[
    "mhtml:",
    "mk:",
    "its:",
    "search-ms:",
    "search:",
    "javascript:",
    "vbscript:",
    "script:",
    "ms-msdt:",
    "ms-officecmd:",
    "ms-search:",
    "ms-appinstaller:",
    "ms-settings:",
    "ms-cxh",
    "shell:",
    "cmd:",
    "powershell:",
    "hcp:",
    "ldap:",
];

/// How far a target reaches.
pub fn reach(target: &str) -> Reach {
    let target = target.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_lowercase();
    // Readers of addresses pass over these (URL standard, section 4.4).
    let target = target.replace(['\t', '\r', '\n'], "");
    if HANDLERS.iter().any(|scheme| target.starts_with(scheme)) || target.contains("!x-usc:") {
        return Reach::Handler;
    }
    if let Some(rest) = target.strip_prefix("file:") {
        return file(rest);
    }
    if ["http:", "https:", "ftp:"].iter().any(|scheme| target.starts_with(scheme)) {
        return Reach::Web;
    }
    let slashes = target.replace('/', "\\");
    // `\\?\C:\…` and `\\.\…` stay on this machine.
    let far = slashes.starts_with("\\\\") && !slashes.starts_with("\\\\?\\c:") && !slashes.starts_with("\\\\.\\");
    if far { Reach::Share } else { Reach::Local }
}

fn file(rest: &str) -> Reach {
    let rest = rest.replace("%5c", "\\").replace('\\', "/");
    let path = rest.trim_start_matches('/');
    let slashes = rest.len().saturating_sub(path.len());
    let drive = path.as_bytes().get(1).is_some_and(|b| matches!(b, b':' | b'|'));
    let here = drive || path.starts_with("localhost/") || path.is_empty();
    match slashes {
        2 | 4.. if !here => Reach::Share,
        _ => Reach::Local,
    }
}

/// Whether the target's last part has an extension that runs.
pub fn runs(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or(target);
    let path = match path.split_once("://") {
        Some((scheme, rest)) if !scheme.eq_ignore_ascii_case("file") => rest.split_once('/').map_or("", |(_, path)| path),
        _ => path,
    };
    let extension = crate::input::extension(path);
    // `record.url?id=…` is a page of a web server and no shortcut file.
    let served = extension == "url" && target.contains('?') && reach(target) == Reach::Web;
    RUNS.contains(&extension.as_str()) && !served
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_apart() {
        for (target, expected) in [
            ("media/image1.png", Reach::Local),
            ("file:///C:\\Templates\\a.dotm", Reach::Local),
            ("C:\\a.dotm", Reach::Local),
            ("mailto:a@b.example", Reach::Local),
            ("HTTPS://host.example/a.dotm", Reach::Web),
            ("h\tttp://host.example/a.dotm", Reach::Web),
            ("\\\\host\\share\\a.dotm", Reach::Share),
            ("file://host@80/share/a", Reach::Share),
            ("file://///host/share", Reach::Share),
            (" mhtml:http://host.example/a!x-usc:http://host.example/a", Reach::Handler),
            ("ms-msdt:/id x", Reach::Handler),
        ] {
            assert_eq!(reach(target), expected, "{target}");
        }
    }

    #[test]
    fn what_runs_is_told_by_the_path_alone() {
        assert!(runs("http://host.example/a/setup.exe?x=1"));
        assert!(runs("\\\\host\\share\\a.hta"));
        assert!(!runs("http://host.js"));
        assert!(runs("http://host.example/a.url") && !runs("http://host.example/record.url?id=1"));
        assert!(!runs("http://host.example/page.html?f=a.exe"));
    }
}
