//! Every file the forge makes, by family; what a scanner must find in it, and what hides it.

use crate::zip::{Archive, Entry};
use crate::{behind, demo, eicar, kinds, lha, lnk, marker, names, office, ole, payload, pdf, rar, rtf, streams, tarball, vba, web, zip};

/// One file of a family.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Folder, such as `zip` or `office`.
    pub family: &'static str,
    /// File name.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The marker that an inspector has to reach, or nothing where no marker is inside or a key or a limit hides it.
    pub marker: Option<String>,
}

/// All families, in the order of [`family`]'s names.
pub const FAMILIES: [&str; 16] = [
    "zip", "names", "streams", "tar", "rar", "lha", "office", "vba", "ole", "pdf", "web", "behind", "lnk", "kinds", "mixed", "eicar",
];

/// Families of large files: `limits` (long when unpacked) and `bombs`.
pub const HEAVY: [&str; 2] = ["limits", "bombs"];

/// The files of one family; an unknown name gives none.
pub fn family(name: &str) -> Vec<Sample> {
    match name {
        "zip" => zip_samples(),
        "names" => seeded("names", names::samples(), &[]),
        "streams" => seeded("streams", streams::samples(), &[]),
        "tar" => seeded("tar", tarball::samples(), &["cut"]),
        "rar" => seeded("rar", rar::samples(), &["rar5-password", "rar5-hidden-names"]),
        "lha" => seeded("lha", lha::samples(), &[]),
        "office" => seeded("office", office::samples(), &["docx-embedded-eicar"]),
        "ole" => seeded("ole", ole::samples(), &[]),
        "pdf" => seeded("pdf", pdf::samples(), &["pdf-attachment-eicar"]),
        "web" => seeded("web", web::samples(), &["html-smuggling-eicar", "html-smuggling-split", "js-eval"]),
        "behind" => seeded("behind", behind::samples(), &[]),
        "lnk" => seeded("lnk", lnk::samples(), &[]),
        "vba" => seeded("vba", macros(), &[]),
        "kinds" => kinds::samples().into_iter().map(kind_sample).collect(),
        "mixed" => mixed(),
        "eicar" => eicar_samples(),
        "limits" => zip::big_tricks()
            .into_iter()
            .map(|t| from_trick("limits", t))
            .chain([late_marker()])
            .collect(),
        "bombs" => bombs().into_iter().map(|(name, bytes)| plain("bombs", name, bytes)).collect(),
        "demo" => demo::files().into_iter().map(|(name, bytes)| plain("demo", name, bytes)).collect(),
        _ => Vec::new(),
    }
}

/// Every sample of every family that is neither large nor a bomb.
pub fn all() -> Vec<Sample> {
    FAMILIES.iter().flat_map(|name| family(name)).collect()
}

/// The bombs: name, bytes. Made in seconds; see each function for what it unpacks to.
pub fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("zeros-10gib.gz", streams::gzip_bomb()),
        ("zeros-10gib.bz2", streams::bzip2_bomb()),
        ("zeros-10gib.xz", streams::xz_bomb()),
        ("zeros-10gib.zip", zip_bomb()),
        ("quine.zip", zip::quine()),
        ("overlap-full-1000.zip", zip::full_overlap(1000, &vec![0; 16 << 20])),
        ("overlap-quoted-1000.zip", zip::quoted_overlap(1000, 16 << 20, 1)),
        ("nested-100.zip", zip::nested(100, &payload("nested-100"))),
        ("members-20000.zip", zip::many_members(20_000, "members-20000")),
        ("lying-size.zip", {
            let long = vec![b'A'; 64 << 20];
            Archive::of(vec![Entry::deflated("long.txt", &long).both(|f| f.plain = 10)]).build()
        }),
    ]
}

/// 10 GiB of zeros in one zip64 member.
pub fn zip_bomb() -> Vec<u8> {
    Archive::of(vec![zip::zeros("zeros.bin", 64 << 20, 160)])
        .with(|a| a.zip64 = true)
        .build()
}

/// The marker test's deep one: a docx in a tar.xz in a zip.
pub fn docx_in_tar_xz_in_zip(seed: &str) -> Vec<u8> {
    let docx = office::Package::new(office::Ooxml::Docx, &marker(seed)).build();
    let tar = tarball::simple(&[("letters/letter.docx", &docx)]);
    zip::simple(&[("letters.tar.xz", &streams::xz(&tar))])
}

fn zip_samples() -> Vec<Sample> {
    let mut out: Vec<Sample> = zip::tricks().into_iter().map(|t| from_trick("zip", t)).collect();
    let locked =
        |seed: &str, entry: fn(&str, &[u8], &str) -> Entry| Archive::of(vec![entry("evil.txt", &payload(seed), "infected")]).build();
    out.push(plain("zip", "zipcrypto-infected.zip", locked("zipcrypto", zip::zipcrypto)));
    out.push(plain("zip", "aes256-infected.zip", locked("aes256", zip::aes256)));
    out
}

/// A `.docm` for each macro behaviour.
fn macros() -> Vec<(String, Vec<u8>)> {
    let document = |project| {
        office::Package::new(office::Ooxml::Docx, "A letter.")
            .project(project)
            .build_macro()
    };
    vba::behaviours()
        .into_iter()
        .map(|(label, project)| (format!("{label}.docm"), document(project)))
        .collect()
}

/// Only the files of two kinds and the self-extractor hold a marker that must be found.
fn kind_sample((name, bytes): (&'static str, Vec<u8>)) -> Sample {
    let holds = ["self-extractor.exe", "pdf-and-zip.pdf", "gif-and-zip.gif"].contains(&name);
    let seed = name.split('.').next().unwrap_or(name);
    Sample {
        marker: holds.then(|| marker(seed)),
        ..plain("kinds", name, bytes)
    }
}

fn mixed() -> Vec<Sample> {
    let deep = |seed: &str, bytes: Vec<u8>, name: &str| Sample {
        marker: Some(marker(seed)),
        ..plain("mixed", name, bytes)
    };
    let solid = rar::samples()
        .into_iter()
        .find(|(name, _)| *name == "rar5-solid.rar")
        .map_or(Vec::new(), |(_, bytes)| bytes);
    vec![
        deep("docx-tar-xz-zip", docx_in_tar_xz_in_zip("docx-tar-xz-zip"), "docx-tar-xz-zip.zip"),
        deep(
            "gz-zip-tar-xz-bz2-zip",
            six_deep("gz-zip-tar-xz-bz2-zip"),
            "gz-zip-tar-xz-bz2-zip.zip",
        ),
        deep("rar5-solid", zip::simple(&[("solid.rar", &solid)]), "solid-rar-in.zip"),
        deep(
            "lh5-in-tar",
            tarball::simple(&[("a.lzh", &lha::build(&[lha::Member::new("a.txt", &payload("lh5-in-tar"), 2, true)]))]),
            "lh5-in.tar",
        ),
        deep(
            "pdf-in-docx",
            office::Package::new(office::Ooxml::Docx, "A letter.")
                .embed("page.pdf", &pdf::javascript_in_object_stream("pdf-in-docx"))
                .build(),
            "pdf-in.docx",
        ),
        plain("mixed", "password-beside.zip", {
            let note = b"The password is: infected\r\n".as_slice();
            Archive::of(vec![
                Entry::deflated("password.txt", note),
                zip::zipcrypto("evil.txt", &payload("password-beside"), "infected"),
            ])
            .build()
        }),
        plain(
            "mixed",
            "fake-picture.jpg",
            zip::simple(&[("page.html", &web::plain("fake-picture"))]),
        ),
    ]
}

fn six_deep(seed: &str) -> Vec<u8> {
    let gz = streams::gzip("evil.txt", &payload(seed));
    let inner = zip::simple(&[("evil.txt.gz", &gz)]);
    let tar = tarball::simple(&[("inner.zip", &inner)]);
    zip::simple(&[("inner.tar.xz.bz2", &streams::bzip2(&streams::xz(&tar)))])
}

fn eicar_samples() -> Vec<Sample> {
    let e = eicar();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("eicar.com", e.clone()),
        ("eicar-deflated.zip", zip::simple(&[("eicar.com", &e)])),
        ("eicar-stored.zip", Archive::of(vec![Entry::stored("eicar.com", &e)]).build()),
        ("eicar.gz", streams::gzip("eicar.com", &e)),
        ("eicar.bz2", streams::bzip2(&e)),
        ("eicar.xz", streams::xz(&e)),
        ("eicar.lzma", streams::lzma(&e)),
        ("eicar.tar", tarball::simple(&[("eicar.com", &e)])),
        ("eicar.rar", rar::Rar5::new().file("eicar.com", &e).build()),
        ("eicar.lzh", lha::build(&[lha::Member::new("eicar.com", &e, 2, true)])),
        ("eicar-zip-in.tar.xz", demo::eicar_in_zip_in_tar_xz()),
        ("eicar.pdf", pdf::attachment("eicar.com", &e)),
        (
            "eicar.rtf",
            rtf::rtf(
                "A letter.",
                &rtf::rtf_object("Package", &ole::ole1_package("eicar.com", &e), "", ""),
            ),
        ),
        ("eicar.doc", ole::doc_with_package("eicar.com", &e)),
        (
            "eicar.docx",
            office::Package::new(office::Ooxml::Docx, "A letter.")
                .embed("eicar.com", &e)
                .build(),
        ),
    ];
    files.into_iter().map(|(name, bytes)| plain("eicar", name, bytes)).collect()
}

/// A marker after 200 MiB of other members.
fn late_marker() -> Sample {
    let fillers = (0..4).map(|n| zip::filler(&format!("filler{n}.bin"), n, 50));
    let last = Entry::deflated("last.txt", &payload("after-200-mib"));
    let bytes = Archive::of(fillers.chain([last]).collect()).build();
    Sample {
        marker: Some(marker("after-200-mib")),
        ..plain("limits", "after-200-mib.zip", bytes)
    }
}

fn from_trick(family: &'static str, trick: zip::Trick) -> Sample {
    let seen = trick.must_see.then(|| marker(&trick.name[..3]));
    Sample {
        marker: seen,
        ..plain(family, &format!("{}.zip", trick.name), trick.bytes)
    }
}

/// Files whose marker is `marker(<name up to the first dot>)`, but for those `without` one that must be found.
fn seeded<N: AsRef<str>>(family: &'static str, files: Vec<(N, Vec<u8>)>, without: &[&str]) -> Vec<Sample> {
    let one = |(name, bytes): (N, Vec<u8>)| {
        let name = name.as_ref();
        let seed = name.split('.').next().unwrap_or(name);
        Sample {
            marker: (!without.contains(&seed)).then(|| marker(seed)),
            ..plain(family, name, bytes)
        }
    };
    files.into_iter().map(one).collect()
}

fn plain(family: &'static str, name: &str, bytes: Vec<u8>) -> Sample {
    Sample {
        family,
        name: name.to_owned(),
        bytes,
        marker: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_files_are_the_same_on_every_run() {
        let (first, second) = (all(), all());
        let names: std::collections::BTreeSet<_> = first.iter().map(|s| (s.family, s.name.clone())).collect();
        assert_eq!(names.len(), first.len());
        assert!(first.len() > 150);
        assert!(first.iter().zip(&second).all(|(a, b)| a.bytes == b.bytes));
    }

    #[test]
    fn a_family_that_nobody_knows_is_empty() {
        assert!(family("nothing").is_empty());
        assert!(FAMILIES.iter().all(|name| !family(name).is_empty()));
    }
}
