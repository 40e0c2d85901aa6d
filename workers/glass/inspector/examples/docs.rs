//! Prints the generated documents: `docs formats` is `FORMATS.md`, `docs findings` is `FINDINGS.md`.
#![allow(clippy::disallowed_methods)]

use airlock_inspector::{catalogue, formats::FORMATS, labels};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("formats") => formats(),
        Some("findings") => findings(),
        _ => {
            eprintln!("usage: docs formats|findings");
            std::process::exit(2);
        }
    }
}

fn formats() {
    println!("# Formats\n\nGenerated from the registry by `make docs`; do not edit.\n\n## Opened\n");
    println!("| format | what | specification | comes out | ends as a gap |\n|---|---|---|---|---|");
    for format in FORMATS {
        let doc = format.doc();
        println!(
            "| `{}` | {} | {} | {} | {} |",
            format.name(),
            doc.title,
            doc.spec,
            doc.yields,
            doc.limitations
        );
    }
    println!("\n## Recognised\n\nA container among these is a gap of kind `unsupported`; the others hold no files of their own.\n");
    println!("| format | what | container |\n|---|---|---|");
    for label in labels::all() {
        println!(
            "| `{}` | {} | {} |",
            label.name,
            label.title,
            if label.container { "yes: a gap" } else { "no" }
        );
    }
}

fn findings() {
    println!(
        "# Findings\n\nGenerated from the catalogue by `make docs`; do not edit. Severities and confidences are defaults: where a row says that"
    );
    println!("something depends, the finding carries its own. Rules add findings of their own names (`rules/`).\n");
    println!("| id | what it says | class | severity | confidence | ATT&CK | source |\n|---|---|---|---|---|---|---|");
    for entry in catalogue::all() {
        let class = serde_json::to_value(entry.class)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        let severity = serde_json::to_value(entry.severity)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        println!(
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            entry.id,
            entry.summary,
            class,
            severity,
            entry.confidence,
            entry.attack.join(", "),
            entry.spec
        );
    }
}
