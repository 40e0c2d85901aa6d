//! `make demo`: what a person might be sent, scanned by URL from a loopback server, and what must be said about it.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::report::Report;
use crate::text::fit;
use crate::{Outcome, line, scan, table};

/// File, format, classification, coverage: what the result must be.
const MUST: [(&str, &str, &str, &str); 20] = [
    ("page.html", "html", "clean", "complete"),
    ("notes.txt", "txt", "clean", "complete"),
    ("clean.docx", "docx", "clean", "complete"),
    ("clean.pdf", "pdf", "clean", "complete"),
    ("figures.xlsx", "xlsx", "clean", "complete"),
    ("eicar.tar.xz", "xz", "malicious", "complete"),
    ("invoice.rar", "rar", "clean", "complete"),
    ("photos.lzh", "lha", "clean", "complete"),
    ("locked.zip", "zip", "not malicious", "partial"),
    ("macro.docm", "docm", "malicious", "complete"),
    ("template.docx", "docx", "malicious", "complete"),
    ("object.doc", "doc", "malicious", "complete"),
    ("javascript.pdf", "pdf", "clean", "complete"),
    ("smuggling.html", "html", "malicious", "complete"),
    ("signin.html", "html", "suspicious", "complete"),
    ("picture.svg", "svg", "suspicious", "complete"),
    ("shortcut.zip", "zip", "malicious", "complete"),
    ("liar.zip", "zip", "not clean", "any"),
    ("bomb-10gb.gz", "gzip", "any", "partial"),
    ("bomb-10gb.zip", "zip", "any", "partial"),
];

/// Writes, serves, scans and prints; true when every line is as expected.
pub fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let files = airlock_forge::demo::files();
    for (name, bytes) in &files {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    let listener = airlock_forge::serve::bind(0)?;
    let base = format!("http://{}", listener.local_addr()?);
    let served = folder.path().to_owned();
    std::thread::spawn(move || airlock_forge::serve::serve(&listener, &served));

    let links: Vec<String> = files.iter().map(|(name, _)| format!("{base}/{name}")).collect();
    println!("{} inputs are served on {base}\n", links.len());
    show_one(&format!("{base}/eicar.tar.xz"))?;
    show_one(&format!("{base}/macro.docm"))?;
    let inputs: Vec<OsString> = links.iter().map(OsString::from).collect();
    println!("$ airlock scan --json --allow-address 127.0.0.0/8 {base}/{{…}}\n");
    let run = scan::scan(&["--allow-address", "127.0.0.0/8"], &inputs)?;
    let mut rows = Vec::new();
    let mut good = true;
    for (link, (name, _)) in links.iter().zip(&files) {
        let report = run.lines.get(link).and_then(|line| Report::parse(line));
        let wrong = judge(name, report.as_ref());
        good &= wrong.is_none();
        rows.push(row(link, report.as_ref(), wrong));
    }
    let heads = ["file", "format", "classification", "coverage", "decision", "ms", "why", ""];
    table::print(&heads, &[5], &rows);
    let status = run.status.map_or_else(|| "of a signal".to_owned(), |status| status.to_string());
    println!("\nexit status {status} (1: something malicious was among them)");
    good &= run.status == Some(1);
    println!();
    good &= line::demo::run(&links, &files)?;
    println!("demo: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}

/// One result as a person sees it.
fn show_one(link: &str) -> std::io::Result<()> {
    println!("$ airlock scan --allow-address 127.0.0.0/8 {link}");
    let output = Command::new(scan::beside("airlock")?)
        .args(["scan", "--allow-address", "127.0.0.0/8", link])
        .stdin(Stdio::null())
        .output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    println!();
    Ok(())
}

fn row(link: &str, report: Option<&Report>, wrong: Option<String>) -> Vec<String> {
    let wrong = wrong.map_or_else(String::new, |w| format!("✗ must be {w}"));
    let Some(report) = report else {
        return vec![
            link.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            "no line".into(),
            wrong,
        ];
    };
    if let Some(error) = report.error() {
        return vec![
            link.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            fit(&error, 80),
            wrong,
        ];
    }
    let word = |key: &str| report.word(key).to_owned();
    vec![
        link.rsplit('/').next().unwrap_or(link).to_owned(),
        word("format"),
        word("classification"),
        word("coverage"),
        word("decision"),
        report.number("elapsed_ms").to_string(),
        fit(&report.why(), 80),
        wrong,
    ]
}

/// What the line must be, when it is not.
fn judge(name: &str, report: Option<&Report>) -> Option<String> {
    let line = MUST.iter().find(|(n, ..)| *n == name).copied();
    let (_, format, classification, coverage) = line.unwrap_or((name, "any", "any", "any"));
    let must = format!("{format}, {classification}, {coverage}");
    let Some(report) = report.filter(|r| r.error().is_none()) else {
        return Some(must);
    };
    let got = report.word("classification");
    let class_fits = match classification.strip_prefix("not ") {
        Some(word) => got != word && !got.is_empty(),
        None => classification == "any" || got == classification,
    };
    let coverage_fits = coverage == "any" || report.word("coverage") == coverage;
    let format_fits = format == "any" || report.word("format") == format;
    (!class_fits || !coverage_fits || !format_fits).then_some(must)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(format: &str, classification: &str, coverage: &str) -> Option<Report> {
        Report::parse(&format!(
            r#"{{"format":"{format}","classification":"{classification}","coverage":"{coverage}"}}"#
        ))
    }

    #[test]
    fn a_wrong_verdict_and_a_missing_line_are_told() {
        assert_eq!(judge("eicar.tar.xz", report("xz", "malicious", "complete").as_ref()), None);
        assert!(judge("eicar.tar.xz", report("xz", "clean", "complete").as_ref()).is_some());
        assert!(judge("bomb-10gb.gz", report("gzip", "clean", "complete").as_ref()).is_some());
        assert!(judge("clean.pdf", report("txt", "clean", "complete").as_ref()).is_some());
        assert!(judge("page.html", None).is_some());
        assert!(judge("locked.zip", report("zip", "malicious", "partial").as_ref()).is_some());
    }

    #[test]
    fn every_demo_file_has_its_line_here() {
        let files = airlock_forge::demo::files();
        assert!(files.iter().all(|(name, _)| MUST.iter().any(|(n, ..)| n == name)));
        assert_eq!(files.len(), MUST.len());
    }
}
