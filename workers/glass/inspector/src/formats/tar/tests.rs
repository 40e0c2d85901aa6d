//! Archives with something in front of them, through the walk.

use crate::formats::ole2::tests::look;

fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let packed = airlock_forge::streams::gzip("a.txt", b"MARKER of a member");
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(packed.len()).unwrap());
    builder.append_data(&mut header, "a.gz", packed.as_slice()).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn what_stands_in_front_of_the_first_header_is_skipped_and_seen() {
    let page = b"<html><body>hello</body></html>"
        .iter()
        .copied()
        .chain(std::iter::repeat(b'\n'))
        .take(512)
        .collect::<Vec<u8>>();
    for front in [vec![b'J'; 512], vec![0; 512], vec![0; 4096], page, vec![b'J'; 512 * 300]] {
        let seen = look(&[front.clone(), archive()].concat());
        assert!(seen.findings.iter().any(|(id, _)| id.starts_with("MARKER@")), "{}", front.len());
        assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
    }
}

#[test]
fn a_header_within_another_archive_is_a_member_of_it() {
    let stored = airlock_forge::zip::Entry::stored("a.tar", &archive());
    let mut zip = airlock_forge::zip::Archive::of(vec![stored]);
    zip.prefix = Vec::new();
    let seen = look(&zip.build());
    assert!(!seen.has("poly.multi_format"), "{:?}", seen.findings);
}
