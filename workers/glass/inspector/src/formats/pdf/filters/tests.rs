//! Tests of `filters`.

use std::io::Write;

use super::*;

fn decode(data: &[u8], names: &[&[u8]]) -> (Vec<u8>, Option<ErrorKind>) {
    let filters: Vec<Filter> = names.iter().map(|n| Filter::named(n)).collect();
    let mut out = Vec::new();
    let mut reader = chain(data, &filters).unwrap();
    let error = reader.read_to_end(&mut out).err().map(|e| e.kind());
    (out, error)
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn each_filter_decodes() {
    assert_eq!(decode(b"48 65 6c6C 6f7>", &[b"AHx"]).0, b"Hellop");
    assert_eq!(decode(b"87cURD]i,\"Ebo80~>", &[b"ASCII85Decode"]).0, b"Hello World!");
    assert_eq!(decode(b"z!!~>", &[b"A85"]).0, b"\0\0\0\0\0");
    assert_eq!(decode(&[2, b'a', b'b', b'c', 254, b'd', 128, 7], &[b"RL"]).0, b"abcddd");
    assert_eq!(
        decode(&[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01], &[b"LZWDecode"]).0,
        b"-----A---B"
    );
    assert_eq!(decode(&deflated(b"text"), &[b"Fl"]), (b"text".to_vec(), None));
}

#[test]
fn a_chain_is_undone_in_order() {
    let hex: String = deflated(b"inner").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(decode(hex.as_bytes(), &[b"AHx", b"Fl"]).0, b"inner");
}

#[test]
fn what_inflates_of_a_cut_stream_is_kept() {
    let text: Vec<u8> = (0..20_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
    let data = deflated(&text);
    let (out, error) = decode(&data[..data.len() / 2], &[b"Fl"]);
    assert!(out.len() > 1000 && text.starts_with(&out));
    assert_eq!(error, Some(ErrorKind::UnexpectedEof));
    // The checksum alone may be missing or wrong.
    assert_eq!(decode(&data[..data.len() - 4], &[b"Fl"]), (text, None));
}

#[test]
fn an_unknown_filter_is_unsupported() {
    let error = chain(b"", &[Filter::named(b"Foo")]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
