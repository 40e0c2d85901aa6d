//! Classification: findings become points, points and combination rules become clean, suspicious or malicious.
//!
//! DETECTIONS 3.2 is the model: points per node, the best of a class in full and the others at a quarter, class caps;
//! the file scores what its best node scores, so that a large archive of small oddities does not add up to malware.
//! Then combination rules over the whole tree may raise the score to a threshold; nothing lowers it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use airlock_proto::{Class, Classification, Finding, Report};

use crate::combine;
use crate::reason::{MAX_REASONS, Reason, quoted};

/// Score from which a file is suspicious.
pub const SUSPICIOUS: u32 = 40;
/// Score from which a file is malicious.
pub const MALICIOUS: u32 = 85;
/// The highest score.
const CEILING: u32 = 100;

/// What the findings of a report amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The score against the thresholds [`SUSPICIOUS`] and [`MALICIOUS`].
    pub classification: Classification,
    /// 0 to 100: the points of the best node, or the threshold that a combination rule raised it to.
    pub score: u32,
    /// At most [`MAX_REASONS`], weightiest first; the same report gives the same list.
    pub reasons: Vec<Reason>,
    /// Per finding (its index in the report): the points that it adds to its node, after confidence, repetition and caps.
    /// The points of one node's findings sum to that node's points.
    pub points: Vec<(usize, u32)>,
}

/// Classifies a report; a pure function of its nodes and findings, notes and gaps play no part.
pub fn classify(report: &Report) -> Assessment {
    let points = points(&report.findings);
    let mut nodes: BTreeMap<u32, u32> = BTreeMap::new();
    for (finding, points) in report.findings.iter().zip(&points) {
        let sum = nodes.entry(finding.node).or_default();
        *sum = sum.saturating_add(*points);
    }
    let base = nodes.values().copied().max().unwrap_or(0).min(CEILING);
    let raised = combine::raised(report);
    let score = raised.iter().map(|r| threshold(r.to)).fold(base, u32::max);
    Assessment {
        classification: by_score(score),
        score,
        reasons: reasons(report, &points, raised),
        points: points.into_iter().enumerate().collect(),
    }
}

fn by_score(score: u32) -> Classification {
    if score >= MALICIOUS {
        Classification::Malicious
    } else if score >= SUSPICIOUS {
        Classification::Suspicious
    } else {
        Classification::Clean
    }
}

fn threshold(classification: Classification) -> u32 {
    match classification {
        Classification::Clean => 0,
        Classification::Suspicious => SUSPICIOUS,
        Classification::Malicious => MALICIOUS,
    }
}

/// The most that the findings of one class add to one node.
fn cap(class: Class) -> u32 {
    match class {
        Class::ActiveContent => 30,
        Class::Container => 35,
        Class::Phishing => 60,
        Class::Evasion => 70,
        Class::Signature | Class::Exploit | Class::ExecChain | Class::Policy | Class::Coverage => 100,
    }
}

/// Whole points, rounded down: severity times confidence.
fn base(finding: &Finding) -> u32 {
    finding
        .severity
        .points()
        .saturating_mul(u32::from(finding.confidence.min(100)))
        .div_euclid(100)
}

/// Points of each finding, in the order of the findings.
fn points(findings: &[Finding]) -> Vec<u32> {
    let mut groups: BTreeMap<(u32, Class), Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        groups.entry((finding.node, finding.class)).or_default().push(index);
    }
    let mut points = vec![0; findings.len()];
    for ((_, class), mut members) in groups {
        members.sort_by_key(|i| (Reverse(findings.get(*i).map_or(0, base)), *i));
        let mut room = cap(class);
        for (rank, index) in members.into_iter().enumerate() {
            let full = findings.get(index).map_or(0, base);
            let counted = if rank == 0 { full } else { full.div_euclid(4) }.min(room);
            room = room.saturating_sub(counted);
            if let Some(slot) = points.get_mut(index) {
                *slot = counted;
            }
        }
    }
    points
}

/// Combination rules first, then findings by weight; each id once.
fn reasons(report: &Report, points: &[u32], mut raised: Vec<combine::Raise>) -> Vec<Reason> {
    raised.sort_by_key(|r| Reverse(r.to));
    let mut found: Vec<(usize, &Finding)> = report
        .findings
        .iter()
        .enumerate()
        .filter(|(i, _)| points.get(*i).copied().unwrap_or(0) > 0)
        .collect();
    found.sort_by_key(|(i, f)| {
        (
            Reverse(base(f)),
            Reverse(points.get(*i).copied().unwrap_or(0)),
            Reverse(f.severity),
            f.node,
            f.id.as_str(),
            *i,
        )
    });
    let mut seen = BTreeSet::new();
    raised
        .into_iter()
        .map(|r| Reason::new(r.id, r.text))
        .chain(found.into_iter().map(|(_, f)| Reason::new(f.id.as_str(), sentence(report, f))))
        .filter(|r| seen.insert(r.id.clone()))
        .take(MAX_REASONS)
        .collect()
}

/// The finding's sentence, with the place when it is not the root.
fn sentence(report: &Report, finding: &Finding) -> String {
    let node = usize::try_from(finding.node).ok().and_then(|i| report.nodes.get(i));
    match node.filter(|n| n.parent.is_some() && !n.name.is_empty()) {
        Some(node) => format!("{} (in {})", finding.summary, quoted(&node.name)),
        None => finding.summary.clone(),
    }
}
