//! What the tests share: facts, definitions and reports written as short text.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use airlock_policy::{Definition, Facts, GapClasses, Route, Sandbox};
use airlock_proto::{Class, Classification, Coverage, Delivery, Evidence, FetchOutcome, Finding, Gap, GapKind, Node, Report, Severity};

/// Facts from words; without any: a listed, clean, complete download of inbound mail, the sandbox not asked.
pub fn facts(words: &str) -> Facts {
    let mut f = Facts {
        fetch: FetchOutcome::Downloaded,
        deadline_passed: false,
        delivery: Delivery::Download,
        listed: true,
        classification: Some(Classification::Clean),
        gaps: GapClasses::default(),
        coverage: Coverage::Complete,
        sandbox: Sandbox::NotAsked,
        route: Route::Inbound,
        findings: vec![],
        unseen: vec![],
    };
    for word in words.split_whitespace() {
        match word {
            "refused" => f.fetch = FetchOutcome::Refused,
            "unreachable" => f.fetch = FetchOutcome::Unreachable,
            "timed_out" => f.fetch = FetchOutcome::TimedOut,
            "late" => f.deadline_passed = true,
            "page" => f.delivery = Delivery::Page,
            "unlisted" => f.listed = false,
            "clean" => {}
            "suspicious" => f.classification = Some(Classification::Suspicious),
            "malicious" => f.classification = Some(Classification::Malicious),
            "unscanned" => f.classification = None,
            "password" => f.gaps.password = true,
            "limit" => f.gaps.limit = true,
            "damaged" => f.gaps.damaged = true,
            "unsupported" => f.gaps.unsupported = true,
            "coverage:none" => f.coverage = Coverage::None,
            "sb:clean" => f.sandbox = Sandbox::Clean,
            "sb:suspicious" => f.sandbox = Sandbox::Suspicious,
            "sb:malicious" => f.sandbox = Sandbox::Malicious,
            "sb:silent" => f.sandbox = Sandbox::Inconclusive,
            "journal" => f.route = Route::Journal,
            "outbound" => f.route = Route::Outbound,
            _ => panic!("unknown fact {word}"),
        }
    }
    if f.gaps.any() && f.coverage == Coverage::Complete {
        f.coverage = Coverage::Partial;
    }
    f
}

/// A definition from `key=value` words; what is not named has the default.
pub fn definition(words: &str) -> Definition {
    let toml: String = words
        .split_whitespace()
        .map(|word| {
            let (key, value) = word.split_once('=').expect("key=value");
            if value == "true" || value == "false" {
                format!("{key} = {value}\n")
            } else {
                format!("{key} = \"{value}\"\n")
            }
        })
        .collect();
    Definition::from_toml(&toml).unwrap_or_else(|e| panic!("{words}: {e}"))
}

/// A report from lines `DEPTH FORMAT[/LAYER] NAME ID*`, where DEPTH is a row of dots and ID is
/// `catalogue.id:SEVERITY:CONFIDENCE:CLASS`, severity by its first letter.
pub fn report(tree: &str) -> Report {
    let mut report = Report {
        nodes: vec![],
        findings: vec![],
        coverage: Coverage::Complete,
        notes: vec![],
        replayable: true,
    };
    let mut line_of: Vec<u32> = vec![];
    for line in tree.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let depth = line.chars().take_while(|c| *c == '.').count();
        let mut words = line.trim_start_matches('.').split_whitespace();
        let what = words.next().expect("format");
        let (format, layer) = what.split_once('/').unwrap_or((what, "raw"));
        let index = u32::try_from(report.nodes.len()).unwrap();
        line_of.truncate(depth);
        report.nodes.push(Node {
            index,
            parent: line_of.last().copied(),
            name: words.next().expect("name").to_owned(),
            path: String::new(),
            format: format.to_owned(),
            layer: layer.to_owned(),
            size: 1,
            sha256: String::new(),
            gaps: vec![],
        });
        line_of.push(index);
        for word in words {
            match word.strip_prefix("gap:") {
                Some(kind) => {
                    let kind: GapKind = match kind {
                        "password" => GapKind::PasswordNeeded,
                        "truncated" => GapKind::Truncated,
                        "unsupported" => GapKind::Unsupported,
                        "time" => GapKind::Time,
                        _ => panic!("unknown gap {kind}"),
                    };
                    report.nodes.last_mut().unwrap().gaps.push(Gap::new(kind, "a gap"));
                    report.coverage = Coverage::Partial;
                }
                None => report.findings.push(finding(word, index)),
            }
        }
    }
    report
}

/// One finding from `id:SEVERITY:CONFIDENCE:CLASS[:EXCERPT]`.
pub fn finding(word: &str, node: u32) -> Finding {
    let parts: Vec<&str> = word.splitn(5, ':').collect();
    let severity = match parts[1] {
        "i" => Severity::Info,
        "l" => Severity::Low,
        "m" => Severity::Medium,
        "h" => Severity::High,
        "c" => Severity::Critical,
        other => panic!("unknown severity {other}"),
    };
    Finding {
        id: parts[0].to_owned(),
        node,
        severity,
        confidence: parts[2].parse().unwrap(),
        class: Class::parse(parts[3]).unwrap_or_else(|| panic!("unknown class {}", parts[3])),
        summary: format!("Here is {}.", parts[0]),
        attack: vec![],
        evidence: Evidence {
            excerpt: parts.get(4).copied().unwrap_or_default().to_owned(),
            ..Evidence::default()
        },
        source: "engine".to_owned(),
    }
}
