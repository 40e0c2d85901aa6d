//! What the walk says: gaps, findings and nodes as frames, each once, cut and escaped, until the report is full.

use airlock_proto::frame::Frame;
use airlock_proto::{Evidence, Finding, Gap, GapKind, text};

use crate::catalogue;
use crate::found::Found;
use crate::walk::Walk;

impl Walk<'_> {
    /// Records a gap once per node and kind, for limits that would repeat.
    pub(crate) fn gap_once(&mut self, node: u32, gap: Gap) {
        if self.once.insert((node, gap.kind)) {
            if gap.kind == GapKind::TooDeep {
                self.finding(node, Found::new("nest.depth"));
            }
            self.gap(node, gap);
        }
    }

    /// Records a gap.
    pub(crate) fn gap(&mut self, node: u32, mut gap: Gap) {
        gap.detail = text::cut(&text::visible(&gap.detail), 500);
        self.send(Frame::Gap { node, gap });
    }

    /// Records a finding with the catalogue's weight and words.
    pub(crate) fn finding(&mut self, node: u32, found: Found) {
        let Some(entry) = catalogue::find(found.id) else { return };
        self.tell(Finding {
            id: found.id.to_owned(),
            node,
            severity: found.severity.unwrap_or(entry.severity),
            confidence: found.confidence.unwrap_or(entry.confidence).min(100),
            class: found.class.unwrap_or(entry.class),
            summary: text::cut(&text::visible(found.summary.as_deref().unwrap_or(entry.summary)), 600),
            attack: entry.attack.iter().map(|&id| id.to_owned()).collect(),
            evidence: Evidence {
                path: String::new(),
                layer: String::new(),
                offset: found.offset,
                length: found.length,
                excerpt: text::cut(&found.excerpt, 1200),
            },
            source: "engine".to_owned(),
        });
    }

    pub(crate) fn tell(&mut self, finding: Finding) {
        if self.is_said(&finding) {
            return;
        }
        if self.findings < self.job.limits.max_findings {
            self.findings = self.findings.saturating_add(1);
            self.send(Frame::Finding(finding));
        } else {
            // What is not listed does not count, and might have been the worst: the report says that it is not whole.
            let limit = self.job.limits.max_findings;
            self.gap_once(
                0,
                Gap::new(GapKind::TooMany, format!("more than {limit} findings: further ones are not listed")),
            );
        }
    }

    /// True when the node above, of which this one is a decoding, showed the very same thing. Remembers it otherwise.
    fn is_said(&mut self, finding: &Finding) -> bool {
        let key = (finding.id.clone(), finding.evidence.excerpt.clone());
        let Some(place) = self.told.iter().rposition(|told| told.node == finding.node) else {
            return false;
        };
        let mut above = self.told.get(..=place).unwrap_or_default().iter().rev();
        let mut decoded = above.next().is_some_and(|told| !told.raw);
        while decoded {
            let Some(told) = above.next() else { break };
            if told.said.contains(&key) {
                return true;
            }
            decoded = !told.raw;
        }
        if let Some(told) = self.told.get_mut(place) {
            told.said.insert(key);
        }
        false
    }

    pub(crate) fn send(&mut self, frame: Frame) {
        if !self.full && !(self.emit)(frame) {
            self.full = true;
            let gap = Gap::new(GapKind::TooMany, "the report is full: what follows is not listed");
            (self.emit)(Frame::Gap { node: 0, gap });
        }
    }
}
