//! The whole format on small documents that the tests build.

use std::io::Write;

use airlock_proto::frame::{Frame, JobHeader};
use airlock_proto::{Finding, GapKind, Limits, Severity};

use crate::{Surroundings, inspect};

mod evasions;
mod tables;

#[derive(Default)]
struct Seen {
    nodes: Vec<(String, String, String)>,
    gaps: Vec<GapKind>,
    found: Vec<Finding>,
}

impl Seen {
    fn has(&self, layer: &str, bytes: &[u8]) -> bool {
        use sha2::Digest;
        let hash = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes));
        self.nodes.iter().any(|(l, _, h)| l == layer && *h == hash)
    }

    fn found(&self, id: &str) -> Option<&Finding> {
        self.found.iter().find(|f| f.id == id)
    }
}

fn look_with(bytes: &[u8], passwords: &[&str]) -> Seen {
    let job = JobHeader {
        name: "x.bin".into(),
        declared_type: None,
        content_encoding: vec![],
        passwords: passwords.iter().map(|p| (*p).to_owned()).collect(),
        limits: Limits::default(),
        input_cut_bytes: 0,
        sha256: None,
    };
    let mut seen = Seen::default();
    let mut emit = |frame: Frame| {
        match frame {
            Frame::Node(n) => seen.nodes.push((n.layer, n.name, n.sha256)),
            Frame::Gap { gap, .. } => seen.gaps.push(gap.kind),
            Frame::Finding(f) => seen.found.push(f),
            _ => {}
        }
        true
    };
    let around = Surroundings {
        job: &job,
        matcher: None,
        expired: &|| false,
        emit: &mut emit,
    };
    inspect(bytes, around);
    seen
}

fn look(bytes: &[u8]) -> Seen {
    look_with(bytes, &[])
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A document of these object bodies, numbered from 1.
fn pdf(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (index, body) in bodies.iter().enumerate() {
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    out.extend(b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n");
    out
}

fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dict}/Length {}>>stream\n", data.len()).into_bytes();
    out.extend(data);
    out.extend(b"\nendstream");
    out
}

const ROOT: &[u8] = b"<</Type/Catalog/Pages 9 0 R>>";

#[test]
fn a_script_that_runs_on_opening_is_told_and_is_a_layer() {
    let seen = look(&pdf(&[
        b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>".to_vec()
    ]));
    assert!(seen.has("pdf-js", b"app.alert(1)"));
    let found = seen.found("pdf.js_auto").unwrap();
    assert!(
        found
            .summary
            .starts_with("When the document is opened it runs JavaScript: app.alert(1)"),
        "{}",
        found.summary
    );
    assert!(seen.gaps.is_empty());
}

#[test]
fn a_script_in_an_object_stream_is_found() {
    let inner = b"<</Type/Catalog/OpenAction 8 0 R>> <</S/JavaScript/JS<feff00610062>>>";
    let table = b"7 0 8 35 ";
    let data = deflated(&[&table[..], inner].concat());
    let seen = look(&pdf(&[stream(
        &format!("/Type/ObjStm/N 2/First {}/Filter/FlateDecode", table.len()),
        &data,
    )]));
    assert!(seen.has("pdf-js", b"ab"));
    assert!(seen.has("pdf-stream", &[&table[..], inner].concat()));
    assert_eq!(seen.found("pdf.objstm_hidden_action").unwrap().severity, Severity::Medium);
    assert!(seen.gaps.is_empty());
}

#[test]
fn an_object_stream_needs_no_type_and_no_plain_numbers() {
    let inner = b"<</Type/Catalog/OpenAction 8 0 R>> <</S/JavaScript/JS<feff00610062>>>";
    for (dict, table) in [
        ("/N 2/First 9", "7 0 8 35 "),
        ("/Type/Foo/N 2/First 9", "7 0 8 35 "),
        ("/Type/ObjStm/Type/X/N 2/First 9", "7 0 8 35 "),
        ("/Type 5 0 R/N 6 0 R/First 9", "7 0 8 35 "),
        ("/Type/ObjStm/N 2/First 4 0 R", "7 0 8 35 "),
        ("/Type/ObjStm/N 2/First 1", "7 8 8 43 "),
        ("/Type/ObjStm/N 2/First 11", "7 +00 8 35 "),
        ("/Type/ObjStm/N 2/First 13", "7 0.0 8 35.0 "),
        ("/Type/ObjStm/N 3/First 14", "-1 0 7 0 8 35 "),
        ("/Type/ObjStm/N 2/N 0/First 9", "7 0 8 35 "),
    ] {
        let holder = stream(
            &format!("{dict}/Filter/FlateDecode"),
            &deflated(&[table.as_bytes(), inner].concat()),
        );
        let file = pdf(&[
            ROOT.to_vec(),
            ROOT.to_vec(),
            ROOT.to_vec(),
            b"9".to_vec(),
            b"/ObjStm".to_vec(),
            b"2".to_vec(),
            holder,
        ]);
        let seen = look(&file);
        assert!(seen.has("pdf-js", b"ab"), "{dict} {table}");
        assert!(seen.gaps.is_empty(), "{dict} {table}");
    }
    let short = stream("/Type/ObjStm/N 3/First 9", &[&b"7 0 8 35 "[..], inner].concat());
    assert_eq!(look(&pdf(&[short])).gaps, [GapKind::Malformed]);
}

#[test]
fn a_catalog_within_the_trailer_is_looked_at() {
    let mut file = pdf(&[ROOT.to_vec()]);
    file.extend(b"trailer<</Root<</Type/Catalog/OpenAction<</S/JavaScript/JS<6162>>>>>>>");
    let seen = look(&file);
    assert!(seen.has("pdf-js", b"ab"));
    assert!(seen.found("pdf.js_auto").is_some());
}

#[test]
fn what_actions_name_is_a_layer_where_its_string_is_coded() {
    let uri = |string: &str| pdf(&[format!("<</S/URI/URI{string}>>").into_bytes()]);
    assert!(look(&uri("<687474703a2f2f78>")).has("pdf-actions", b"http://x"));
    assert!(look(&uri("(\\150ttp://x)")).has("pdf-actions", b"http://x"));
    assert!(!look(&uri("(http://x)")).has("pdf-actions", b"http://x"));
    let held = |data: &[u8]| pdf(&[stream("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &deflated(data))]);
    assert!(look(&held(b"7 0 <</S/URI/URI<687474703a2f2f78>>>")).has("pdf-actions", b"http://x"));
    assert!(!look(&held(b"7 0 <</S/URI/URI(http://x)>>")).has("pdf-actions", b"http://x"));
}

#[test]
fn every_revision_is_read() {
    let mut file = pdf(&[ROOT.to_vec(), stream("/Filter/FlateDecode", &deflated(b"first"))]);
    file.extend(b"2 0 obj\n");
    file.extend(stream("/Filter/FlateDecode", &deflated(b"second")));
    file.extend(
        b"\nendobj\n1 0 obj<</Type/Catalog/OpenAction<</S/Launch/F(cmd.exe)>>>>endobj\ntrailer<</Root 1 0 R>>startxref\n0\n%%EOF\n",
    );
    let seen = look(&file);
    assert!(seen.has("pdf-stream", b"first") && seen.has("pdf-stream", b"second"));
    assert_eq!(seen.found("pdf.incremental_action").unwrap().severity, Severity::High);
    assert_eq!(seen.found("pdf.launch").unwrap().severity, Severity::Critical);
    assert!(seen.found("pdf.object_confusion").is_none(), "an update is no contradiction");
}

#[test]
fn two_bodies_in_one_revision_are_a_contradiction() {
    let mut bodies = pdf(&[ROOT.to_vec(), b"<</Type/Page/Contents 3 0 R>>".to_vec()]);
    let end = bodies.len() - 45;
    bodies.splice(end..end, b"2 0 obj<</Type/Page/Contents 4 0 R>>endobj\n".to_vec());
    let seen = look(&bodies);
    assert!(seen.found("pdf.object_confusion").is_some());
}

#[test]
fn an_embedded_file_is_a_member_with_its_name() {
    let spec = b"<</Type/Filespec/UF(a.exe)/EF<</F 2 0 R>>>>".to_vec();
    let seen = look(&pdf(&[
        spec,
        stream("/Type/EmbeddedFile/Filter/FlateDecode", &deflated(b"MZ harmless")),
    ]));
    assert!(seen.has("raw", b"MZ harmless"));
    assert!(seen.nodes.iter().any(|(_, name, _)| name == "a.exe"));
    assert_eq!(seen.found("pdf.embedded_exec").unwrap().severity, Severity::Critical);
}

#[test]
fn a_wrong_length_hides_nothing_and_is_no_gap() {
    let data = deflated(b"behind a wrong length");
    let mut body = b"<</Length 3/Filter/FlateDecode>>stream\n".to_vec();
    body.extend(&data);
    body.extend(b"\nendstream");
    let seen = look(&pdf(&[ROOT.to_vec(), body]));
    assert!(seen.has("pdf-stream", b"behind a wrong length"));
    assert!(seen.gaps.is_empty());
    assert_eq!(seen.found("pdf.stream_length_lies").unwrap().severity, Severity::Low);
}

#[test]
fn escaped_names_work_and_are_told() {
    let seen = look(&pdf(&[b"<</Open#41ction<</S/J#61vaScript/J#53(x=1)>>>>".to_vec()]));
    assert!(seen.has("pdf-js", b"x=1"));
    assert_eq!(seen.found("pdf.name_escaped").unwrap().severity, Severity::Critical);
    let harmless = look(&pdf(&[b"<</Type/Font/BaseFont/My#20Font/Subtype/Type1>>".to_vec()]));
    assert!(harmless.found("pdf.name_escaped").is_none());
}

#[test]
fn a_stream_that_does_not_decode_is_a_gap() {
    let data = deflated(&[b'a'; 5000]);
    let cut = look(&pdf(&[stream("/Filter/FlateDecode", &data[..data.len() - 8])]));
    assert_eq!(cut.gaps, [GapKind::Truncated]);
    let unknown = look(&pdf(&[stream("/Filter/FooDecode", b"xyz")]));
    assert_eq!(unknown.gaps, [GapKind::Unsupported]);
    assert!(unknown.found("pdf.filter_chain_odd").is_some());
}

#[test]
fn a_plain_document_says_nothing() {
    let link = b"<</Type/Annot/A<</S/URI/URI(https://example.com/)>>>>".to_vec();
    let seen = look(&pdf(&[ROOT.to_vec(), stream("", b"BT (text) Tj ET"), link]));
    assert!(seen.found.iter().all(|f| f.severity == Severity::Info), "{:?}", seen.found);
    assert_eq!(seen.nodes.len(), 1);
    let goto = look(&pdf(&[
        b"<</Type/Catalog/OpenAction[2 0 R/Fit]>>".to_vec(),
        b"<</Type/Page>>".to_vec(),
    ]));
    assert!(goto.found.is_empty(), "{:?}", goto.found);
}

#[test]
fn circles_end() {
    let next = b"<</S/JavaScript/JS(a)/Next 1 0 R>>".to_vec();
    assert!(look(&pdf(&[next])).found("pdf.dos_loop").is_some());
    let circle = look(&pdf(&[
        stream("/Type/ObjStm/N 0/First 0/Extends 2 0 R", b""),
        stream("/Type/ObjStm/N 0/First 0/Extends 1 0 R", b""),
    ]));
    assert!(circle.found("pdf.dos_loop").is_some());
}

#[test]
fn other_things_around_a_document_are_told() {
    let plain = pdf(&[ROOT.to_vec()]);
    let moved = look(&[&b"\x01\x02\x03\x04"[..], &plain].concat());
    assert!(moved.found("pdf.header_offset").is_some());
    let tail = look(&[&plain[..], &[b'x'; 600]].concat());
    assert!(tail.found("pdf.tail_data").is_some());
    let mail = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n";
    let both = look(&[&plain[..], mail].concat());
    assert_eq!(both.found("pdf.mht_polyglot").unwrap().severity, Severity::Critical);
}

#[test]
fn an_encrypted_document_opens_with_the_right_password() {
    for password in ["", "secret"] {
        let file = encrypted(password);
        let seen = look_with(&file, &["wrong", "secret"]);
        assert!(seen.has("pdf-js", b"app.beep()"), "{password:?}: {:?}", seen.gaps);
        assert!(seen.has("pdf-stream", b"secret text"));
        assert!(seen.found("pdf.encrypted_open").is_some());
    }
    let locked = look(&encrypted("another"));
    assert_eq!(locked.gaps, [GapKind::PasswordNeeded]);
    assert!(locked.found("pdf.encrypted_password").is_some());
}

fn encrypted(password: &str) -> Vec<u8> {
    use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, Stream, dictionary};
    let mut document = Document::with_version("1.5");
    let root = document.add_object(dictionary! {
        "Type" => "Catalog",
        "OpenAction" => dictionary! { "S" => "JavaScript", "JS" => Object::string_literal("app.beep()") },
    });
    document.add_object(Stream::new(dictionary! {}, b"secret text".to_vec()));
    document.trailer.set("Root", root);
    let id = Object::string_literal("0123456789abcdef");
    document.trailer.set("ID", vec![id.clone(), id]);
    let state = EncryptionState::try_from(EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: password,
        key_length: 128,
        permissions: Permissions::all(),
    })
    .unwrap();
    document.encrypt(&state).unwrap();
    let mut out = Vec::new();
    document.save_to(&mut out).unwrap();
    out
}

#[test]
fn very_many_objects_come_to_an_end() {
    let mut bodies = vec![ROOT.to_vec()];
    bodies.extend((0..100_000).map(|n| format!("<</Type/Annot/A {n} 0 R/Kids[{n} 0 R {n} 0 R]>>").into_bytes()));
    // Were they compared with one another, this test would take hours.
    assert!(look(&pdf(&bodies)).gaps.is_empty());
}

#[test]
fn a_document_without_a_header_is_opened_as_readers_that_repair_do() {
    let packed = deflated(b"MARKER of a page");
    let mut stream = format!("<</Filter/FlateDecode/Length {}>>stream\n", packed.len()).into_bytes();
    stream.extend(&packed);
    stream.extend(b"\nendstream");
    let document = pdf(&[b"<</Type/Catalog>>".to_vec(), stream])[9..].to_vec();
    for front in [
        &b""[..],
        b"%!PS-Adobe-3.0 PDF-1.4\n",
        b"%FDF-1.2\n",
        b"\x89PNG\r\n\x1a\n\n",
        &[b'\n'; 3000],
    ] {
        let seen = look(&[front, &document].concat());
        assert!(seen.has("pdf-stream", b"MARKER of a page"), "{front:?}");
        assert!(seen.found("pdf.header_offset").is_some() && seen.gaps.is_empty());
    }
}

#[test]
fn an_object_whose_header_holds_comments_is_read() {
    for head in ["2\n0%x\nobj", "2%x\n0 obj", "2 0 %5 6\nobj", "2 %a\r%b\n 0%\nobj"] {
        let file = pdf(&[
            b"<</Type/Catalog/OpenAction<</S/JavaScript/JS 2 0 R>>>>".to_vec(),
            stream("/Filter/FlateDecode", &deflated(b"var MARKER = 1;")),
        ]);
        let at = file.windows(7).position(|w| w == b"2 0 obj").unwrap();
        let file = [&file[..at], head.as_bytes(), &file[at + 7..]].concat();
        assert!(look(&file).has("pdf-js", b"var MARKER = 1;"), "{head:?}");
    }
}

#[test]
fn of_repeated_keys_both_readings_are_handed_out() {
    let hidden = deflated(b"var MARKER = 1;");
    for keys in [
        "/Filter/ASCIIHexDecode/Filter/FlateDecode",
        "/Filter/FlateDecode/Filter/ASCIIHexDecode",
    ] {
        let seen = look(&pdf(&[ROOT.to_vec(), stream(keys, &hidden)]));
        assert!(seen.has("pdf-stream", b"var MARKER = 1;"), "{keys}");
    }
    let action = b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(one = 1;)/JS(two = 2;)>>>>".to_vec();
    let seen = look(&pdf(&[action]));
    assert!(seen.has("pdf-js", b"one = 1;") && seen.has("pdf-js", b"two = 2;"));
}

#[test]
fn a_form_that_opens_plain_addresses_is_no_attack() {
    let form = b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.launchURL\\(\"https://www.example.org/reader\", true\\);)>>>>".to_vec();
    let seen = look(&pdf(&[form]));
    assert_eq!(seen.found("pdf.js_suspicious_api").unwrap().severity, Severity::Low);
    let computed = b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.launchURL\\(a + \"/x\", true\\);)>>>>".to_vec();
    assert_eq!(
        look(&pdf(&[computed])).found("pdf.js_suspicious_api").unwrap().severity,
        Severity::Medium
    );
}

#[test]
fn parameters_that_readers_take_differently_are_read_both_ways() {
    let script = b"var MARKER = 1;";
    let row = |kind: u8| deflated(&[&[kind][..], script].concat());
    let (png, tiff) = (row(0), deflated(&[&script[..1], &[script[1].wrapping_sub(script[0])]].concat()));
    for parms in [
        "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 15/Colors 0>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 12.0/Columns 15.>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 16/Columns +15/BitsPerComponent 0>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 15/BPC 8/BitsPerComponent 4>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 1>>/DP<</Predictor 12/Columns 15>>",
        "/Filter/FlateDecode/DecodeParms[<</Predictor 12/Columns 15>>]",
        "/F/Fl/DP<</Predictor 12/Columns 15>>",
    ] {
        let seen = look(&pdf(&[ROOT.to_vec(), stream(parms, &png)]));
        assert!(seen.has("pdf-stream", script), "{parms}");
    }
    for parms in [
        "/Filter[/FlateDecode]/DecodeParms<</Predictor 12/Columns 15>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 12.0/Columns 15>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 15/Colors 0>>",
        "/Filter/FlateDecode/DecodeParms<</Predictor 16/Columns 15>>",
    ] {
        let seen = look(&pdf(&[ROOT.to_vec(), stream(parms, &deflated(script))]));
        assert!(seen.has("pdf-stream", script) && seen.gaps.is_empty(), "{parms}");
    }
    let two = look(&pdf(&[
        ROOT.to_vec(),
        stream("/Filter/FlateDecode/DecodeParms<</Predictor 2.0/Columns 2>>", &tiff),
    ]));
    assert!(two.has("pdf-stream", &script[..2]));
    let senseless = "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 99999999999999999999>>";
    assert!(!look(&pdf(&[ROOT.to_vec(), stream(senseless, &png)])).gaps.is_empty());
    let plain = look(&pdf(&[
        ROOT.to_vec(),
        stream("/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 15>>", &png),
    ]));
    assert_eq!(plain.nodes.iter().filter(|(layer, _, _)| layer == "pdf-stream").count(), 1);
}

#[test]
fn an_object_stream_is_read_as_every_reader_reads_it() {
    let inner = b"7 0 <</Type/Catalog/OpenAction<</S/JavaScript/JS(ab)>>>>";
    let rows = deflated(&[&[0][..], inner].concat());
    for (parms, data) in [
        ("<</Predictor 12/Colors 0/Columns 56>>", &rows),
        ("<</Predictor 12.0/Columns 56>>", &rows),
        ("<</Predictor 12.0/Columns 56>>", &deflated(inner)),
    ] {
        let holder = stream(&format!("/Type/ObjStm/N 1/First 4/Filter/FlateDecode/DecodeParms{parms}"), data);
        assert!(look(&pdf(&[holder])).has("pdf-js", b"ab"), "{parms}");
    }
}

#[test]
fn an_archive_that_holds_a_document_and_an_update_of_it_is_that_document() {
    use airlock_forge::tarball::{self, Member};
    use airlock_forge::zip::{Archive, Entry};
    let document = pdf(&[ROOT.to_vec()]);
    let update = b"1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(ab)>>>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    let zip = |comment: &[u8]| {
        let members = vec![Entry::stored("a.pdf", &document), Entry::stored("b.pdf", &document)];
        Archive::of(members).with(|a| a.comment = comment.to_vec()).build()
    };
    let tar = |name: &[u8]| {
        let long = Member::file("././@LongLink", name).with(|m| m.kind = b'L');
        tarball::build(&[Member::file("a.pdf", &document), long, Member::file("b.pdf", &document)])
    };
    let spread = b"1 %c\n0 %c\nobj<</Type/Catalog/OpenAction<</S/JavaScript/JS(ab)>>>>endobj\n";
    for archive in [zip(update), tar(update), zip(spread), tar(spread)] {
        assert!(look(&archive).has("pdf-js", b"ab"));
    }
    for archive in [zip(b"words"), tar(b"obj/a/long/name")] {
        let seen = look(&archive);
        assert!(seen.found("poly.multi_format").is_none(), "{:?}", seen.found);
        assert!(seen.nodes.iter().all(|(layer, _, _)| layer == "raw" || layer == "comment"));
    }
}
