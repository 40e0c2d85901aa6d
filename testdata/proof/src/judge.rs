//! What one result is worth against the ground truth of its file. Pure: text in, judgement out.

use crate::expect::{Expect, delivered};
use crate::report::Report;

/// The judgement of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Path below the corpus.
    pub path: String,
    /// The row it counts in; `None` for formats that are only recognised.
    pub row: Option<&'static str>,
    /// Members that the manifest expects.
    pub expected: usize,
    /// Of those, members whose SHA-256 is among the nodes.
    pub seen: usize,
    /// Names of the others.
    pub missing: Vec<String>,
    /// Gaps of all nodes.
    pub gaps: usize,
    /// Kinds and sentences of the gaps, for the list of misses.
    pub reasons: String,
    /// No line, a dead child, a hang, a panic.
    pub trouble: Vec<String>,
    /// The worst there is: called complete although an expected member is missing.
    pub complete_though_missing: bool,
    /// For ordinary files: nothing, or what was wrong with the verdict.
    pub benign: Option<Result<(), String>>,
    /// An ordinary file called malicious.
    pub benign_malicious: bool,
    /// For files with EICAR inside.
    pub eicar: Option<Eicar>,
    /// Facts that other tools report, and whether a finding says the same.
    pub facts: Vec<(&'static str, bool)>,
}

/// What became of a test virus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eicar {
    /// Called malicious.
    Found,
    /// Not found, and the report says that not everything was seen.
    Gap,
    /// Not found, but what carries it is called suspicious.
    Suspected,
    /// Not found, and called clean and complete.
    Missed,
}

/// Words of the gap that the walk leaves when it has caught a panic.
const PANIC: &str = "gave up on contradictory data";

/// Judges one file; `line` is what `airlock scan --json` printed for it.
pub fn judge(expect: &Expect, line: Option<&str>) -> Judged {
    let mut out = Judged {
        path: expect.path.clone(),
        row: delivered(&expect.format),
        expected: expect.members.len(),
        ..Judged::default()
    };
    let Some(report) = line.and_then(Report::parse) else {
        out.trouble.push("no line".to_owned());
        return out;
    };
    if let Some(error) = report.error() {
        out.trouble.push(error);
        return out;
    }
    let gaps = report.gaps();
    let complete = report.word("coverage") == "complete";
    out.gaps = gaps.len();
    out.reasons = gaps
        .iter()
        .map(|g| format!("{}: {}", g.kind, g.detail))
        .collect::<Vec<_>>()
        .join("; ");
    out.trouble = gaps
        .iter()
        .filter(|g| g.kind == "child_died" || g.kind == "time" || g.detail.contains(PANIC))
        .map(|g| format!("{}: {}", g.kind, g.detail))
        .collect();
    let lost = expect.members.iter().filter(|(hash, _)| !report.has_sha256(hash));
    out.missing = lost.map(|(_, name)| name.clone()).collect();
    out.seen = out.expected - out.missing.len();
    out.complete_though_missing = complete && !out.missing.is_empty();
    let clean = report.word("classification") == "clean";
    out.benign = expect.benign.then(|| {
        if clean && complete {
            return Ok(());
        }
        Err(format!(
            "{}, {}: {}",
            report.word("classification"),
            report.word("coverage"),
            report.alarms()
        ))
    });
    out.benign_malicious = expect.benign && report.word("classification") == "malicious";
    out.eicar = expect.eicar.then(|| match (report.word("classification"), complete) {
        ("malicious", _) => Eicar::Found,
        (_, false) => Eicar::Gap,
        ("suspicious", true) => Eicar::Suspected,
        _ => Eicar::Missed,
    });
    out.facts = expect.facts.iter().map(|&fact| (fact, says(&report, fact))).collect();
    out
}

fn says(report: &Report, fact: &str) -> bool {
    match fact {
        "macro" => {
            report.found("vba.")
                || report.found("xlm.")
                || report.found("odf.basic_macro")
                || report.nodes().iter().any(|n| crate::report::text(n, "layer") == "vba")
        }
        "auto_exec" => report.found("vba.") || report.found("xlm.auto_open_name") || report.found("odf.event_autoload"),
        _ => {
            report.found("pdf.")
                && report
                    .findings()
                    .iter()
                    .any(|f| crate::report::text(f, "id").contains("js") || crate::report::text(f, "id").contains("javascript"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const LOST: &str = "2222222222222222222222222222222222222222222222222222222222222222";

    fn expect() -> Expect {
        Expect {
            path: "zip/a.zip".into(),
            format: "zip".into(),
            members: vec![(SEEN.into(), "one".into()), (LOST.into(), "two".into())],
            benign: true,
            eicar: true,
            ..Expect::default()
        }
    }

    fn line(classification: &str, coverage: &str, gaps: &str) -> String {
        format!(
            r#"{{"input":"a.zip","classification":"{classification}","coverage":"{coverage}","nodes":[
            {{"index":0,"path":"a.zip","sha256":"0","gaps":[{gaps}]}},{{"index":1,"parent":0,"sha256":"{SEEN}","gaps":[]}}],"findings":[]}}"#
        )
    }

    #[test]
    fn complete_although_a_member_is_missing_is_told() {
        let got = judge(&expect(), Some(&line("clean", "complete", "")));
        assert!(got.complete_though_missing && got.trouble.is_empty());
        assert_eq!((got.expected, got.seen, got.missing), (2, 1, vec!["two".to_owned()]));
        assert_eq!((got.benign, got.eicar), (Some(Ok(())), Some(Eicar::Missed)));
    }

    #[test]
    fn a_gap_excuses_what_is_missing_but_not_the_verdict_on_an_ordinary_file() {
        let gap = r#"{"kind":"unsupported","detail":"method 99","bytes_unseen":7}"#;
        let got = judge(&expect(), Some(&line("clean", "partial", gap)));
        assert!(!got.complete_though_missing && got.benign.is_some_and(|b| b.is_err()));
        assert_eq!((got.gaps, got.eicar), (1, Some(Eicar::Gap)));
    }

    #[test]
    fn no_line_a_dead_child_a_hang_and_a_caught_panic_are_trouble() {
        assert_eq!(judge(&expect(), None).trouble, ["no line"]);
        assert_eq!(
            judge(&expect(), Some(r#"{"input":"a","error":{"kind":"unreadable","text":"gone"}}"#)).trouble,
            ["unreadable: gone"]
        );
        for gap in [
            r#"{"kind":"child_died","detail":"signal 11"}"#,
            r#"{"kind":"time","detail":"over"}"#,
            r#"{"kind":"malformed","detail":"the ZIP archive reader gave up on contradictory data"}"#,
        ] {
            assert_eq!(judge(&expect(), Some(&line("clean", "partial", gap))).trouble.len(), 1, "{gap}");
        }
    }

    #[test]
    fn a_malicious_ordinary_file_is_counted_and_a_found_eicar_is_found() {
        let got = judge(&expect(), Some(&line("malicious", "complete", "")));
        assert!(got.benign_malicious);
        assert_eq!(got.eicar, Some(Eicar::Found));
    }
}
