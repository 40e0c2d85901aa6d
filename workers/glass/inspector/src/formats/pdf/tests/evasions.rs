//! Documents that are written so that readers see in them what a scan would miss.

use airlock_proto::GapKind;

use super::{ROOT, deflated, look, pdf, stream};

const LAUNCH: &str = "/S/Launch/Win<</F(cmd.exe)/P(/c calc)>>";

/// A table that names these offsets, written as `line` writes them, and the end of the document.
fn table(word: &str, offsets: &[usize], line: Line<'_>) -> Vec<u8> {
    let lines: String = offsets.iter().map(|at| line(*at)).collect();
    format!("{word}\n0 {}\n{lines}trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n", offsets.len()).into_bytes()
}

/// How a line of a table is written for an offset.
type Line<'l> = &'l dyn Fn(usize) -> String;

fn usual(at: usize) -> String {
    format!("{at:010} 00000 n \n")
}

/// A document whose object 5 stands within the data of another stream, and the offset of it.
fn nested(before: &str) -> (Vec<u8>, usize) {
    let inner = [
        b"5 0 obj\n",
        &stream("/Filter/FlateDecode", &deflated(b"carried"))[..],
        b"\nendobj\n",
    ]
    .concat();
    let data = [before.as_bytes(), &inner].concat();
    let mut file = [b"%PDF-1.7\n1 0 obj", ROOT, b"endobj\n6 0 obj\n"].concat();
    let at = file.len() + format!("<</Length {}>>stream\n", data.len()).len() + before.len();
    file.extend(stream("", &data));
    file.extend(b"\nendobj\n");
    (file, at)
}

#[test]
fn words_that_end_objects_are_null_within_them() {
    for word in ["endobj", "obj", "xref", "trailer", "startxref", "7 0 obj", "[1 endobj 2]"] {
        let seen = look(&pdf(&[ROOT.to_vec(), format!("<</A {word} {LAUNCH}>>").into_bytes()]));
        assert!(seen.found("pdf.launch").is_some(), "{word}: {:?}", seen.found);
        assert_eq!(seen.gaps, [], "{word}");
    }
}

#[test]
fn an_object_that_is_not_closed_is_a_gap() {
    let seen = look(&pdf(&[ROOT.to_vec(), format!("<</A stream {LAUNCH}>>").into_bytes()]));
    assert!(seen.gaps.contains(&GapKind::Malformed));
    assert_eq!(look(&pdf(&[ROOT.to_vec(), b"".to_vec(), b"null".to_vec()])).gaps, []);
}

#[test]
fn a_string_longer_than_others_may_hold_an_end() {
    let text = format!("<</X(endobj{}){LAUNCH}>>", "a".repeat(1_200_000));
    let seen = look(&pdf(&[ROOT.to_vec(), text.into_bytes()]));
    assert!(seen.found("pdf.launch").is_some());
    assert_eq!(seen.gaps, []);
}

#[test]
fn numbers_in_front_of_an_object_may_be_long_and_far_away() {
    let heads = [
        "000000000005 0 obj".to_owned(),
        "5 000000000000 obj".to_owned(),
        "5 +0 obj".to_owned(),
        "777777777775 0 obj".to_owned(),
        format!("5{}0 obj", " ".repeat(70)),
        format!("5 0 {}obj", "%a\n".repeat(12)),
        format!("5 0 %{}\nobj", "a".repeat(300)),
    ];
    for head in heads {
        let mut file = [b"%PDF-1.7\n1 0 obj", ROOT, b"endobj\n"].concat();
        file.extend(format!("{head}<<{LAUNCH}>>endobj\ntrailer<</Root 1 0 R>>").bytes());
        assert!(look(&file).found("pdf.launch").is_some(), "{head}");
    }
}

#[test]
fn what_a_table_names_is_read_however_the_table_is_written() {
    let lines: [(&str, &str, Line<'_>); 8] = [
        (" ", "xref", &usual),
        ("9", "xref", &usual),
        (" ", "startxref", &usual),
        (" ", "xref %x", &usual),
        (" ", "xref", &|at| format!("{at:010} 00000 m \n")),
        (" ", "xref", &|at| format!("+{at:09} 00000 n \n")),
        (" ", "xref", &|at| format!("{at:010} -0000 n \n")),
        (" ", "xref\n0 1\nXXXXXXXXXX 65535 f ", &|at| format!("{at:010}00000 n \n")),
    ];
    for (index, (before, word, line)) in lines.into_iter().enumerate() {
        let (mut file, at) = nested(before);
        assert!(!look(&file).has("pdf-stream", b"carried"));
        file.extend(table(word, &[at], line));
        assert!(look(&file).has("pdf-stream", b"carried"), "{index}");
    }
}

#[test]
fn what_a_cross_reference_stream_names_is_read() {
    let (mut file, at) = nested(" ");
    let entry = [&[1][..], &u32::try_from(at).unwrap().to_be_bytes(), &[0, 0]].concat();
    file.extend(b"9 0 obj");
    file.extend(stream("/Type/XRef/W[1 4 2]/Size 1/Filter/FlateDecode", &deflated(&entry)));
    file.extend(b"endobj");
    assert!(look(&file).has("pdf-stream", b"carried"));
}

#[test]
fn of_all_lengths_the_longest_that_fits_counts() {
    let data = "61\nendstream\n626364>";
    let length = data.len();
    let long = "c".repeat(100);
    for (declared, other) in [
        (format!("2/Length {length}"), "0".to_owned()),
        (format!("9/Length 9/Length 9/Length 9/Length 9/Length {length}"), "0".to_owned()),
        (format!("{length}.0"), "0".to_owned()),
        ("2 0 R".to_owned(), format!("%{long}\n{length}")),
        ("2 0 R".to_owned(), format!("3 0 R endobj 3 0 obj {length}")),
    ] {
        let body = format!("<</Filter/ASCIIHexDecode/Length {declared}>>stream\n{data}\nendstream");
        let file = pdf(&[ROOT.to_vec(), other.into_bytes(), b"0".to_vec(), body.into_bytes()]);
        let seen = look(&file);
        assert!(seen.nodes.iter().any(|(layer, _, _)| layer == "pdf-stream"), "{declared}");
        assert!(seen.found("pdf.stream_length_lies").is_none(), "{declared}");
        assert!(!seen.has("pdf-stream", b"a"), "{declared}");
    }
}

#[test]
fn a_long_comment_in_front_of_the_data_hides_none() {
    let data = String::from_utf8(stream("/Filter/ASCIIHexDecode", b"6162>")).unwrap();
    let body = data.replace(">>stream", &format!(">>%{}\nstream", "a".repeat(5000)));
    assert!(look(&pdf(&[ROOT.to_vec(), body.into_bytes()])).has("pdf-stream", b"ab"));
}

/// An encryption dictionary that opens without a password, and its identifier.
const DECOY: &str = "/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -1028/O <23d51bb8081abde412d51dbf9017ccaa31e7762d4570dabe24b32e274e6be108>/U <026383e1d0feeb8737efc7f885c260e80021446990b9e4114071a4d9104984c1>>>/ID[<2a79d7aa5ab01aef410a344462223be7><2a79d7aa5ab01aef410a344462223be7>]";

/// A document in clear that carries a program; its table is where `startxref` says, and the decoy stands before it.
fn clear(decoy: &str, startxref: Option<usize>) -> Vec<u8> {
    let mut file = format!("%PDF-1.7\n{decoy}\n").into_bytes();
    file.extend([b"1 0 obj", ROOT, b"endobj\n"].concat());
    file.extend(format!("4 0 obj<</F(e.exe)/EF<</F 5 0 R>>>>endobj 6 0 obj<<{LAUNCH}>>endobj 5 0 obj").bytes());
    file.extend(stream("/Filter/ASCIIHexDecode", b"4d5a20636172726965643e"));
    let at = file.len() + 8;
    file.extend(b"endobj\n\nxref\n0 0\n%trailer<</Encrypt 9 0 R>>\ntrailer<</Root 1 0 R>>\nstartxref\n");
    file.extend(format!("{}\n%%EOF\n", startxref.unwrap_or(at)).bytes());
    file
}

#[test]
fn a_trailer_that_nobody_reads_does_not_hide_what_is_in_clear() {
    let decoys = [
        format!("trailer<<{DECOY}>>"),
        format!("%trailer<<{DECOY}>>"),
        format!("9 0 obj<</Type/XRef{DECOY}/Length 2>>stream\nab\nendstream endobj"),
    ];
    for decoy in decoys {
        for startxref in [None, Some(999_999)] {
            let seen = look(&clear(&decoy, startxref));
            assert!(
                seen.has("", b"MZ carried") || seen.nodes.iter().any(|(_, name, _)| name == "e.exe"),
                "{decoy}"
            );
            assert!(seen.found("pdf.embedded_exec").is_some(), "{decoy} {startxref:?}");
            let launch = seen.found.iter().any(|f| f.id == "pdf.launch" && f.summary.contains("cmd.exe"));
            assert!(launch || startxref.is_some(), "{decoy} {:?}", seen.found);
            assert_eq!(seen.gaps, [], "{decoy} {startxref:?}");
        }
    }
}

#[test]
fn a_trailer_that_nobody_reads_does_not_close_an_encrypted_document() {
    let mut file = super::encrypted("");
    file.extend(format!("\n99 0 obj<</Type/XRef{DECOY}/Length 2>>stream\nab\nendstream endobj\n").bytes());
    let seen = look(&file);
    assert!(seen.found("pdf.encrypted_open").is_some());
    assert_eq!(seen.gaps, []);
}

#[test]
fn a_length_may_stand_in_an_object_stream() {
    let data = "61\nendstream\n626364>";
    let holder = stream(
        "/Type/ObjStm/N 1/First 4/Filter/FlateDecode",
        &deflated(format!("7 0 {}", data.len()).as_bytes()),
    );
    let body = format!("<</Filter/ASCIIHexDecode/Length 7 0 R>>stream\n{data}\nendstream");
    let seen = look(&pdf(&[ROOT.to_vec(), holder, body.into_bytes()]));
    assert!(!seen.has("pdf-stream", b"a"));
    assert_eq!(seen.gaps, []);
}

#[test]
fn digits_without_an_end_mark_before_more_data_are_a_gap() {
    for (data, behind, gaps) in [
        ("6162", "", &[][..]),
        ("6162>", "6364>\nendstream", &[]),
        ("6162", "6364>\nendstream", &[GapKind::Malformed]),
    ] {
        let mut body = stream("/Filter/ASCIIHexDecode", data.as_bytes());
        body.extend(format!("\n{behind}").bytes());
        assert_eq!(look(&pdf(&[ROOT.to_vec(), body])).gaps, gaps, "{data} {behind}");
    }
}
