//! The report of one scan: a flat tree of nodes, what was found on them, and what was not seen.

use serde::{Deserialize, Serialize};

/// Which bytes of a node are meant: as they came out of their parent, or decoded from it (`vba`, `base64`, `pdf-stream`, …).
///
/// `raw` is the layer of files and archive members; every other word names a decoding.
pub type Layer = String;

/// One artifact of the tree: the root, a member of a container, or a decoded layer of another node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Place in [`Report::nodes`]; parents come before their children.
    pub index: u32,
    /// Index of the parent; `None` for the root.
    pub parent: Option<u32>,
    /// Name as its container gives it (hostile text, at most 1,024 bytes; cut with `…`).
    pub name: String,
    /// Names from the root to here, joined with ` ▸ ` (filled in by the host).
    #[serde(default)]
    pub path: String,
    /// Name of the format that the content has (`FORMATS.md`), never of what the name claims.
    pub format: String,
    /// `raw`, or the decoding that made these bytes.
    pub layer: Layer,
    /// Length in bytes of what was kept and looked at.
    pub size: u64,
    /// Lowercase hexadecimal SHA-256 of those bytes.
    pub sha256: String,
    /// What of this node was not seen; empty when it was seen whole.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

/// Something of a node that the scan did not see: what, why, and how many bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// One plain sentence that names the part and the reason.
    pub detail: String,
    /// How many bytes were not seen; `None` where that cannot be known.
    pub bytes_unseen: Option<u64>,
}

impl Gap {
    /// A gap whose size cannot be known.
    pub fn new(kind: GapKind, detail: impl Into<String>) -> Self {
        Gap {
            kind,
            detail: detail.into(),
            bytes_unseen: None,
        }
    }

    /// The same gap with the number of bytes that were not seen.
    #[must_use]
    pub fn bytes(mut self, unseen: u64) -> Self {
        self.bytes_unseen = Some(unseen);
        self
    }
}

/// Why something was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// A limit on bytes or findings was reached.
    OverBudget,
    /// Nested deeper than the limit.
    TooDeep,
    /// More members or nodes than the limit.
    TooMany,
    /// Encrypted, and no password that we have opens it.
    PasswordNeeded,
    /// The structure contradicts its specification so that bytes could not be decoded.
    Malformed,
    /// The structure ends before its declared end.
    Truncated,
    /// A format or feature that is recognised and not opened.
    Unsupported,
    /// The rules did not finish on this node.
    RuleTimeout,
    /// The wall clock ended the scan.
    Time,
    /// The memory cap was reached.
    Memory,
    /// The child that looked at it died, and no cap explains it.
    ChildDied,
}

/// How much of the tree was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coverage {
    /// No node has a gap.
    Complete,
    /// At least one node has a gap.
    Partial,
    /// The rules did not finish on the raw root.
    None,
}

/// What the scan makes of the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classification {
    /// Nothing found that reaches a threshold.
    Clean,
    /// 40 points or more.
    Suspicious,
    /// 85 points or more, or a combination rule says so.
    Malicious,
}

/// How much damage a finding means if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A fact without weight.
    Info,
    /// 5 points.
    Low,
    /// 20 points.
    Medium,
    /// 50 points.
    High,
    /// 100 points.
    Critical,
}

impl Severity {
    /// Base points before confidence is applied (0 to 100).
    pub fn points(self) -> u32 {
        match self {
            Severity::Info => 0,
            Severity::Low => 5,
            Severity::Medium => 20,
            Severity::High => 50,
            Severity::Critical => 100,
        }
    }

    /// Parses the lowercase word of the rule metadata.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "info" => Severity::Info,
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            _ => return None,
        })
    }
}

/// The kind of thing that a finding says; points are capped per class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A known bad thing, recognised as such.
    Signature,
    /// A flaw of a program being used.
    Exploit,
    /// A chain from opening the file to running code.
    ExecChain,
    /// Hiding from people or from scanners.
    Evasion,
    /// Content that can act (scripts, macros, actions).
    ActiveContent,
    /// Asking people for what they should not give.
    Phishing,
    /// Lies and oddities of containers.
    Container,
    /// Something that a site may not want, harmful or not.
    Policy,
    /// What was not seen.
    Coverage,
}

impl Class {
    /// Parses the rule metadata's `category`; `allow` and `info` weigh nothing and become `policy`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "signature" => Class::Signature,
            "exploit" => Class::Exploit,
            "exec-chain" => Class::ExecChain,
            "evasion" => Class::Evasion,
            "active-content" => Class::ActiveContent,
            "phishing" => Class::Phishing,
            "container" => Class::Container,
            "policy" | "allow" | "info" => Class::Policy,
            "coverage" => Class::Coverage,
            _ => return None,
        })
    }
}

/// One thing that was found, with the evidence that a person can check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name (`FINDINGS.md`), or the name of a rule.
    pub id: String,
    /// The node it was found on.
    pub node: u32,
    /// Damage if true.
    pub severity: Severity,
    /// Probability that it is true, in per cent (0 to 100).
    pub confidence: u8,
    /// Kind.
    pub class: Class,
    /// One plain sentence.
    pub summary: String,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// Where, and what stands there.
    pub evidence: Evidence,
    /// `engine`, or `rule:NAME@VERSION`.
    pub source: Source,
}

/// `engine`, or `rule:NAME@VERSION`.
pub type Source = String;

/// Where a finding was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Path of the node (filled in by the host).
    #[serde(default)]
    pub path: String,
    /// Layer of the node.
    #[serde(default)]
    pub layer: Layer,
    /// Offset in bytes into the node.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
    /// At most 256 bytes of what stands there, escaped to printable text.
    pub excerpt: String,
}

/// Everything that one scan says about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Parents before children; the first is the root.
    pub nodes: Vec<Node>,
    /// In the order of the walk.
    pub findings: Vec<Finding>,
    /// Whether all of it was seen.
    pub coverage: Coverage,
    /// What changes nothing: shadow hits, a skipped rule file.
    pub notes: Vec<String>,
    /// False when the wall clock cut the scan, so that it cannot be replayed.
    pub replayable: bool,
}
