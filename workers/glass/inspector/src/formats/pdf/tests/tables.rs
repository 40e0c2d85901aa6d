//! Object streams, trailers and actions that are written so that a scan would miss them, or work for ever.

use airlock_proto::GapKind;

use super::{ROOT, deflated, look, pdf, stream};

const INNER: &[u8] = b"<</Type/Catalog/OpenAction 8 0 R>> <</S/JavaScript/JS<feff00610062>>>";

fn held(dict: &str, table: &str) -> Vec<u8> {
    let data = deflated(&[table.as_bytes(), INNER].concat());
    pdf(&[stream(&format!("/Type/ObjStm{dict}/Filter/FlateDecode"), &data)])
}

#[test]
fn the_last_of_many_repeated_keys_counts_and_the_rest_is_a_gap() {
    for (dict, gaps) in [
        ("/N 0/N 0/N 0/N 0/N 2/First 9", &[][..]),
        ("/N 2.0/First 9.0", &[]),
        ("/N 2/First 1/First 2/First 3/First 4/First 9", &[GapKind::TooMany]),
    ] {
        let seen = look(&held(dict, "7 0 8 35 "));
        assert!(seen.has("pdf-js", b"ab"), "{dict}");
        let told: Vec<GapKind> = seen.gaps.into_iter().filter(|gap| *gap != GapKind::Malformed).collect();
        assert_eq!(told, gaps, "{dict}");
    }
}

#[test]
fn a_table_of_more_objects_than_are_made_is_a_gap() {
    let table = "1 0 ".repeat(2_000_010);
    let data = [table.as_bytes(), b"7"].concat();
    let dict = format!("/Type/ObjStm/First {}/Filter/FlateDecode", table.len());
    let seen = look(&pdf(&[stream(&dict, &deflated(&data))]));
    assert!(seen.gaps.contains(&GapKind::Malformed) || seen.gaps.contains(&GapKind::OverBudget));
}

#[test]
fn what_a_catalog_within_the_trailer_names_is_handed_out() {
    let file = |trailer: &str, between: &str| {
        let form = stream("", b"<script>app.alert(2)</script>");
        let mut file = pdf(&[ROOT.to_vec(), stream("", b"MZ carried"), form]);
        file.extend(between.bytes());
        file.extend(format!("trailer<<{trailer}/Root<</Type/Catalog/AcroForm<</XFA 3 0 R>>").bytes());
        file.extend(b"/Names<</EmbeddedFiles<</Names[(a)<</F(e.exe)/EF<</F 2 0 R>>>>]>>>>>>>>\n");
        file
    };
    let long = format!("/X({})", "a".repeat(70_000));
    for (trailer, between) in [("", String::new()), (&long, String::new()), ("", "%trailer\n".repeat(5000))] {
        let seen = look(&file(trailer, &between));
        assert!(seen.has("pdf-js", b"app.alert(2)"));
        assert!(seen.found("pdf.embedded_exec").is_some());
    }
    let mut hidden = file("", "");
    let at = hidden.windows(7).rposition(|w| w == b"trailer").unwrap();
    let tail = hidden.split_off(at);
    let start = hidden.len() + 9;
    hidden.extend(b"9 0 obj\n");
    hidden.extend(stream("", &tail));
    assert!(!look(&hidden).has("pdf-js", b"app.alert(2)"));
    hidden.extend(format!("\nendobj\nstartxref\n{}\n%%EOF", start + 40).bytes());
    assert!(look(&hidden).has("pdf-js", b"app.alert(2)"));
}

#[test]
fn what_actions_name_elsewhere_or_in_two_bytes_is_a_layer() {
    let uri = |member: &[u8], beside: &[u8]| {
        let holder = stream(
            "/Type/ObjStm/N 1/First 4/Filter/FlateDecode",
            &deflated(&[b"7 0 ", member].concat()),
        );
        look(&pdf(&[holder, beside.to_vec()]))
    };
    let wide = uri(b"<</S/URI/URI(\xfe\xff\0h\0t\0t\0p\0:\0/\0/\0x)>>", b"1");
    assert!(wide.has("pdf-actions", b"http://x"));
    assert!(uri(b"<</S/URI/URI 2 0 R>>", b"<687474703a2f2f78>").has("pdf-actions", b"http://x"));
    assert!(!uri(b"<</S/URI/URI 2 0 R>>", b"(http://x)").has("pdf-actions", b"http://x"));
}

#[test]
fn of_very_many_links_the_odd_ones_are_told() {
    let links: String = (0..200).map(|n| format!("<</S/URI/URI(http://a.example/{n})>>")).collect();
    let seen = look(&pdf(&[format!("[{links}<</S/URI/URI(javascript:x)>>]").into_bytes()]));
    let odd = seen.found.iter().filter(|found| found.id.starts_with("pdf.uri_")).count();
    assert_eq!((odd, seen.gaps.len()), (1, 0), "{:?}", seen.found);
}

#[test]
fn what_many_share_is_read_once() {
    let names = format!("<</Names[{}]>>", "(a) 1 0 R ".repeat(20_000));
    let shared = "<</JavaScript 2 0 R/AA 3 0 R/AcroForm<</XFA 4 0 R>>>>".repeat(5_000);
    let launches = "<</S/Launch/F<7a71>>>".repeat(100_000);
    let events = format!("<<{}>>", "/O 1 0 R".repeat(20_000));
    let packets = format!("[{}]", "(a) 1 0 R ".repeat(20_000));
    let bodies = [format!("[{shared}{launches}]"), names, events, packets];
    let seen = look(&pdf(&bodies.map(String::into_bytes)));
    assert!(seen.has("pdf-actions", b"zq"));
}
