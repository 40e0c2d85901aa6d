//! Every trick that the forge knows: the marker must be seen, or there must be a gap.

use airlock_forge::zip::{Archive, Entry, aes256, full_overlap, many_members, simple, tricks, zipcrypto};
use airlock_forge::{marker, noise, payload};
use airlock_proto::frame::{Frame, JobHeader};
use airlock_proto::{GapKind, Limits};

use crate::{Surroundings, inspect};

struct Seen {
    hashes: Vec<String>,
    layers: Vec<String>,
    names: Vec<String>,
    formats: Vec<String>,
    gaps: Vec<GapKind>,
    found: Vec<String>,
}

impl Seen {
    fn has(&self, bytes: &[u8]) -> bool {
        use sha2::Digest;
        self.hashes.contains(&data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes)))
    }

    fn found(&self, id: &str) -> bool {
        self.found.iter().any(|f| f == id)
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
    let mut seen = Seen {
        hashes: vec![],
        layers: vec![],
        names: vec![],
        formats: vec![],
        gaps: vec![],
        found: vec![],
    };
    let mut emit = |frame: Frame| {
        match frame {
            Frame::Node(n) => {
                seen.hashes.push(n.sha256);
                seen.layers.push(n.layer);
                seen.names.push(n.name);
                seen.formats.push(n.format);
            }
            Frame::Gap { gap, .. } => seen.gaps.push(gap.kind),
            Frame::Finding(f) => seen.found.push(f.id),
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

#[test]
fn every_trick_shows_its_payload_without_a_gap_or_leaves_a_gap() {
    for trick in tricks() {
        let seen = look(&trick.bytes);
        let seed = &trick.name[..3];
        if trick.must_see {
            assert!(seen.has(&payload(seed)), "{}: {:?} {:?}", trick.name, seen.names, seen.gaps);
            assert_eq!(seen.gaps, [], "{}", trick.name);
        } else if trick.name != "z50-symlink" {
            assert!(!seen.gaps.is_empty(), "{}", trick.name);
        }
    }
}

#[test]
fn every_trick_is_named() {
    let expected = [
        ("z02", "zip.name_mismatch"),
        ("z03", "zip.method_lies"),
        ("z04", "zip.method_mismatch"),
        ("z05", "zip.method_lies"),
        ("z06", "zip.method_lies"),
        ("z07", "zip.duplicate_name"),
        ("z08", "zip.concatenated"),
        ("z09", "zip.concatenated"),
        ("z10", "zip.unindexed_entry"),
        ("z11", "zip.unindexed_entry"),
        ("z12", "zip.gap_between_entries"),
        ("z13", "zip.prefix"),
        ("z14", "zip.eocd_beyond_64k"),
        ("z15", "zip.prefix"),
        ("z16", "zip.zip_in_comment"),
        ("z17", "zip.eocd_count_mismatch"),
        ("z18", "zip.cd_offset_wrong"),
        ("z19", "zip.fake_encryption"),
        ("z20", "zip.encflag_mismatch"),
        ("z21", "zip.encflag_mismatch"),
        ("z23", "zip.name_control_chars"),
        ("z26", "zip.bad_first_magic"),
        ("z28", "zip.size_mismatch"),
        ("z29", "zip.size_mismatch"),
        ("z30", "zip.crc_wrong_data"),
        ("z32", "zip.no_cd_recovered"),
        ("z34", "zip.rare_method"),
        ("z35", "zip.overlap"),
        ("z41", "zip.multi_disk"),
        ("z44", "zip.unsupported_method"),
        ("z48", "zip.unicode_path_differs"),
        ("z49", "zip.hidden_attr"),
        ("z51", "zip.extra_field_malformed"),
        ("z53", "zip.file_dir_same_name"),
    ];
    for (seed, id) in expected {
        let trick = tricks().into_iter().find(|t| t.name.starts_with(seed)).unwrap();
        let seen = look(&trick.bytes);
        assert!(seen.found(id), "{} lacks {id}: {:?}", trick.name, seen.found);
    }
}

#[test]
fn honest_archives_raise_nothing() {
    let inner = simple(&[("a.txt", b"one"), ("b.txt", b"two")]);
    let plain = Archive::of(vec![
        Entry::deflated("x.txt", b"x x x x x x"),
        Entry::stored("inner.zip", &inner),
        Entry::stored("folder/", b""),
        Entry::deflated("streamed.txt", b"y y y y y").streamed(true),
        Entry::deflated("bare.txt", b"z z z z z").streamed(false),
    ]);
    for archive in [plain.clone(), plain.with(|a| a.zip64 = true)] {
        let seen = look(&archive.build());
        let mine: Vec<_> = seen.found.iter().filter(|f| !f.starts_with("type.")).collect();
        assert!(mine.is_empty(), "{mine:?}");
        assert_eq!(seen.gaps, []);
        assert!(seen.has(b"one") && seen.has(b"two") && seen.has(b"y y y y y"));
        assert_eq!(seen.hashes.len(), 7, "{:?}", seen.names);
    }
}

#[test]
fn encrypted_members_open_with_a_password_and_are_a_gap_without() {
    let secret = payload("enc");
    for entry in [zipcrypto("s.txt", &secret, "s3cret"), aes256("s.txt", &secret, "s3cret")] {
        let bytes = Archive::of(vec![entry]).build();
        let shut = look(&bytes);
        assert_eq!(shut.gaps, [GapKind::PasswordNeeded]);
        assert!(shut.found("enc.archive") && !shut.has(&secret));
        let open = look_with(&bytes, &["no", "s3cret"]);
        assert!(open.gaps.is_empty() && open.has(&secret) && !open.found("enc.weak_password"));
    }
    let told = Archive::of(vec![zipcrypto("s.txt", &secret, "0pen")]).with(|a| a.comment = b"password: 0pen".to_vec());
    let told = look(&told.build());
    assert!(told.has(&secret) && told.found("enc.password_in_context"));
    let weak = look(&Archive::of(vec![zipcrypto("s.txt", &secret, "infected")]).build());
    assert!(weak.has(&secret) && weak.found("enc.weak_password"));
}

#[test]
fn a_comment_is_looked_at() {
    let told = |comment: &[u8]| {
        let archive = Archive::of(vec![Entry::stored("a.txt", b"abc")]).with(|a| a.comment = comment.to_vec());
        look(&archive.build()).layers.iter().any(|layer| layer == "comment")
    };
    assert!(told(b"\r\nstart calc\r\n") && told(b"Pictures of the summer"));
    assert!(!told(b"") && !told(b" \r\n"));
}

#[test]
fn a_cut_member_is_looked_at_and_the_rest_is_a_gap() {
    let text: Vec<u8> = noise(1, 3000);
    let bytes = Archive::of(vec![Entry::stored("a.txt", &text)]).build();
    let seen = look(&bytes[..2000]);
    assert_eq!(seen.gaps, [GapKind::Truncated]);
    assert!(seen.has(&text[..2000 - 35]));
    let packed = Archive::of(vec![Entry::deflated("a.txt", marker("cut").repeat(200).as_bytes())]).build();
    assert!(look(&packed[..60]).gaps.contains(&GapKind::Truncated));
}

#[test]
fn overlapping_and_many_members_stay_cheap() {
    let seen = look(&full_overlap(1000, &vec![b' '; 1 << 20]));
    assert_eq!(seen.hashes.len(), 2);
    assert!(seen.found("zip.overlap"));
    let many = look(&many_members(20_000, "many"));
    assert_eq!(many.gaps, [GapKind::TooMany]);
}

#[test]
fn bytes_of_other_formats_are_claimed_only_beside_them() {
    let archive = simple(&[("a.txt", b"one")]);
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 64], &archive].concat();
    let seen = look(&png);
    assert_eq!(seen.formats.first().map(String::as_str), Some("png"));
    assert!(seen.has(b"one") && seen.found("poly.multi_format"));
    // What stands behind the archive is no hindrance to an extractor, as long as it is short.
    let spliced = [b"%PDF-1.4\n1 0 obj\n".as_slice(), &archive, b"\nendobj\n%%EOF\n"].concat();
    assert!(look(&spliced).has(b"one"));
    let mut tar = vec![0_u8; 257];
    tar.extend(b"ustar\0");
    tar.resize(512, 0);
    tar.extend(&archive);
    tar.resize(10_240, 0);
    assert_eq!(look(&tar).formats.first().map(String::as_str), Some("tar"));
}

#[test]
fn a_bomb_is_named() {
    let bomb = Archive::of(vec![airlock_forge::zip::zeros("a", 80 << 20, 1)]).build();
    assert!(look(&bomb).found("zip.ratio_bomb"));
}

#[test]
fn signatures_without_end_stay_cheap() {
    let header = [&b"PK\x03\x04\x14\0\x08\0\0\0\0\0\0\0"[..], &[0; 12], b"\x01\0\0\0a"].concat();
    let seen = look(&header.repeat(100_000));
    assert!(seen.gaps.contains(&GapKind::TooMany));
    let ends = simple(&[("a", b"b")]);
    let end = ends[ends.len() - 22..].to_vec();
    assert!(look(&[ends, end.repeat(100_000)].concat()).has(b"b"));
}

#[test]
fn hidden_bytes_become_layers() {
    let archive = Archive::of(vec![Entry::stored("a.txt", b"one")]).with(|a| {
        a.gap = payload("gap");
        a.tail = payload("tail");
    });
    let seen = look(&archive.build());
    assert!(seen.has(&payload("gap")) && seen.has(&payload("tail")));
    assert!(seen.layers.iter().any(|l| l == "zip-gap") && seen.layers.iter().any(|l| l == "zip-tail"));
    assert!(seen.found("zip.gap_before_cd") && seen.found("zip.tail"));
}

#[test]
fn a_beginning_without_a_member_is_a_gap() {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\x37\0".to_vec();
    bytes.resize(26, 0);
    bytes.extend(b"\x03\0\0\0\xff\x01\x02");
    bytes.extend([b'x'; 200]);
    assert!(!look(&bytes).gaps.is_empty());
}
