//! One line of `airlock scan --json`, read as far as the judges need it.

use serde_json::Value;

/// The result of one input.
pub struct Report(Value);

/// A gap and the node it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Kind, as the contract has it.
    pub kind: String,
    /// The sentence.
    pub detail: String,
    /// Path of the node.
    pub path: String,
}

impl Report {
    /// Parses a line; anything that is not one JSON object is no report.
    pub fn parse(line: &str) -> Option<Report> {
        let value: Value = serde_json::from_str(line).ok()?;
        value.is_object().then_some(Report(value))
    }

    /// A top-level word (`classification`, `coverage`, `decision`, `format`), or an empty text.
    pub fn word(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A top-level number, or 0.
    pub fn number(&self, key: &str) -> u64 {
        self.0.get(key).and_then(Value::as_u64).unwrap_or_default()
    }

    /// Why the input was not had, if it was not.
    pub fn error(&self) -> Option<String> {
        let error = self.0.get("error")?;
        Some(format!("{}: {}", text(error, "kind"), text(error, "text")))
    }

    /// The nodes as JSON.
    pub fn nodes(&self) -> &[Value] {
        array(&self.0, "nodes")
    }

    /// The findings as JSON.
    pub fn findings(&self) -> &[Value] {
        array(&self.0, "findings")
    }

    /// Whether all rules were tried on the root.
    pub fn rules_finished(&self) -> bool {
        let cut = |gap: &Value| ["rule_timeout", "time", "memory", "child_died"].contains(&text(gap, "kind"));
        self.nodes().first().is_some_and(|root| !array(root, "gaps").iter().any(cut))
    }

    /// The rules that hit the root as it is.
    pub fn rules_of_root(&self) -> Vec<String> {
        let of_root = self.findings().iter().filter(|f| f.get("node").and_then(Value::as_u64) == Some(0));
        let rule = |f: &Value| text(f, "source").strip_prefix("rule:")?.split('@').next().map(str::to_owned);
        of_root.filter_map(rule).collect()
    }

    /// True unless the wall clock cut the scan.
    pub fn replayable(&self) -> bool {
        self.0.get("replayable").and_then(Value::as_bool).unwrap_or(true)
    }

    /// Whether a node has this SHA-256.
    pub fn has_sha256(&self, hash: &str) -> bool {
        self.nodes().iter().any(|n| text(n, "sha256") == hash)
    }

    /// All gaps in the order of the nodes.
    pub fn gaps(&self) -> Vec<Gap> {
        let of = |node: &Value| -> Vec<Gap> {
            let gap = |gap: &Value| Gap {
                kind: text(gap, "kind").to_owned(),
                detail: text(gap, "detail").to_owned(),
                path: text(node, "path").to_owned(),
            };
            array(node, "gaps").iter().map(gap).collect()
        };
        self.nodes().iter().flat_map(of).collect()
    }

    /// Whether a finding has this id, or an id that starts with it when it ends in a dot.
    pub fn found(&self, id: &str) -> bool {
        self.findings()
            .iter()
            .map(|f| text(f, "id"))
            .any(|got| got == id || (id.ends_with('.') && got.starts_with(id)))
    }

    /// The first reason, the heaviest finding or the first gap: what a person wants to know first.
    pub fn why(&self) -> String {
        // The first reason repeats the decision; the next one says what was seen.
        let reasons = array(&self.0, "reasons");
        if let Some(reason) = reasons.get(1).or(reasons.first()) {
            return text(reason, "text").to_owned();
        }
        self.gaps().first().map(|gap| gap.detail.clone()).unwrap_or_default()
    }

    /// Ids of findings of medium severity and more, and kinds of gaps.
    pub fn alarms(&self) -> String {
        let loud = |f: &&Value| matches!(text(f, "severity"), "medium" | "high" | "critical");
        let ids = self.findings().iter().filter(loud).map(|f| text(f, "id").to_owned());
        let gaps = self.gaps().into_iter().map(|gap| format!("gap {}: {}", gap.kind, gap.detail));
        ids.chain(gaps).collect::<Vec<_>>().join("; ")
    }
}

/// A text below a JSON object, or an empty one.
pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list below a JSON object, or an empty one.
pub fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
