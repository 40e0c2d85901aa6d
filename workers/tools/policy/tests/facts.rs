//! Delivery, listed, gaps: what the facts of a decision are made from.

mod support;

use airlock_policy::{DecisionWord, Definition, Facts, GapClasses, Route, classify, decide, delivery, gap_reasons, listed, shown_format};
use airlock_proto::{Delivery, HeaderFacts};
use support::report;

fn headers(attachment: bool, declared: Option<&str>) -> HeaderFacts {
    HeaderFacts {
        attachment,
        declared_type: declared.map(str::to_owned),
        ..HeaderFacts::default()
    }
}

#[test]
fn a_page_is_what_a_browser_shows() {
    for (attachment, declared, format, expected) in [
        (false, Some("text/html"), "html", Delivery::Page),
        (false, None, "html", Delivery::Page),
        (true, Some("text/html"), "html", Delivery::Download),
        (false, Some("text/plain"), "txt", Delivery::Page),
        (false, Some("text/javascript"), "js", Delivery::Page),
        (false, Some("text/plain"), "bat", Delivery::Page),
        (false, Some("application/octet-stream"), "txt", Delivery::Download),
        (false, Some("application/octet-stream"), "js", Delivery::Download),
        (false, Some("text/csv"), "csv", Delivery::Download),
        (false, Some("text/html"), "zip", Delivery::Download),
        (false, Some("application/pdf"), "pdf", Delivery::Download),
        (false, Some("image/svg+xml"), "svg", Delivery::Download),
        (false, None, "bin", Delivery::Download),
        (false, None, "hta", Delivery::Download),
        (false, None, "", Delivery::Download),
    ] {
        assert_eq!(
            delivery(&headers(attachment, declared), format),
            expected,
            "{declared:?} {format} attachment {attachment}"
        );
    }
}

#[test]
fn a_text_label_does_not_change_delivery_or_listed() {
    for declared in [None, Some("text/plain"), Some("application/octet-stream"), Some("text/csv")] {
        for label in ["js", "vbs", "ps1", "bat", "csv", "xml"] {
            assert_eq!(
                delivery(&headers(false, declared), label),
                delivery(&headers(false, declared), "txt")
            );
            assert!(listed(&report(&format!("{label} a"))));
        }
    }
}

#[test]
fn an_encoded_answer_shows_what_is_inside() {
    let tree = report("gzip index.html\n. html index.html");
    let mut h = headers(false, Some("text/html"));
    assert_eq!(shown_format(&tree, &h), "gzip");
    h.content_encoding = vec!["gzip".to_owned()];
    assert_eq!(shown_format(&tree, &h), "html");
    h.content_encoding = vec!["br".to_owned()];
    assert_eq!(shown_format(&tree, &h), "gzip");
    assert_eq!(shown_format(&report(""), &h), "bin");
}

#[test]
fn listed_is_the_root_or_the_root_of_an_archives_content() {
    for (tree, expected) in [
        ("html a", true),
        ("mht a", true),
        ("txt a", true),
        ("docx a", true),
        ("xls a", true),
        ("rtf a", true),
        ("odt a", true),
        ("pdf a", true),
        ("zip a", true),
        ("rar a", true),
        ("js a", true),
        ("lha a", true),
        ("xz a", true),
        ("bzip2 a", true),
        ("bzip1 a", true),
        ("msaccess a", true),
        ("vhd a", false),
        ("cpio a\n. odt b", true),
        ("pe a", false),
        ("elf a", false),
        ("bin a", false),
        ("png a", false),
        ("lnk a", false),
        ("msi a", false),
        ("iso a", false),
        ("7z a\n. pe b", false),
        ("7z a\n. docx b", true),
        ("iso a\n. cab b\n.. pdf c", true),
        ("lzma a\n. pe b", false),
        ("pe a\n. txt b", false),
        ("iso a\n. pe b\n.. pdf c", false),
        ("lzma a\n. txt/decoded b", false),
        ("", false),
    ] {
        assert_eq!(listed(&report(tree)), expected, "{tree}");
    }
}

#[test]
fn gaps_are_told_in_sentences() {
    let tree = report(
        "zip a.zip\n. zip b.zip gap:password\n. zip c.zip gap:password\n. 7z d gap:unsupported\n. pdf e\u{202e}f gap:truncated\n. gzip g gap:time",
    );
    assert_eq!(
        GapClasses::of(&tree),
        GapClasses {
            password: true,
            limit: true,
            damaged: true,
            unsupported: true
        }
    );
    let told: Vec<(String, String)> = gap_reasons(&tree).into_iter().map(|r| (r.id, r.text)).collect();
    let expected = [
        (
            "gap.password_needed",
            "We could not look inside b.zip (and one more like it): it needs a password.",
        ),
        ("gap.time", "We could not look inside g: the time for the scan was over."),
        ("gap.truncated", "We could not look inside e<U+202E>f: it ends too early."),
        (
            "gap.unsupported",
            "We could not look inside d: we know this kind of file and do not open it.",
        ),
    ];
    assert_eq!(told, expected.map(|(id, text)| (id.to_owned(), text.to_owned())));
}

#[test]
fn from_report_to_decision() {
    for (tree, expected, remedy) in [
        ("docx a", DecisionWord::Release, false),
        ("zip a\n. bin b gap:password", DecisionWord::Block, true),
        ("zip a\n. 7z b gap:unsupported", DecisionWord::Warn, false),
        ("zip a\n. txt b eicar:c:100:signature", DecisionWord::Block, false),
        ("bin a", DecisionWord::Release, false),
    ] {
        let tree = report(tree);
        let facts = Facts::scanned(&tree, &classify(&tree), Delivery::Download, Route::Inbound);
        let decision = decide(&facts, &Definition::default());
        assert_eq!(
            (decision.decision, decision.remedy.is_some()),
            (expected, remedy),
            "{:?}",
            decision.reasons
        );
    }
}
