//! Tests of `decode`.

use super::*;
use airlock_forge::{bits, streams};

fn plan(method: u16) -> Plan {
    Plan {
        method,
        flags: 0,
        plain: 0,
        room: 1 << 28,
    }
}

#[test]
fn a_deflate_stream_knows_where_it_ended() {
    let packed = [bits::deflate(b"hello hello hello"), vec![7; 9]].concat();
    let tally = measure(&packed, plan(8), u64::MAX).unwrap();
    assert_eq!((tally.len, tally.used, tally.ended), (17, packed.len() - 9, true));
    assert_eq!(tally.crc, crc32fast::hash(b"hello hello hello"));
}

#[test]
fn a_cut_stream_is_truncated_and_a_wrong_one_malformed() {
    let packed = bits::deflate(b"hello hello hello");
    let cut = measure(&packed[..packed.len() - 4], plan(8), u64::MAX).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
    let wrong = measure(&[0xff; 40], plan(8), u64::MAX).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidData);
}

#[test]
fn bzip2_and_lzma_are_read_and_zstd_is_unsupported() {
    let plain = vec![b'x'; 5000];
    let crc = crc32fast::hash(&plain);
    assert_eq!(measure(&streams::bzip2(&plain), plan(12), u64::MAX).unwrap().crc, crc);
    let lzma = Plan { flags: 2, ..plan(14) };
    assert_eq!(measure(&streams::zip_lzma(&plain), lzma, u64::MAX).unwrap().crc, crc);
    assert_eq!(measure(&plain, plan(93), u64::MAX).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_greedy_dictionary_is_refused_before_it_is_allocated() {
    let data = [9, 20, 5, 0, 0x5d, 0xff, 0xff, 0xff, 0xff, 0, 0, 0];
    let e = measure(&data, Plan { room: 1 << 20, ..plan(14) }, u64::MAX).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::OutOfMemory);
}
