//! Two runs over the same bytes: byte-identical lines for the same names, the same facts for other names.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::{Report, array, text};

/// A difference that a promise forbids, in words.
pub type Difference = String;

/// Lines that are not the same byte for byte apart from `elapsed_ms`. An input that the wall clock cut is not compared.
pub fn replay(first: &BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Vec<Difference> {
    let mut out = Vec::new();
    for (input, line) in first {
        let Some(other) = second.get(input) else {
            out.push(format!("{input}: no line in the second run"));
            continue;
        };
        let cut = [line, other].iter().any(|l| Report::parse(l).is_some_and(|r| !r.replayable()));
        if !cut && without_time(line) != without_time(other) {
            out.push(format!("{input}: {}", first_difference(&without_time(line), &without_time(other))));
        }
    }
    out
}

/// The facts that a name must not change, which differ between the two results of the same bytes.
pub fn renamed(named: &str, unnamed: &str) -> Option<Difference> {
    let (Some(a), Some(b)) = (Report::parse(named), Report::parse(unnamed)) else {
        return Some("one of the runs gave no line".to_owned());
    };
    let (a, b) = (facts(&a), facts(&b));
    if a == b {
        return None;
    }
    let only = |x: &[String], y: &[String]| x.iter().find(|f| !y.contains(f)).cloned();
    Some(match (only(&a, &b), only(&b, &a)) {
        (Some(a), Some(b)) => format!("named {a}, unnamed {b}"),
        (Some(a), None) => format!("only when named: {a}"),
        (None, Some(b)) => format!("only when unnamed: {b}"),
        (None, None) => "the same facts in another order or number".to_owned(),
    })
}

/// Findings 39 to 52 of the catalogue are about names.
fn about_names(id: &str) -> bool {
    ["name.", "ext.", "link."].iter().any(|family| id.starts_with(family))
}

/// Formats that are all text: which of them a file is may depend on its name.
const TEXTS: [&str; 26] = [
    "txt", "html", "svg", "xml", "js", "vbs", "ps1", "bat", "vba", "css", "csv", "json", "hta", "eml", "mht", "url", "ini", "wsf", "php",
    "slk", "iqy", "rdp", "reg", "script", "py", "md",
];

fn facts(report: &Report) -> Vec<String> {
    let node = |n: &Value| {
        let gaps: Vec<String> = array(n, "gaps")
            .iter()
            .map(|g| format!("{} {}", g["kind"], g["bytes_unseen"]))
            .collect();
        let format = plain(text(n, "format"));
        format!(
            "node {} ^{} {} {format} {} [{}]",
            n["index"],
            n["parent"],
            n["layer"],
            n["sha256"],
            gaps.join(", ")
        )
    };
    let finding = |f: &Value| {
        let at = &f["evidence"];
        format!(
            "finding {} on {} {} {} at {}+{} by {}",
            f["id"], f["node"], f["severity"], f["confidence"], at["offset"], at["length"], f["source"]
        )
    };
    let findings = report.findings().iter().filter(|f| !about_names(text(f, "id"))).map(finding);
    report.nodes().iter().map(node).chain(findings).collect()
}

fn plain(format: &str) -> &str {
    if TEXTS.contains(&format) { "text" } else { format }
}

/// `elapsed_ms` is the last field of the contract.
fn without_time(line: &str) -> String {
    match line.rfind("\"elapsed_ms\":") {
        Some(at) => {
            let rest = line[at + 13..].trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{}{rest}", &line[..at])
        }
        None => line.to_owned(),
    }
}

fn first_difference(a: &str, b: &str) -> String {
    let at = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let around = |s: &str| String::from_utf8_lossy(&s.as_bytes()[at.saturating_sub(30).min(s.len())..(at + 60).min(s.len())]).into_owned();
    format!("byte {at}: …{}… against …{}…", around(a), around(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: &str, findings: &str, elapsed: u32) -> String {
        format!(
            r#"{{"input":"a","nodes":[{{"index":0,"parent":null,"name":"a","format":"{format}","layer":"raw","sha256":"00","gaps":[]}}],"findings":[{findings}],"elapsed_ms":{elapsed}}}"#
        )
    }

    fn map(line: String) -> BTreeMap<String, String> {
        BTreeMap::from([("a".to_owned(), line)])
    }

    #[test]
    fn time_alone_may_differ_between_two_runs() {
        assert!(replay(&map(line("zip", "", 1)), &map(line("zip", "", 2000))).is_empty());
        assert_eq!(replay(&map(line("zip", "", 1)), &map(line("tar", "", 1))).len(), 1);
        assert_eq!(replay(&map(line("zip", "", 1)), &BTreeMap::new()).len(), 1);
    }

    #[test]
    fn a_scan_that_the_clock_cut_is_not_compared() {
        let cut = line("zip", "", 1).replace("\"elapsed_ms\"", "\"replayable\":false,\"elapsed_ms\"");
        assert!(replay(&map(cut), &map(line("tar", "", 1))).is_empty());
    }

    #[test]
    fn a_name_may_change_its_own_findings_and_the_kind_of_text_and_nothing_else() {
        let finding = |id: &str| {
            format!(r#"{{"id":"{id}","node":0,"severity":"high","confidence":80,"evidence":{{"offset":0,"length":1}},"source":"engine"}}"#)
        };
        assert_eq!(renamed(&line("js", &finding("name.rtlo"), 1), &line("txt", "", 1)), None);
        assert!(renamed(&line("zip", "", 1), &line("unknown", "", 1)).is_some());
        assert!(renamed(&line("zip", &finding("zip.trailing"), 1), &line("zip", "", 1)).is_some());
        assert!(renamed("", &line("zip", "", 1)).is_some());
    }
}
