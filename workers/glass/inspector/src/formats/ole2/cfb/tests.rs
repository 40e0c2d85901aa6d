//! Tests of `cfb`.

use super::entry::decode_name;
use super::*;

use std::io::{Cursor, ErrorKind, Write};

/// A compound file with the given streams, for the tests of this family.
pub(crate) fn build(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        let path = std::path::Path::new("/").join(path);
        file.create_storage_all(path.parent().unwrap()).unwrap();
        file.create_stream(&path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn small_and_large_streams_come_out_with_their_paths() {
    let large: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = build(&[("a/b/small", b"tiny"), ("large", &large)]);
    let cfb = Cfb::open(&file).unwrap();
    let streams: Vec<(String, Vec<u8>)> = cfb
        .entries()
        .filter(|(_, e)| e.kind == Kind::Stream)
        .map(|(_, e)| (cfb.path(e), cfb.read(e, 1 << 20).0))
        .collect();
    assert!(streams.contains(&("a/b/small".into(), b"tiny".to_vec())));
    assert!(streams.contains(&("large".into(), large)));
    assert!(cfb.wrong.is_empty(), "{:?}", cfb.wrong);
    assert_eq!(cfb.end(), file.len());
}

#[test]
fn a_cut_file_gives_what_is_left_and_says_so() {
    let large = vec![7_u8; 20_000];
    let mut file = build(&[("large", &large)]);
    // The stream's sectors lie at the end of what the writer made.
    file.truncate(file.len() - 4096);
    let cfb = Cfb::open(&file).unwrap();
    let (_, entry) = cfb.entries().find(|(_, e)| e.name == "large").unwrap();
    let mut got = Vec::new();
    let error = cfb.reader(entry).read_to_end(&mut got).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(got.len() >= 10_000 && got.iter().all(|b| *b == 7));
}

#[test]
fn a_loop_ends() {
    let mut file = build(&[("large", &vec![7_u8; 20_000])]);
    let fat = 512 * (1 + usize::from(file[76]));
    for n in 0..128 {
        // Every sector is followed by itself.
        let at = fat + n * 4;
        file[at..at + 4].copy_from_slice(&u32::try_from(n).unwrap().to_le_bytes());
    }
    let cfb = Cfb::open(&file).unwrap();
    assert!(!cfb.wrong.is_empty());
    for (_, entry) in cfb.entries() {
        let (bytes, _) = cfb.read(entry, 1 << 30);
        assert!(bytes.len() <= 2 * file.len());
    }
}

#[test]
fn names_of_msi_tables_are_decoded() {
    assert_eq!(
        decode_name(&[0x4840, 0x3f3f, 0x4577, 0x446c, 0x3b6a, 0x45e4, 0x4824]),
        "!_StringData"
    );
}
