//! `airlock scan` as a person or a script uses it: inputs of every kind, exit statuses, the shape of the JSON, clear errors.

mod common;

use std::io::Write as _;
use std::process::Stdio;

use airlock_forge::{eicar, serve, streams, tarball, web, zip};
use common::{airlock, ids, lines, put, scan, status};

#[test]
fn the_status_says_what_was_found() {
    let dir = tempfile::tempdir().expect("folder");
    let clean = put(dir.path(), "notes.txt", b"The meeting is on Thursday.\n");
    let bad = put(dir.path(), "eicar.zip", &zip::simple(&[("eicar.com", &eicar())]));
    let gap = put(dir.path(), "some.7z", b"7z\xbc\xaf\x27\x1c rest of an archive");
    assert_eq!(scan(&[&clean]).0, 0);
    assert_eq!(scan(&[&bad]).0, 1);
    assert_eq!(scan(&[&gap]).0, 4);
    assert_eq!(scan(&["http://127.0.0.1:9/x"]).0, 5);
    assert_eq!(scan(&["/nonexistent/file"]).0, 2);
    // The first that occurs in the order 2, 1, 4, 3, 5, 0.
    assert_eq!(scan(&[&clean, &gap, &bad]).0, 1);
    assert_eq!(scan(&[&clean, "http://127.0.0.1:9/x", &gap]).0, 4);
    assert_eq!(scan(&[&bad, "/nonexistent/file"]).0, 2);
}

#[test]
fn the_json_has_its_fields_in_their_order() {
    let dir = tempfile::tempdir().expect("folder");
    let tar = tarball::simple(&[("inner.zip", &zip::simple(&[("eicar.com", &eicar())]))]);
    let path = put(dir.path(), "invoice.tar.xz", &streams::xz(&tar));
    let output = airlock().args(["scan", "--json", &path]).output().expect("runs");
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let fields = [
        "input",
        "sha256",
        "size",
        "format",
        "classification",
        "coverage",
        "decision",
        "score",
        "reasons",
        "nodes",
        "findings",
        "notes",
        "bundle",
        "engine",
        "policy",
        "elapsed_ms",
    ];
    let mut at = 0;
    for field in fields {
        let key = format!("\"{field}\":");
        at += text[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{field} is missing or out of order: {text}"));
    }
    let result = &lines(&output)[0];
    assert_eq!(result["classification"], "malicious");
    assert_eq!(result["coverage"], "complete");
    assert_eq!(result["decision"], "block");
    let node = result["nodes"].as_array().and_then(|n| n.last()).expect("nodes");
    assert_eq!(node["path"], "invoice.tar.xz ▸ invoice.tar ▸ inner.zip ▸ eicar.com");
    let hit = &result["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|f| f["source"] == "rule:MAL_Any_Eicar@1")
        .expect("the rule");
    assert_eq!(hit["evidence"]["offset"], 0);
    assert_eq!(hit["node"], node["index"]);
}

#[test]
fn standard_input_folders_and_unreadable_inputs() {
    let dir = tempfile::tempdir().expect("folder");
    put(dir.path(), "a/1.txt", b"one");
    put(dir.path(), "a/2.txt", b"two");
    std::os::unix::fs::symlink("/etc", dir.path().join("a/link")).expect("link");
    let mut child = airlock()
        .args(["scan", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    child
        .stdin
        .take()
        .expect("pipe")
        .write_all(&zip::simple(&[("x.com", &eicar())]))
        .expect("written");
    let output = child.wait_with_output().expect("ends");
    assert_eq!((status(&output), lines(&output)[0]["input"].as_str()), (1, Some("-")));
    let folder = dir.path().display().to_string();
    let (code, results) = scan(&[&folder, "/nonexistent/x"]);
    assert_eq!((code, results.len()), (2, 3));
    assert_eq!(results[2]["error"]["kind"], "unreadable");
}

#[test]
fn a_link_is_fetched_behind_the_guard() {
    let dir = tempfile::tempdir().expect("folder");
    put(dir.path(), "page.html", &web::plain("scan-test"));
    put(dir.path(), "eicar.zip", &zip::simple(&[("eicar.com", &eicar())]));
    let listener = serve::bind(0).expect("a free port");
    let port = listener.local_addr().expect("address").port();
    let root = dir.path().to_path_buf();
    std::thread::spawn(move || serve::serve(&listener, &root));
    let url = |name: &str| format!("http://127.0.0.1:{port}/{name}");
    let (code, results) = scan(&[&url("eicar.zip")]);
    assert_eq!((code, results[0]["error"]["kind"].as_str()), (5, Some("refused")));
    let (code, results) = scan(&[
        "--allow-address",
        "127.0.0.0/8",
        &url("page.html"),
        &url("eicar.zip"),
        &url("nothing"),
    ]);
    assert_eq!(code, 1);
    assert_eq!(
        (results[0]["classification"].as_str(), results[0]["format"].as_str()),
        (Some("clean"), Some("html"))
    );
    assert_eq!(results[1]["nodes"][0]["name"], "eicar.zip");
    assert_eq!(results[2]["error"]["kind"], "unreachable");
}

#[test]
fn the_same_bytes_give_the_same_report_in_any_order_and_number() {
    let dir = tempfile::tempdir().expect("folder");
    let mut inputs = Vec::new();
    for sample in ["zip", "web", "eicar"].into_iter().flat_map(airlock_forge::catalog::family) {
        inputs.push(put(dir.path(), &format!("{}/{}", sample.family, sample.name), &sample.bytes));
    }
    let run = |jobs: &str, inputs: &[String]| {
        let mut args = vec!["--jobs", jobs];
        args.extend(inputs.iter().map(String::as_str));
        let (_, mut results) = scan(&args);
        for result in &mut results {
            result["elapsed_ms"] = 0.into();
        }
        results
    };
    let one = run("1", &inputs);
    assert_eq!(one, run("8", &inputs));
    inputs.reverse();
    let mut backwards = run("8", &inputs);
    backwards.reverse();
    assert_eq!(one, backwards);
}

#[test]
fn a_name_changes_only_what_names_change() {
    let dir = tempfile::tempdir().expect("folder");
    let named: Vec<_> = ["office", "ole", "pdf", "web", "rar", "lha", "streams", "tar", "lnk"]
        .into_iter()
        .flat_map(airlock_forge::catalog::family)
        .collect();
    let mut paths = (Vec::new(), Vec::new());
    for (number, sample) in named.iter().enumerate() {
        paths.0.push(put(dir.path(), &format!("a/{number}/{}", sample.name), &sample.bytes));
        paths.1.push(put(dir.path(), &format!("b/{number}.bin"), &sample.bytes));
    }
    let run = |paths: &[String]| scan(&paths.iter().map(String::as_str).collect::<Vec<_>>()).1;
    for (sample, (one, two)) in named.iter().zip(run(&paths.0).iter().zip(&run(&paths.1))) {
        let nodes = |r: &serde_json::Value| -> Vec<String> {
            r["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|n| format!("{} {} {} {}", n["parent"], n["layer"], n["sha256"], n["gaps"]))
                .collect()
        };
        assert_eq!(nodes(one), nodes(two), "{}", sample.name);
        let found = |r: &serde_json::Value| -> Vec<String> {
            ids(r)
                .into_iter()
                .filter(|id| !id.starts_with("name.") && !id.starts_with("ext."))
                .collect()
        };
        assert_eq!(found(one), found(two), "{}", sample.name);
    }
}

#[test]
fn a_broken_rule_file_is_named_and_the_rest_runs() {
    let dir = tempfile::tempdir().expect("folder");
    put(
        dir.path(),
        "rules/good.yar",
        b"rule mine { strings: $a = \"needle in hay\" condition: $a }",
    );
    put(dir.path(), "rules/bad.yar", b"rule worse {\n  condition:\n    nothing_known\n}");
    let rules = dir.path().join("rules").display().to_string();
    let hay = put(dir.path(), "hay.txt", b"a needle in hay");
    let output = airlock().args(["scan", "--json", "--rules", &rules, &hay]).output().expect("runs");
    let result = &lines(&output)[0];
    assert_eq!((status(&output), ids(result)), (3, vec!["mine".to_owned()]));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("bad.yar:3"), "{told}");
    assert!(result["notes"].to_string().contains("bad.yar:3"));
    let check = airlock().args(["rules", "check", &rules]).output().expect("runs");
    assert_eq!(status(&check), 2);
    assert!(String::from_utf8_lossy(&check.stdout).contains("bad.yar:3"));
}

#[test]
fn without_its_jail_nothing_is_scanned() {
    let dir = tempfile::tempdir().expect("folder");
    let path = put(dir.path(), "a.txt", b"x");
    let output = airlock()
        .args(["scan", "--json", &path])
        .env("AIRLOCK_JAIL_GLASS", "/nonexistent/airlock-glass")
        .output()
        .expect("runs");
    assert_eq!(status(&output), 2);
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/airlock-glass"));
}

#[test]
fn wrong_use_says_how_to_go_on() {
    let said = |args: &[&str]| {
        let output = airlock().args(args).stdin(Stdio::null()).output().expect("runs");
        (status(&output), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = said(&["scan", "--rules", "/nonexistent", "x"]);
    assert!(code == 2 && text.contains("/nonexistent"), "{text}");
    let (code, text) = said(&["scan", "--allow-address", "banana", "x"]);
    assert!(code == 2 && text.contains("127.0.0.0/8"), "{text}");
    let (code, text) = said(&["scan"]);
    assert!(code == 2 && text.contains("Usage"), "{text}");
    let dir = tempfile::tempdir().expect("folder");
    let config = put(dir.path(), "c.toml", b"[jail]\nlevel = \"none\"\nlevle = 1\n");
    let (code, text) = said(&["config", "check", "--config", &config]);
    assert!(
        code == 2 && text.contains("c.toml:3: unknown key jail.levle (did you mean level?)"),
        "{text}"
    );
    let policy = put(dir.path(), "p.toml", b"actoin = \"warn\"\n");
    let (code, text) = said(&["scan", "--policy", &policy, &config]);
    assert!(code == 2 && text.contains("p.toml:1: actoin"), "{text}");
    let (code, text) = said(&["scan", "--allow-address", "10.0.0.1/8", "x"]);
    assert!(code == 2 && text.contains("10.0.0.0/8"), "{text}");
    let (code, text) = said(&["scan", "-"]);
    assert!(code == 2 && text.contains("pipe the file in"), "{text}");
    let empty = airlock()
        .args(["config", "check"])
        .env("AIRLOCK_CONFIG", "")
        .output()
        .expect("runs");
    assert_eq!(status(&empty), 0);
}

#[test]
fn a_person_reads_a_tree_without_colours_in_a_pipe() {
    let dir = tempfile::tempdir().expect("folder");
    let path = put(dir.path(), "invoice.zip", &zip::simple(&[("photo\u{202e}gpj.exe", b"MZ")]));
    let output = airlock().args(["scan", &path]).output().expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert!(text.contains("└─ photo<U+202E>gpj.exe") && text.contains("name.rtlo"), "{text}");
}

#[test]
fn a_name_that_is_no_text_is_scanned() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join(std::ffi::OsStr::from_bytes(b"bad\xffname.txt"));
    std::fs::write(&path, b"words").expect("written");
    let output = airlock().args(["scan", "--json"]).arg(&path).output().expect("runs");
    assert_eq!((status(&output), lines(&output)[0]["classification"].as_str()), (0, Some("clean")));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_an_error_with_a_sentence() {
    for args in [
        &["config", "show"][..],
        &["config", "check"],
        &["doctor"],
        &["rules", "check"],
        &["completions", "bash"],
        &["man"],
    ] {
        let full = std::fs::File::create("/dev/full").expect("the device");
        let output = airlock().args(args).stdout(full).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("airlock: "), "{args:?}");
    }
}
