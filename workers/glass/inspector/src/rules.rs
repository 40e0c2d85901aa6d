//! The rules: YARA-X on every raw and decoded node, with a timeout; metadata gives a hit its weight.
//!
//! Sources are compiled file by file: a broken file is skipped and named, never the whole pack.

use std::collections::HashMap;
use std::time::Duration;

use airlock_proto::frame::{BrokenRule, Ready, RuleSource};
use airlock_proto::limits::MAX_EXCERPT_BYTES;
use airlock_proto::{Class, Evidence, Finding, Gap, GapKind, Limits, Severity, text};
use yara_x::{Compiler, MetaValue, Rules, Scanner, SourceCode};

use crate::labels;
use crate::reader::{len64, size};

/// A compiled pack.
pub struct RuleSet {
    rules: Rules,
    info: HashMap<(String, String), Info>,
}

/// What the metadata of one rule says.
#[derive(Debug, Clone)]
struct Info {
    id: String,
    version: i64,
    severity: Severity,
    confidence: u8,
    class: Class,
    summary: String,
    attack: Vec<String>,
    shadow: bool,
    decoded_only: bool,
    formats: Vec<String>,
}

/// A rule that matched a node of a format and layer it is meant for.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Name of the rule.
    pub name: String,
    /// True when it may only be noted.
    pub shadow: bool,
    info: Info,
    offset: u64,
    length: u64,
    excerpt: String,
}

impl Hit {
    /// The finding that the hit means on a node.
    pub fn finding(&self, node: u32, layer: &str) -> Finding {
        Finding {
            id: text::cut(&self.info.id, 128),
            node,
            severity: self.info.severity,
            confidence: self.info.confidence,
            class: self.info.class,
            summary: self.info.summary.clone(),
            attack: self.info.attack.clone(),
            evidence: Evidence {
                path: String::new(),
                layer: layer.to_owned(),
                offset: self.offset,
                length: self.length,
                excerpt: self.excerpt.clone(),
            },
            source: format!("rule:{}@{}", text::cut(&self.name, 128), self.info.version),
        }
    }
}

impl RuleSet {
    /// Compiles the sources (trusted input); broken files are skipped and named.
    pub fn compile(sources: &[RuleSource]) -> (RuleSet, Ready) {
        let mut broken = Vec::new();
        let mut whole = compiler();
        let mut builtin = HashMap::new();
        for source in sources {
            if let Err(fault) = check(source) {
                broken.push(fault);
                continue;
            }
            whole.new_namespace(&source.path);
            // It compiled alone a moment ago; should it fail here it is named all the same.
            if let Err(error) = whole.add_source(code(source)) {
                broken.push(fault_of(&source.path, &error));
            }
            builtin.insert(source.path.clone(), source.builtin);
        }
        let rules = whole.build();
        let mut info = HashMap::new();
        for rule in rules.iter() {
            let own = builtin.get(rule.namespace()).copied().unwrap_or_default();
            info.insert((rule.namespace().to_owned(), rule.identifier().to_owned()), read_meta(&rule, own));
        }
        let count = u32::try_from(info.len()).unwrap_or(u32::MAX);
        (RuleSet { rules, info }, Ready { rules: count, broken })
    }

    /// A scanner over the pack. It has no timeout until [`Matcher::arm`].
    pub fn matcher(&self) -> Matcher<'_> {
        let mut scanner = Scanner::new(&self.rules);
        scanner.max_matches_per_pattern(100_000);
        Matcher {
            set: self,
            scanner,
            armed: false,
        }
    }
}

/// Compiles one file alone.
///
/// # Errors
/// Where and why it does not compile.
pub fn check(source: &RuleSource) -> Result<(), BrokenRule> {
    compiler()
        .add_source(code(source))
        .map(|_| ())
        .map_err(|error| fault_of(&source.path, &error))
}

fn compiler() -> Compiler<'static> {
    let mut compiler = Compiler::new();
    compiler.enable_includes(false);
    compiler
}

fn code(source: &RuleSource) -> SourceCode<'_> {
    SourceCode::from(source.text.as_str()).with_origin(&source.path)
}

fn fault_of(path: &str, error: &yara_x::errors::CompileError) -> BrokenRule {
    let line = serde_json::to_value(error)
        .ok()
        .and_then(|v| v.get("line").and_then(serde_json::Value::as_u64))
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or_default();
    BrokenRule {
        path: path.to_owned(),
        line,
        message: text::cut(error.title(), 300),
    }
}

fn read_meta(rule: &yara_x::Rule<'_, '_>, builtin: bool) -> Info {
    let mut words: HashMap<&str, String> = HashMap::new();
    let mut confidence = None;
    let mut version = 1;
    for (key, value) in rule.metadata() {
        match value {
            MetaValue::String(s) => drop(words.insert(key, s.to_owned())),
            MetaValue::Integer(n) if key == "confidence" => confidence = u8::try_from(n).ok(),
            MetaValue::Integer(n) if key == "version" => version = n,
            _ => {}
        }
    }
    let list = |key: &str| -> Vec<String> {
        words
            .get(key)
            .map(|s| s.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect())
            .unwrap_or_default()
    };
    let formats = list("formats");
    let status = words.get("status").map_or("active", String::as_str);
    Info {
        id: words.get("finding").cloned().unwrap_or_else(|| rule.identifier().to_owned()),
        version,
        severity: words.get("severity").and_then(|w| Severity::parse(w)).unwrap_or(Severity::High),
        confidence: confidence.unwrap_or(80).min(100),
        class: words
            .get("category")
            .and_then(|w| Class::parse(w))
            .unwrap_or(if builtin { Class::Policy } else { Class::Signature }),
        summary: text::cut(
            &text::escape(
                words
                    .get("description")
                    .map_or_else(|| format!("Rule {} matches.", rule.identifier()), Clone::clone)
                    .as_str(),
            ),
            400,
        ),
        attack: list("attack"),
        shadow: status != "active",
        decoded_only: words.get("scope").is_some_and(|s| s == "decoded"),
        formats: if formats.is_empty() { vec!["any".to_owned()] } else { formats },
    }
}

/// A scanner over one pack.
pub struct Matcher<'r> {
    set: &'r RuleSet,
    scanner: Scanner<'r>,
    armed: bool,
}

impl Matcher<'_> {
    /// Pays the first-use costs with a tiny scan; starts no thread, so a zygote may call it before it forks.
    pub fn warm(&mut self) {
        let _ = self.scanner.scan(b"warm");
    }

    /// Turns timeouts on. It starts the engine's heartbeat thread: only a forked child may call it, never the zygote.
    pub fn arm(&mut self) {
        self.armed = true;
        self.scanner.set_timeout(Duration::from_secs(5));
        let _ = self.scanner.scan(b"warm");
    }

    /// Matches all rules against one node and hands on the hits that are meant for such a node.
    ///
    /// # Errors
    /// A gap when the rules did not finish in their time.
    pub fn scan(&mut self, bytes: &[u8], format: &str, layer: &str, limits: &Limits, out: &mut dyn FnMut(Hit)) -> Result<(), Gap> {
        if self.armed {
            let more = len64(bytes.len()).checked_div(10 * 1024 * 1024).unwrap_or_default();
            self.scanner
                .set_timeout(Duration::from_secs(limits.rule_timeout_s.saturating_add(more).max(2)));
        }
        let results = self.scanner.scan(bytes).map_err(|error| {
            Gap::new(GapKind::RuleTimeout, format!("the rules did not finish on this node: {error}")).bytes(len64(bytes.len()))
        })?;
        for rule in results.matching_rules() {
            let key = (rule.namespace().to_owned(), rule.identifier().to_owned());
            let Some(info) = self.set.info.get(&key) else { continue };
            let wanted = !(info.decoded_only && layer == "raw") && info.formats.iter().any(|word| labels::covers(word, format));
            if !wanted {
                continue;
            }
            let first = rule.patterns().flat_map(|p| p.matches()).map(|m| m.range()).min_by_key(|r| r.start);
            let range = first.unwrap_or(0..0);
            let end = range.end.min(range.start.saturating_add(size(MAX_EXCERPT_BYTES)));
            out(Hit {
                name: rule.identifier().to_owned(),
                shadow: info.shadow,
                info: info.clone(),
                offset: len64(range.start),
                length: len64(range.end.saturating_sub(range.start)),
                excerpt: text::escape_bytes(bytes.get(range.start..end).unwrap_or_default()),
            });
        }
        Ok(())
    }
}
