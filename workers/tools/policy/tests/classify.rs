//! Classification: points, caps, combination rules, and what must stay clean.

mod support;

use airlock_policy::{MALICIOUS, MAX_REASONS, SUSPICIOUS, classify};
use airlock_proto::{Classification, Report, Severity};
use proptest::prelude::*;
use support::report;

/// Tree → classification, and the combination rule that must be among the reasons.
const COMBINATIONS: &[(&str, &str, Classification, Option<&str>)] = &[
    (
        "evasion and a program below",
        "zip a.zip enc.mixed:h:90:evasion\n. pe b.bin",
        Classification::Malicious,
        Some("combo.hidden_executable"),
    ),
    (
        "evasion deep above a shortcut",
        "zip a.zip e.x:h:90:evasion\n. tar b\n.. iso c\n... lnk d",
        Classification::Malicious,
        Some("combo.hidden_executable"),
    ),
    (
        "evasion beside the program, not above it",
        "zip a.zip\n. txt b e.x:h:90:evasion\n. pe c",
        Classification::Suspicious,
        None,
    ),
    (
        "evasion of medium severity",
        "zip a.zip e.x:m:90:evasion\n. pe b",
        Classification::Clean,
        None,
    ),
    (
        "evasion that is unlikely",
        "zip a.zip e.x:h:40:evasion\n. pe b",
        Classification::Clean,
        None,
    ),
    (
        "evasion and a script member",
        "zip a.zip e.x:h:90:evasion\n. js run.js",
        Classification::Malicious,
        Some("combo.hidden_executable"),
    ),
    (
        "evasion and macro code in a decoded layer",
        "docm a.docm\n. ole2 vbaProject.bin\n.. vba/vba M vba.present:l:90:active-content vba.x:h:90:evasion",
        Classification::Malicious,
        Some("combo.hidden_executable"),
    ),
    (
        "evasion in a decoded layer of a script",
        "zip a\n. vbs a.vbs\n.. txt/base64 x e.x:h:90:evasion",
        Classification::Malicious,
        Some("combo.hidden_executable"),
    ),
    (
        "evasion in a page with inline script",
        "html a.html e.x:h:90:evasion\n. js/script s js.dynamic_code:m:90:evasion",
        Classification::Suspicious,
        None,
    ),
    (
        "a macro that runs at opening",
        "docm a.docm\n. ole2 p\n.. vba/vba M vba.autoexec_and_exec:c:80:exec-chain",
        Classification::Malicious,
        Some("combo.macro_runs_program"),
    ),
    (
        "a macro that runs at a click",
        "docm a.docm\n. ole2 p\n.. vba/vba M vba.autoexec_and_exec:m:80:exec-chain",
        Classification::Suspicious,
        Some("combo.macro_runs_program"),
    ),
    (
        "a click procedure beside a download",
        "docm a.docm\n. ole2 p\n.. vba/vba M vba.activex_event:l:80:active-content\n.. vba/vba N vba.decoded_ioc:l:60:exec-chain",
        Classification::Suspicious,
        Some("combo.macro_on_click"),
    ),
    (
        "smuggling with payload",
        "html a.html html.smuggling_js:h:90:active-content\n. zip/base64 x html.smuggling_payload:m:90:container",
        Classification::Malicious,
        Some("combo.smuggling"),
    ),
    (
        "smuggling found in a layer, payload on the page",
        "html a.html html.smuggling_payload:m:90:container\n. js/script s html.smuggling_js:h:90:active-content",
        Classification::Malicious,
        Some("combo.smuggling"),
    ),
    (
        "smuggling alone",
        "html a.html html.smuggling_js:h:90:active-content",
        Classification::Suspicious,
        Some("combo.smuggling"),
    ),
    (
        "smuggling in one page, payload in another",
        "zip a\n. html b html.smuggling_js:h:90:active-content\n. html c html.smuggling_payload:m:90:container",
        Classification::Suspicious,
        Some("combo.smuggling"),
    ),
    (
        "payload alone",
        "html a.html html.smuggling_payload:m:90:container",
        Classification::Clean,
        None,
    ),
    (
        "an image with a shortcut",
        "zip a\n. iso b.iso img.mountable:m:90:container\n.. lnk c.lnk lnk.any:m:90:container",
        Classification::Malicious,
        Some("combo.image_with_starter"),
    ),
    (
        "an image with a script",
        "iso b.iso img.mountable:m:90:container\n. vbs c.vbs",
        Classification::Malicious,
        Some("combo.image_with_starter"),
    ),
    (
        "an image with a document",
        "iso b.iso img.mountable:m:90:container\n. pdf c.pdf",
        Classification::Clean,
        None,
    ),
    (
        "an image beside a shortcut",
        "zip a\n. iso b.iso img.mountable:m:90:container\n. lnk c.lnk lnk.any:m:90:container",
        Classification::Clean,
        None,
    ),
    (
        "a password beside the archive",
        "zip a\n. txt pw.txt enc.password_in_context:m:90:evasion\n. zip b enc.archive:m:90:container",
        Classification::Suspicious,
        Some("combo.password_beside_archive"),
    ),
    (
        "a password beside a gap",
        "zip a gap:password enc.password_in_context:m:90:evasion",
        Classification::Suspicious,
        Some("combo.password_beside_archive"),
    ),
    (
        "a password beside nothing",
        "zip a enc.password_in_context:m:90:evasion",
        Classification::Clean,
        None,
    ),
    (
        "an encrypted archive alone",
        "zip a enc.archive:m:90:container gap:password",
        Classification::Clean,
        None,
    ),
    (
        "a template on a share",
        r"docx a.docx rel.remote_template:h:60:exploit:\\\\srv\\t.dotm",
        Classification::Malicious,
        Some("combo.unc_reference"),
    ),
    (
        "a template on the local disk",
        r"docx a.docx rel.remote_template:i:60:exploit:C:\\t.dotm",
        Classification::Clean,
        None,
    ),
    (
        "a shortcut to a server",
        "url a.url url.file_scheme_or_unc:h:60:exploit:URL=file://srv/x",
        Classification::Malicious,
        Some("combo.unc_reference"),
    ),
    (
        "a reminder on a share",
        "msg a.msg msg.reminder_unc:h:60:exploit",
        Classification::Malicious,
        Some("combo.unc_reference"),
    ),
    (
        "a program that says it is a picture",
        "pe a.png ext.content_mismatch:m:90:container",
        Classification::Malicious,
        Some("combo.disguised_executable"),
    ),
    (
        "a picture that says it is another",
        "png a.jpg ext.content_mismatch:m:90:container",
        Classification::Clean,
        None,
    ),
    (
        "a mismatch beside a program",
        "zip a\n. png a.jpg ext.content_mismatch:m:90:container\n. pe b",
        Classification::Clean,
        None,
    ),
    (
        "a double extension on a program",
        "zip a\n. pe b.pdf.exe name.double_extension:h:60:container",
        Classification::Malicious,
        Some("combo.name_hides_executable"),
    ),
    (
        "a double extension on what we could not open",
        "zip a\n. bin b.pdf.exe name.double_extension:h:60:container ext.executable_class:l:90:policy",
        Classification::Malicious,
        Some("combo.name_hides_executable"),
    ),
    (
        "a long name on an archive with a program",
        "zip long.zip name.padded:h:60:evasion\n. pe setup",
        Classification::Clean,
        None,
    ),
    (
        "a lure name of medium severity",
        "zip a\n. pe invoice.exe name.lure_exec:m:60:container",
        Classification::Clean,
        None,
    ),
    (
        "a launch action at opening",
        "pdf a.pdf pdf.launch:h:60:active-content\n. txt/pdf-stream s pdf.openaction:l:90:active-content",
        Classification::Malicious,
        Some("combo.pdf_starts_program"),
    ),
    (
        "a launch action behind a click",
        "pdf a.pdf pdf.launch:h:60:active-content",
        Classification::Clean,
        None,
    ),
    (
        "an encrypted PDF with a QR code",
        "pdf a.pdf pdf.encrypted_password:m:90:container pdf.qr_image:m:60:phishing",
        Classification::Suspicious,
        Some("combo.encrypted_pdf_lure"),
    ),
    (
        "an encrypted PDF",
        "pdf a.pdf pdf.encrypted_password:m:90:container",
        Classification::Clean,
        None,
    ),
    (
        "a known signature",
        "zip a\n. txt eicar.com eicar:c:100:signature",
        Classification::Malicious,
        None,
    ),
    ("one critical chain", "pdf a x.y:c:85:exec-chain", Classification::Malicious, None),
    (
        "one critical chain that is less sure",
        "pdf a x.y:c:84:exec-chain",
        Classification::Suspicious,
        None,
    ),
];

#[test]
fn combination_rules() {
    for (what, tree, classification, rule) in COMBINATIONS {
        let got = classify(&report(tree));
        assert_eq!(got.classification, *classification, "{what}: {got:?}");
        let combo = got.reasons.iter().map(|r| r.id.as_str()).find(|id| id.starts_with("combo."));
        assert_eq!(combo, *rule, "{what}: {got:?}");
    }
}

/// What ordinary files look like; a false alarm here is a bug.
const CLEAN: &[(&str, &str)] = &[
    ("a docx", "docx a.docx\n. xml document.xml\n. png i.png"),
    (
        "a form with click procedures",
        "docm a.docm\n. ole2 vbaProject.bin\n.. vba/vba Form vba.present:l:95:active-content vba.activex_event:l:90:active-content",
    ),
    (
        "an empty macro project",
        "docm a.docm\n. ole2 p vba.empty_project:i:95:active-content",
    ),
    (
        "a page with inline script",
        "html a.html\n. js/script s\n. js/script t js.dynamic_code:m:60:evasion",
    ),
    (
        "a page with library code in a zip",
        "zip site.zip\n. html a.html\n. js jquery.js js.dynamic_code:m:60:evasion",
    ),
    (
        "a PDF with everything that forms have",
        "pdf a pdf.javascript:l:95:active-content pdf.openaction:l:95:active-content pdf.js_auto:m:95:active-content pdf.xfa:m:95:active-content pdf.objstm_hidden_action:m:20:active-content pdf.embedded_file:l:95:active-content",
    ),
    ("a program", "pe setup.exe exe.in_download:m:95:policy"),
    ("a tar of programs", "gzip a.tgz\n. tar a.tar\n.. elf bin\n.. bat run.bat"),
    (
        "a damaged zip",
        "zip a zip.name_mismatch:h:95:container zip.size_mismatch:h:95:container zip.crc_wrong_data:m:90:container zip.overlap:h:95:container",
    ),
    (
        "a hundred small oddities on a hundred members",
        "zip a\n. txt 1 a.a:l:100:container\n. txt 2 a.a:l:100:container\n. txt 3 a.b:m:90:container",
    ),
];

#[test]
fn ordinary_files_stay_clean() {
    for (what, tree) in CLEAN {
        let got = classify(&report(tree));
        assert_eq!(got.classification, Classification::Clean, "{what}: {got:?}");
    }
}

#[test]
fn a_text_label_changes_nothing_for_a_root() {
    for findings in [
        "e.x:h:90:evasion",
        "js.wsh_objects:h:90:active-content e.x:h:90:evasion",
        "script.encoded:h:95:evasion",
        "",
    ] {
        let of = |format: &str| {
            let got = classify(&report(&format!("{format} a {findings}")));
            (got.classification, got.score, got.points)
        };
        for label in ["js", "vbs", "ps1", "bat", "csv", "xml"] {
            assert_eq!(of(label), of("txt"), "{label} with {findings}");
        }
    }
    let got = classify(&report("txt a.bin js.wsh_objects:h:90:active-content e.x:h:90:evasion"));
    assert_eq!(
        got.classification,
        Classification::Malicious,
        "a script is one by what stands in it"
    );
}

#[test]
fn the_best_counts_in_full_and_the_others_at_a_quarter() {
    let got = classify(&report("pe a a.a:m:100:exploit a.b:h:80:exploit a.c:m:50:exploit"));
    assert_eq!(got.points, [(0, 5), (1, 40), (2, 2)]);
    assert_eq!(got.score, 47);
    assert_eq!(got.reasons.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["a.b", "a.a", "a.c"]);
}

#[test]
fn each_class_has_its_cap() {
    for (class, cap) in [
        ("active-content", 30),
        ("container", 35),
        ("phishing", 60),
        ("evasion", 70),
        ("signature", 100),
        ("exploit", 100),
        ("exec-chain", 100),
        ("policy", 100),
        ("coverage", 100),
    ] {
        let tree = format!("png a {}", (0..9).map(|i| format!("x.{i}:c:100:{class} ")).collect::<String>());
        let got = classify(&report(&tree));
        assert_eq!(got.score, cap, "{class}");
        assert_eq!(got.points.iter().map(|(_, p)| p).sum::<u32>(), cap, "{class}");
    }
    let both = classify(&report("png a x.a:c:100:active-content x.b:c:100:container"));
    assert_eq!(both.score, 65, "the sums of the classes are added");
    assert_eq!(
        classify(&report("png a x.a:c:100:evasion")).classification,
        Classification::Suspicious,
        "evasion alone"
    );
}

#[test]
fn the_score_is_that_of_the_best_node() {
    let got = classify(&report(
        "zip a x.a:m:100:exploit\n. png b x.b:m:100:signature\n. png c x.c:h:70:exploit",
    ));
    assert_eq!(got.score, 35);
}

#[test]
fn reasons_are_few_once_each_and_name_the_place() {
    let tree = format!(
        "zip a\n{}",
        (0..9)
            .map(|i| format!(". png m{i} x.{}:h:{}:exploit x.same:l:100:container\n", i, 50 + i))
            .collect::<String>()
    );
    let got = classify(&report(&tree));
    assert_eq!(got.reasons.len(), MAX_REASONS);
    assert_eq!(got.reasons[0].id, "x.8");
    assert_eq!(got.reasons[0].text, "Here is x.8. (in m8)");
    let lows = classify(&report(
        "zip a\n. png b x.same:l:100:container\n. png c x.same:l:100:container x.info:i:100:policy",
    ));
    assert_eq!(lows.reasons.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["x.same"]);
}

fn any_report() -> impl Strategy<Value = Report> {
    let ids = [
        "x.a",
        "vba.present",
        "vba.autoexec_and_exec",
        "html.smuggling_js",
        "html.smuggling_payload",
        "img.mountable",
        "lnk.any",
        "name.rtlo",
        "ext.content_mismatch",
        "ext.executable_class",
        "pdf.launch",
        "pdf.openaction",
        "enc.archive",
        "enc.password_in_context",
        "pdf.encrypted_password",
        "js.wsh_objects",
        "msg.reminder_unc",
    ];
    let classes = [
        "signature",
        "exploit",
        "exec-chain",
        "evasion",
        "active-content",
        "phishing",
        "container",
        "policy",
        "coverage",
    ];
    let node = (
        any::<prop::sample::Index>(),
        prop::sample::select(&["zip", "pe", "html", "docm", "ole2", "lnk", "txt", "js", "iso", "pdf"][..]),
        any::<bool>(),
    );
    let finding = (
        any::<prop::sample::Index>(),
        prop::sample::select(ids.to_vec()),
        prop::sample::select(&["i", "l", "m", "h", "c"][..]),
        0_u8..=100,
        prop::sample::select(classes.to_vec()),
    );
    (prop::collection::vec(node, 1..12), prop::collection::vec(finding, 0..12)).prop_map(|(nodes, findings)| {
        let mut built = report("");
        for (i, (parent, format, raw)) in nodes.into_iter().enumerate() {
            let mut one = report(&format!("{format}{} n{i}", if raw || i == 0 { "" } else { "/decoded" }))
                .nodes
                .remove(0);
            one.index = u32::try_from(i).unwrap();
            one.parent = (i > 0).then(|| u32::try_from(parent.index(i)).unwrap());
            built.nodes.push(one);
        }
        for (node, id, severity, confidence, class) in findings {
            let node = u32::try_from(node.index(built.nodes.len())).unwrap();
            built
                .findings
                .push(support::finding(&format!("{id}:{severity}:{confidence}:{class}"), node));
        }
        built
    })
}

fn raised(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_report_gives_the_same_assessment(r in any_report()) {
        prop_assert_eq!(classify(&r), classify(&r.clone()));
    }

    #[test]
    fn classification_is_the_score_against_the_thresholds(r in any_report()) {
        let got = classify(&r);
        let expected = match got.score {
            s if s >= MALICIOUS => Classification::Malicious,
            s if s >= SUSPICIOUS => Classification::Suspicious,
            _ => Classification::Clean,
        };
        prop_assert!(got.score <= 100 && got.reasons.len() <= MAX_REASONS && got.points.len() == r.findings.len());
        prop_assert_eq!(got.classification, expected);
        prop_assert!(got.classification == Classification::Clean || !got.reasons.is_empty());
    }

    #[test]
    fn another_finding_never_lowers_the_score(r in any_report(), at in any::<prop::sample::Index>()) {
        let whole = classify(&r).score;
        if !r.findings.is_empty() {
            let mut less = r.clone();
            less.findings.remove(at.index(r.findings.len()));
            prop_assert!(classify(&less).score <= whole);
        }
    }

    #[test]
    fn a_more_severe_or_surer_finding_never_lowers_the_score(r in any_report(), at in any::<prop::sample::Index>()) {
        if !r.findings.is_empty() {
            let mut worse = r.clone();
            let finding = &mut worse.findings[at.index(r.findings.len())];
            finding.severity = raised(finding.severity);
            finding.confidence = finding.confidence.saturating_add(10).min(100);
            prop_assert!(classify(&worse).score >= classify(&r).score);
        }
    }

    #[test]
    fn hostile_indices_do_not_matter(r in any_report(), parent in any::<u32>(), node in any::<u32>()) {
        let mut r = r;
        r.nodes[0].parent = Some(parent);
        r.findings.iter_mut().for_each(|f| f.node = node);
        r.findings.push(support::finding("html.smuggling_js:h:90:evasion", node));
        prop_assert!(classify(&r).score <= 100);
    }
}
