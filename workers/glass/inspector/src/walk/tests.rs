use super::*;

#[test]
fn findings_beyond_the_limit_are_a_gap() {
    let limits = airlock_proto::Limits {
        max_findings: 1,
        ..airlock_proto::Limits::default()
    };
    let job = JobHeader {
        name: "invoice.pdf.exe".into(),
        limits,
        ..JobHeader::default()
    };
    let mut frames = Vec::new();
    let mut emit = |f: Frame| {
        frames.push(f);
        true
    };
    inspect(
        b"MZ",
        Surroundings {
            job: &job,
            matcher: None,
            expired: &|| false,
            emit: &mut emit,
        },
    );
    assert_eq!(frames.iter().filter(|f| matches!(f, Frame::Finding(_))).count(), 1);
    assert!(
        frames
            .iter()
            .any(|f| matches!(f, Frame::Gap { gap, .. } if gap.kind == GapKind::TooMany))
    );
}

#[test]
fn a_copy_gets_the_findings_of_its_original() {
    let archive = airlock_forge::zip::simple(&[("a.txt", b"a marker"), ("b.txt", b"no word"), ("c.txt", b"a marker")]);
    let source = airlock_proto::frame::RuleSource {
        path: "own.yar".into(),
        text: "rule own { strings: $a = \"a marker\" condition: $a at 0 }".into(),
        builtin: false,
    };
    let (rules, _) = crate::RuleSet::compile(&[source]);
    let mut matcher = rules.matcher();
    let mut nodes = Vec::new();
    let mut emit = |frame: Frame| {
        if let Frame::Finding(finding) = frame {
            nodes.extend((finding.id == "own").then_some(finding.node));
        }
        true
    };
    inspect(
        &archive,
        Surroundings {
            job: &JobHeader::default(),
            matcher: Some(&mut matcher),
            expired: &|| false,
            emit: &mut emit,
        },
    );
    assert_eq!(nodes, [1, 3]);
}

#[test]
fn an_unknown_file_is_a_node_with_a_finding_and_no_gap() {
    let job = JobHeader {
        name: "x.dat".into(),
        declared_type: None,
        content_encoding: vec![],
        passwords: vec![],
        limits: airlock_proto::Limits::default(),
        input_cut_bytes: 0,
        sha256: None,
    };
    let mut frames = Vec::new();
    let mut emit = |f: Frame| {
        frames.push(f);
        true
    };
    inspect(
        &[0x80, 1, 2, 3],
        Surroundings {
            job: &job,
            matcher: None,
            expired: &|| false,
            emit: &mut emit,
        },
    );
    assert!(matches!(&frames[0], Frame::Node(n) if n.format == "bin" && n.size == 4));
    assert!(matches!(frames[1], Frame::RootMatched));
    assert!(matches!(&frames[2], Frame::Finding(f) if f.id == "type.unknown"));
    assert!(matches!(frames[3], Frame::End { replayable: true, .. }));
    assert_eq!(frames.len(), 4);
}
