//! What a child has said so far, believed only as far as it can be checked: places, lengths, counts, and the root's digest.

use airlock_proto::frame::{Frame, JobHeader, decode};
use airlock_proto::limits::MAX_NAME_BYTES;
use airlock_proto::{Coverage, Finding, Gap, Node, Report, text};

use crate::SealedFile;

/// Longest path of a node in bytes; a longer one is cut.
const MAX_PATH_BYTES: usize = 2048;
/// Deepest nesting that any limit allows, layers included.
const MAX_DEPTH: u32 = 128;
/// Most notes of a report.
const MAX_NOTES: usize = 1000;

/// The report as it grows.
pub(crate) struct Ledger<'j> {
    header: &'j JobHeader,
    file: &'j SealedFile,
    nodes: Vec<Node>,
    depths: Vec<u32>,
    findings: Vec<Finding>,
    notes: Vec<String>,
    root_matched: bool,
    end: Option<End>,
}

#[derive(Clone, Copy)]
struct End {
    unpacked_bytes: u64,
    replayable: bool,
}

/// Something that no honest child says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lie(pub &'static str);

impl<'j> Ledger<'j> {
    pub fn new(header: &'j JobHeader, file: &'j SealedFile) -> Self {
        Ledger {
            header,
            file,
            nodes: Vec::new(),
            depths: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            root_matched: false,
            end: None,
        }
    }

    /// True once the child has said that it is done.
    pub fn ended(&self) -> bool {
        self.end.is_some()
    }

    /// Most bytes that all frames together may have.
    pub fn max_bytes(&self) -> usize {
        usize::try_from(self.header.limits.max_report_bytes).unwrap_or(usize::MAX)
    }

    /// How much was said, to choose between two tries.
    pub fn weight(&self) -> (bool, usize, usize) {
        (self.root_matched, self.nodes.len(), self.findings.len())
    }

    /// Takes the body of one frame.
    pub fn take(&mut self, body: &[u8]) -> Result<(), Lie> {
        if self.ended() {
            return Err(Lie("a frame after the end"));
        }
        match decode(body).ok_or(Lie("a frame that cannot be decoded"))? {
            Frame::Node(node) => self.node(node),
            Frame::RootMatched if self.nodes.is_empty() => Err(Lie("the root was matched before it was named")),
            Frame::RootMatched => {
                self.root_matched = true;
                Ok(())
            }
            Frame::Gap { node, gap } => self.gap(node, gap),
            Frame::Finding(finding) => self.finding(finding),
            Frame::Note(note) if self.notes.len() < MAX_NOTES && note.len() <= 1000 => {
                self.notes.push(note);
                Ok(())
            }
            Frame::Note(_) => Err(Lie("too many or too long notes")),
            Frame::End {
                unpacked_bytes,
                replayable,
            } => {
                if self.nodes.is_empty() {
                    return Err(Lie("an end without a root"));
                }
                self.end = Some(End {
                    unpacked_bytes,
                    replayable,
                });
                Ok(())
            }
        }
    }

    /// The report, with what went wrong as a gap of the root; and the unpacked bytes.
    pub fn close(mut self, gap: Option<Gap>) -> (Report, u64) {
        let end = self.end.unwrap_or(End {
            unpacked_bytes: 0,
            replayable: false,
        });
        let whole = self.end.is_some() && gap.is_none();
        if self.nodes.is_empty() {
            self.nodes.push(self.root("bin".to_owned()));
        }
        if let (Some(root), Some(gap)) = (self.nodes.first_mut(), gap) {
            root.gaps.push(gap);
        }
        for finding in &mut self.findings {
            if let Some(node) = self.nodes.get(place(finding.node)) {
                finding.evidence.path.clone_from(&node.path);
                finding.evidence.layer.clone_from(&node.layer);
            }
        }
        let coverage = if !self.root_matched {
            Coverage::None
        } else if self.nodes.iter().all(|node| node.gaps.is_empty()) {
            Coverage::Complete
        } else {
            Coverage::Partial
        };
        let report = Report {
            nodes: self.nodes,
            findings: self.findings,
            coverage,
            notes: self.notes,
            replayable: whole && end.replayable,
        };
        (report, end.unpacked_bytes)
    }

    fn node(&mut self, mut node: Node) -> Result<(), Lie> {
        if place(node.index) != self.nodes.len() {
            return Err(Lie("a node out of order"));
        }
        if node.index >= self.header.limits.max_nodes {
            return Err(Lie("more nodes than the limit"));
        }
        let words_fit = node.name.len() <= MAX_NAME_BYTES && is_word(&node.format) && is_word(&node.layer);
        if !words_fit || !node.gaps.is_empty() || !is_digest(&node.sha256) {
            return Err(Lie("a node with impossible fields"));
        }
        match node.parent {
            None if node.index == 0 => {
                if node.sha256 != self.file.sha256() || node.size != self.file.len() {
                    return Err(Lie("a root that is not the file"));
                }
                // Name, length and digest of the root are the host's own.
                node = self.root(node.format);
                self.depths.push(0);
            }
            Some(parent) if parent < node.index => {
                let above = self.nodes.get(place(parent)).map(|parent| parent.path.as_str()).unwrap_or_default();
                node.path = text::cut(&format!("{above} ▸ {}", node.name), MAX_PATH_BYTES);
                let depth = self.depths.get(place(parent)).copied().unwrap_or_default().saturating_add(1);
                if depth > MAX_DEPTH {
                    return Err(Lie("a node nested deeper than any limit"));
                }
                self.depths.push(depth);
            }
            _ => return Err(Lie("a node with an impossible parent")),
        }
        self.nodes.push(node);
        Ok(())
    }

    fn root(&self, format: String) -> Node {
        let name = text::cut(&self.header.name, MAX_NAME_BYTES);
        Node {
            index: 0,
            parent: None,
            path: name.clone(),
            name,
            format,
            layer: "raw".to_owned(),
            size: self.file.len(),
            sha256: self.file.sha256().to_owned(),
            gaps: Vec::new(),
        }
    }

    fn gap(&mut self, node: u32, gap: Gap) -> Result<(), Lie> {
        if gap.detail.len() > 1000 {
            return Err(Lie("a gap with too many words"));
        }
        let node = self.nodes.get_mut(place(node)).ok_or(Lie("a gap of no node"))?;
        node.gaps.push(gap);
        Ok(())
    }

    fn finding(&mut self, finding: Finding) -> Result<(), Lie> {
        if place(finding.node) >= self.nodes.len() {
            return Err(Lie("a finding on no node"));
        }
        if self.findings.len() >= place(self.header.limits.max_findings) {
            return Err(Lie("more findings than the limit"));
        }
        let fits = finding.id.len() <= 160
            && finding.confidence <= 100
            && finding.summary.len() <= 1000
            && finding.attack.len() <= 32
            && finding.attack.iter().all(|id| id.len() <= 64)
            && finding.evidence.excerpt.len() <= 4096
            && finding.source.len() <= 256;
        if !fits {
            return Err(Lie("a finding with impossible fields"));
        }
        self.findings.push(finding);
        Ok(())
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn is_word(word: &str) -> bool {
    (1..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_graphic())
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use airlock_proto::{GapKind, Limits};

    use super::*;

    fn header() -> JobHeader {
        JobHeader {
            name: "a.zip".into(),
            declared_type: None,
            content_encoding: vec![],
            passwords: vec![],
            limits: Limits::default(),
            input_cut_bytes: 0,
        }
    }

    fn node(index: u32, parent: Option<u32>, file: &SealedFile) -> Node {
        Node {
            index,
            parent,
            name: format!("n{index}"),
            path: "a lie".into(),
            format: "zip".into(),
            layer: "raw".into(),
            size: file.len(),
            sha256: file.sha256().to_owned(),
            gaps: vec![],
        }
    }

    fn say(ledger: &mut Ledger<'_>, frame: &Frame) -> Result<(), Lie> {
        ledger.take(&serde_json::to_vec(frame).unwrap())
    }

    #[test]
    fn an_honest_child_is_taken_and_its_paths_are_ours() {
        let (header, file) = (header(), SealedFile::from_bytes(b"x").unwrap());
        let mut ledger = Ledger::new(&header, &file);
        say(&mut ledger, &Frame::Node(node(0, None, &file))).unwrap();
        say(&mut ledger, &Frame::RootMatched).unwrap();
        say(&mut ledger, &Frame::Node(node(1, Some(0), &file))).unwrap();
        let end = Frame::End {
            unpacked_bytes: 7,
            replayable: true,
        };
        say(&mut ledger, &end).unwrap();
        assert_eq!(say(&mut ledger, &end), Err(Lie("a frame after the end")));
        let (report, unpacked) = ledger.close(None);
        assert_eq!(report.nodes[0].path, "a.zip");
        assert_eq!(report.nodes[1].path, "a.zip ▸ n1");
        assert_eq!((report.coverage, report.replayable, unpacked), (Coverage::Complete, true, 7));
    }

    #[test]
    fn impossible_trees_are_lies() {
        let (header, file) = (header(), SealedFile::from_bytes(b"x").unwrap());
        let other = SealedFile::from_bytes(b"y").unwrap();
        let root = Frame::Node(node(0, None, &file));
        let mut long = node(1, Some(0), &file);
        long.name = "x".repeat(MAX_NAME_BYTES + 1);
        let mut early = node(1, Some(0), &file);
        early.gaps.push(Gap::new(GapKind::Time, "x"));
        let cases: Vec<(&str, Vec<Frame>)> = vec![
            ("a second root", vec![root.clone(), Frame::Node(node(1, None, &file))]),
            ("its own parent", vec![root.clone(), Frame::Node(node(1, Some(1), &file))]),
            ("a later parent", vec![root.clone(), Frame::Node(node(1, Some(9), &file))]),
            ("a skipped index", vec![root.clone(), Frame::Node(node(2, Some(0), &file))]),
            ("another file", vec![Frame::Node(node(0, None, &other))]),
            ("a long name", vec![root.clone(), Frame::Node(long)]),
            ("gaps in a node", vec![root.clone(), Frame::Node(early)]),
            ("no root", vec![Frame::RootMatched]),
            (
                "a gap of no node",
                vec![Frame::Gap {
                    node: 0,
                    gap: Gap::new(GapKind::Time, "x"),
                }],
            ),
            (
                "an empty end",
                vec![Frame::End {
                    unpacked_bytes: 0,
                    replayable: true,
                }],
            ),
        ];
        for (what, frames) in cases {
            let mut ledger = Ledger::new(&header, &file);
            let results: Vec<_> = frames.iter().map(|frame| say(&mut ledger, frame)).collect();
            assert!(results.last().is_some_and(Result::is_err), "{what} was believed");
        }
    }

    #[test]
    fn a_child_that_said_nothing_leaves_a_root_that_nobody_looked_at() {
        let (header, file) = (header(), SealedFile::from_bytes(b"x").unwrap());
        let (report, _) = Ledger::new(&header, &file).close(Some(Gap::new(GapKind::ChildDied, "x")));
        assert_eq!(report.coverage, Coverage::None);
        assert_eq!(report.nodes[0].sha256, file.sha256());
        assert_eq!(report.nodes[0].gaps[0].kind, GapKind::ChildDied);
    }
}
