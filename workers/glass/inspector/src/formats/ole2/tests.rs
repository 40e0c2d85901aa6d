//! Compound files through the walk.

use airlock_proto::frame::{Frame, JobHeader};
use airlock_proto::{Gap, GapKind, Limits, Node};
use sha2::{Digest, Sha256};

use super::cfb::tests::build;
use crate::rules::RuleSet;
use crate::{Surroundings, inspect};

/// What a walk said; the rules see every node's bytes.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) nodes: Vec<Node>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) findings: Vec<(String, String)>,
}

impl Seen {
    /// A node that must be there.
    pub(crate) fn node(&self, name: &str, layer: &str) -> Text<'_> {
        let found = self.nodes.iter().find(|n| n.name == name && n.layer == layer);
        Text(
            self,
            found.unwrap_or_else(|| panic!("no node {name:?} {layer} in {:#?}", self.nodes)),
        )
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.findings.iter().any(|(have, _)| have == id)
    }

    /// The sentence of a finding that must be there.
    pub(crate) fn finding(&self, id: &str) -> &str {
        let found = self.findings.iter().find(|(have, _)| have == id);
        &found.unwrap_or_else(|| panic!("no finding {id} in {:?}", self.findings)).1
    }
}

/// A node that a test asks for its text.
pub(crate) struct Text<'s>(&'s Seen, &'s Node);

impl Text<'_> {
    /// True when the rule for this word hit exactly this node.
    pub(crate) fn contains(&self, word: &str) -> bool {
        let rule = format!("{word}@{}", self.1.index);
        self.0.findings.iter().any(|(id, _)| *id == rule)
    }

    pub(crate) fn format(&self) -> &str {
        &self.1.format
    }

    /// True when these are its bytes. A hit that the node above has as well is told once, so layers are compared.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)) == self.1.sha256
    }
}

/// Walks the bytes with rules for the words that these tests plant.
pub(crate) fn look(bytes: &[u8]) -> Seen {
    let words = ["Shell", "MARKER", "Grüße"];
    let sources: Vec<airlock_proto::frame::RuleSource> = words
        .iter()
        .enumerate()
        .map(|(n, word)| airlock_proto::frame::RuleSource {
            path: format!("r{n}.yar"),
            text: format!("rule r{n} {{ strings: $a = \"{word}\" condition: $a }}"),
            builtin: false,
        })
        .collect();
    let (rules, broken) = RuleSet::compile(&sources);
    assert!(broken.broken.is_empty(), "{broken:?}");
    let mut matcher = rules.matcher();
    let job = JobHeader {
        name: "x".into(),
        declared_type: None,
        content_encoding: vec![],
        passwords: vec![],
        limits: Limits::default(),
        input_cut_bytes: 0,
        sha256: None,
    };
    let mut seen = Seen::default();
    let mut emit = |frame: Frame| {
        match frame {
            Frame::Node(node) => seen.nodes.push(node),
            Frame::Gap { gap, .. } => seen.gaps.push(gap),
            Frame::Finding(f) => {
                let word = f.id.strip_prefix('r').and_then(|n| n.parse::<usize>().ok());
                match word.and_then(|n| words.get(n)) {
                    Some(word) => seen.findings.push((format!("{word}@{}", f.node), String::new())),
                    None => seen.findings.push((f.id, f.summary)),
                }
            }
            _ => {}
        }
        true
    };
    let around = Surroundings {
        job: &job,
        matcher: Some(&mut matcher),
        expired: &|| false,
        emit: &mut emit,
    };
    inspect(bytes, around);
    seen
}

#[test]
fn streams_are_members_and_the_label_tells_the_program() {
    let seen = look(&build(&[("Workbook", b"\x09\x08"), ("a/\u{1}b", b"MARKER")]));
    assert_eq!(seen.nodes[0].format, "xls");
    assert!(seen.node("a/\u{1}b", "raw").contains("MARKER"));
    assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
}

#[test]
fn what_follows_the_last_sector_is_a_member() {
    let mut file = build(&[("a", b"b")]);
    file.extend_from_slice(b"MARKER after the end");
    let seen = look(&file);
    assert!(seen.node("tail", "raw").contains("MARKER"));
    seen.finding("append.after_ole");
}

#[test]
fn an_encrypted_package_is_a_gap() {
    let seen = look(&build(&[("EncryptionInfo", b"\x04\0\x04\0"), ("EncryptedPackage", &[9; 5000])]));
    assert_eq!(seen.gaps[0].kind, GapKind::PasswordNeeded);
    assert_eq!(seen.gaps[0].bytes_unseen, Some(5000));
    seen.finding("enc.office");
}

#[test]
fn a_link_to_another_machine_is_told() {
    let mut link = b"\x01\0\0\x02\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    link.extend_from_slice(b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b");
    let url: Vec<u8> = "https://example.com/x.hta\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    link.extend_from_slice(&u32::try_from(url.len()).unwrap().to_le_bytes());
    link.extend(url);
    let seen = look(&build(&[("\u{1}Ole", &link)]));
    assert!(seen.finding("ole.moniker_remote").contains("https://example.com/x.hta"));
}

#[test]
fn an_archive_in_the_middle_of_a_stream_is_opened_and_no_polyglot() {
    let seen = look(&airlock_forge::ole::doc_with_theme(b"MARKER in a theme"));
    assert!(seen.nodes.iter().filter(|n| n.layer == "zip-carved").count() == 2);
    assert!(seen.nodes.iter().any(|n| n.name.ends_with("theme1.xml") && n.layer == "raw"));
    assert!(seen.findings.iter().any(|(id, _)| id.starts_with("MARKER@")));
    assert!(!seen.has("poly.multi_format"), "{:?}", seen.findings);
}

#[test]
fn a_theme_in_a_workbook_makes_no_polyglot_of_it() {
    let mut book = b"\x09\x08\x10\0\0\x06\x05\0".to_vec();
    book.extend([0; 12]);
    book.extend(airlock_forge::zip::simple(&[("theme1.xml", b"MARKER in a theme")]));
    book.extend(airlock_forge::noise(3, 5000));
    let seen = look(&build(&[("Workbook", &book)]));
    assert!(seen.nodes.iter().any(|n| n.layer == "zip-carved"));
    assert!(!seen.has("poly.multi_format"), "{:?}", seen.findings);
}
