//! The result of one input as a tree that a person reads: what it is, what was found under it, what was not seen, and what follows.

use std::fmt::Write as _;

use airlock_policy::{Assessment, Decision, DecisionWord};
use airlock_proto::text::{cut, escape, visible};
use airlock_proto::{Classification, Coverage, Finding, Node, Report};

use crate::paint::{self, BOLD, DIM, GREEN, OFF, RED, YELLOW};
use crate::subject::NotHad;

/// The whole text for a scanned input.
pub fn scanned(input: &str, report: &Report, assessment: &Assessment, decision: &Decision, elapsed_ms: u64) -> String {
    let mut out = String::new();
    let shape = Shape::of(report);
    let _ = writeln!(out, "{BOLD}{}{OFF}", escape(input));
    if !report.nodes.is_empty() {
        shape.node(report, 0, "", "", &mut out);
    }
    verdict(report, assessment, decision, elapsed_ms, &mut out);
    out
}

/// The text for an input that was not had.
pub fn not_had(input: &str, why: &NotHad) -> String {
    format!("{BOLD}{}{OFF}\n  {RED}not scanned{OFF}: {}\n", escape(input), visible(&why.text))
}

struct Shape<'a> {
    children: Vec<Vec<usize>>,
    findings: Vec<Vec<&'a Finding>>,
}

impl<'a> Shape<'a> {
    fn of(report: &'a Report) -> Self {
        let mut shape = Shape {
            children: vec![Vec::new(); report.nodes.len()],
            findings: vec![Vec::new(); report.nodes.len()],
        };
        for (index, node) in report.nodes.iter().enumerate() {
            if let Some(list) = node.parent.and_then(|p| shape.children.get_mut(p as usize)) {
                list.push(index);
            }
        }
        for finding in &report.findings {
            if let Some(list) = shape.findings.get_mut(finding.node as usize) {
                list.push(finding);
            }
        }
        shape
    }

    /// Plain clean members beyond this many under one parent are counted, not listed.
    const QUIET: usize = 40;

    fn node(&self, report: &Report, index: usize, lead: &str, below: &str, out: &mut String) {
        let Some(node) = report.nodes.get(index) else { return };
        let _ = writeln!(out, "{lead}{}", headline(node));
        for finding in self.findings.get(index).into_iter().flatten() {
            tell(finding, below, out);
        }
        for gap in &node.gaps {
            let size = gap.bytes_unseen.map(|n| format!(", {} unseen", paint::size(n))).unwrap_or_default();
            let _ = writeln!(
                out,
                "{below}  {YELLOW}not seen{OFF} {} {DIM}({:?}{size}){OFF}",
                visible(&gap.detail),
                gap.kind
            );
        }
        let Some(children) = self.children.get(index) else { return };
        let mut shown = Vec::new();
        let mut quiet = 0_usize;
        for &child in children {
            if shown.len() < Self::QUIET || !self.is_quiet(report, child) {
                shown.push(child)
            } else {
                quiet += 1
            }
        }
        for (place, &child) in shown.iter().enumerate() {
            let last = place + 1 == shown.len() && quiet == 0;
            let (branch, under) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(report, child, &format!("{below}{branch}"), &format!("{below}{under}"), out);
        }
        if quiet > 0 {
            let _ = writeln!(out, "{below}└─ {DIM}and {quiet} more without findings{OFF}");
        }
    }

    fn is_quiet(&self, report: &Report, index: usize) -> bool {
        let alone = self.findings.get(index).is_none_or(Vec::is_empty) && report.nodes.get(index).is_none_or(|n| n.gaps.is_empty());
        alone
            && self
                .children
                .get(index)
                .is_none_or(|list| list.iter().all(|&c| self.is_quiet(report, c)))
    }
}

fn headline(node: &Node) -> String {
    let layer = if node.layer == "raw" {
        String::new()
    } else {
        format!(" {DIM}[{}]{OFF}", escape(&node.layer))
    };
    let name = if node.name.is_empty() {
        "(no name)".to_owned()
    } else {
        escape(&node.name)
    };
    format!(
        "{}{layer}  {DIM}{}, {}{OFF}",
        cut(&name, 200),
        escape(&node.format),
        paint::size(node.size)
    )
}

fn tell(finding: &Finding, below: &str, out: &mut String) {
    let colour = paint::severity(finding.severity);
    let _ = writeln!(
        out,
        "{below}  {colour}{}{OFF} {} {DIM}{} {}%{OFF}",
        paint::word(finding.severity),
        visible(&finding.summary),
        escape(&finding.id),
        finding.confidence
    );
    let evidence = &finding.evidence;
    if !evidence.excerpt.is_empty() {
        // The excerpt was escaped where it was cut out.
        let _ = writeln!(
            out,
            "{below}    {DIM}at {}+{}: {}{OFF}",
            evidence.offset,
            evidence.length,
            cut(&evidence.excerpt, 160)
        );
    }
}

fn verdict(report: &Report, assessment: &Assessment, decision: &Decision, elapsed_ms: u64, out: &mut String) {
    let (colour, class) = match assessment.classification {
        Classification::Clean => (GREEN, "clean"),
        Classification::Suspicious => (YELLOW, "suspicious"),
        Classification::Malicious => (RED, "malicious"),
    };
    let coverage = match report.coverage {
        Coverage::Complete => "complete",
        Coverage::Partial => "partial",
        Coverage::None => "none",
    };
    let word = match decision.decision {
        DecisionWord::Release => "release",
        DecisionWord::Warn => "warn",
        DecisionWord::Block => "block",
    };
    let replay = if report.replayable { "" } else { ", cut by the clock" };
    let _ = writeln!(
        out,
        "{colour}{BOLD}{class}{OFF} ({} points), coverage {BOLD}{coverage}{OFF}, decision {BOLD}{word}{OFF} {DIM}in {elapsed_ms} ms{replay}{OFF}",
        assessment.score
    );
    for reason in &decision.reasons {
        let _ = writeln!(out, "  - {} {DIM}{}{OFF}", visible(&reason.text), escape(&reason.id));
    }
    for note in &report.notes {
        let _ = writeln!(out, "  {DIM}note: {}{OFF}", visible(note));
    }
}
