//! RTF through the walk.

use crate::formats::ole2::cfb::tests::build;
use crate::formats::ole2::tests::look;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ole1(class: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x01\x05\0\0\x02\0\0\0".to_vec();
    out.extend_from_slice(&u32::try_from(class.len() + 1).unwrap().to_le_bytes());
    out.extend_from_slice(class.as_bytes());
    out.extend_from_slice(b"\0\0\0\0\0\0\0\0\0");
    out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend_from_slice(data);
    out
}

#[test]
fn text_is_decoded_by_code_page_and_unicode() {
    let seen = look(b"\xef\xbb\xbf \r\n{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}Gr\\'fc\\u223\\'dfe MAR{\\b KER}\\par}");
    assert_eq!(seen.nodes[0].format, "rtf");
    let text = seen.node("text", "rtf-text");
    assert!(text.contains("MARKER") && text.contains("Grüße"));
    assert!(!seen.has("rtf.header_variant"));
}

#[test]
fn an_embedded_compound_file_comes_out_of_its_object() {
    let inner = build(&[("Contents", b"MARKER inside")]);
    let rtf = format!(
        "{{\\rtf1{{\\object\\objemb{{\\*\\objclass X.1}}{{\\*\\objdata\n{}}}}}}}",
        hex(&ole1("X.1", &inner))
    );
    let seen = look(rtf.as_bytes());
    assert_eq!(seen.node("X.1", "rtf-object").format(), "ole1");
    assert!(seen.node("Contents", "raw").contains("MARKER"));
    assert!(!seen.has("rtf.objdata_obfuscated"));
}

#[test]
fn groups_words_and_binary_data_do_not_hide_an_object() {
    let object = hex(&ole1("Package", b"MARKER"));
    let (first, second) = object.split_at(31);
    let rtf = format!("{{\\rt{{\\object\\objupdate{{\\*\\objdata {first}{{\\*\\junk 66}}\\mx1 \n{second}\\bin4 TAIL}}}}");
    let seen = look(rtf.as_bytes());
    assert!(seen.node("Package", "raw").contains("MARKER"));
    for id in ["rtf.objdata_obfuscated", "rtf.objupdate", "rtf.header_variant"] {
        seen.finding(id);
    }
}

#[test]
fn binary_data_without_a_byte_changes_nothing() {
    let object = hex(&ole1("Package", b"MARKER"));
    let (first, second) = object.split_at(31);
    let seen = look(format!("{{\\rtf1{{\\object{{\\*\\objdata {first}\\bin0 {second}}}}}}}").as_bytes());
    assert!(seen.node("Package", "raw").contains("MARKER"));
    seen.finding("rtf.bin_trick");
}

#[test]
fn templates_pictures_fonts_and_lengths() {
    let fonts: String = (0..33_000).map(|n| format!("{{\\f{n} A;}}")).collect();
    let rtf = format!(
        "{{\\rtf1{{\\*\\template http://example.com/a.dotm}}{{\\fonttbl{fonts}}}{{\\pict\\pngblip{{\\*\\blipuid 00ff}} {}}}\\bin-5 x}}",
        hex(b"MARKER")
    );
    let seen = look(rtf.as_bytes());
    assert!(seen.finding("rtf.remote_template").contains("http://example.com/a.dotm"));
    assert!(seen.node("picture", "raw").contains("MARKER"));
    seen.finding("rtf.font_overflow");
    seen.finding("rtf.bin_trick");
    let local = look(b"{\\rtf1{\\*\\template C:\\\\Normal.dotm}x}");
    assert!(!local.has("rtf.remote_template"));
}

#[test]
fn a_link_of_an_object_to_another_machine_is_told() {
    let mut data = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b\x40\0\0\0".to_vec();
    data.extend("http://example.com/a.hta\0".encode_utf16().flat_map(u16::to_le_bytes));
    let rtf = format!("{{\\rtf1{{\\object{{\\*\\objdata {}}}}}}}", hex(&ole1("OLE2Link", &data)));
    assert!(look(rtf.as_bytes()).finding("rtf.ole2link").contains("http://example.com/a.hta"));
}

#[test]
fn the_instruction_of_a_field_is_judged_however_it_is_cut() {
    for code in [
        r#"DDEAUTO c:\\\\x "y""#,
        r"{DD}{\b EA}UTO {x}",
        r"\u68?\'44\'45AUTO x",
        r"{\field{\*\fldinst QUOTE 68}{\fldrslt x}}",
    ] {
        let page = [r"{\rtf1{\field{\*\fldinst ", code, r"}{\fldrslt x}}}"].concat();
        let found = look(page.as_bytes()).findings.iter().any(|(id, _)| id == "dde.word_field");
        assert_eq!(found, !code.contains("QUOTE"), "{code}");
    }
    for code in [
        r#"DDEAUTO"c:\\x" "y""#,
        r#"{\field{\*\fldinst SET a "b"}{\fldrslt }}DDEAUTO x"#,
        r"{\field{\*\fldinst QUOTE 68 68 69 65 85 84 79}{\fldrslt x}} x",
        r"{\field{\*\fldinst REF a}{\fldrslt DDEAUTO}} x",
    ] {
        for end in [r"}{\fldrslt x}}}", "}", ""] {
            let page = [r"{\rtf1{\field{\*\fldinst ", code, end].concat();
            assert!(look(page.as_bytes()).has("dde.word_field"), "{page}");
        }
    }
    let far = look(br#"{\rtf1{\field{\*\fldinst INCLUDETEXT "http://a.example/x"}{\fldrslt x}}}"#);
    assert!(far.findings.iter().any(|(id, _)| id == "field.include_remote"));
}

#[test]
fn what_is_not_looked_at_is_a_gap() {
    let deep = [&b"{\\rtf1"[..], &b"{\\*\\objdata 00".repeat(40)].concat();
    assert!(!look(&deep).gaps.is_empty());
    let mut long = b"{\\rtf1 ".to_vec();
    long.resize((64 << 20) + 100, b'x');
    long.extend(b"{y}");
    assert!(!look(&long).gaps.is_empty());
    assert!(look(b"{\\rtf1 {\\*\\objdata 00}}").gaps.is_empty());
}
