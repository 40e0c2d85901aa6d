//! What a ZIP is used as, by its content: Office documents by their content types, others by the parts that they must have.

use super::decode::{self, Plan};
use super::find::{self, near_end};
use super::ranges::Ranges;
use super::record::{Central, Fields, Local};
use crate::reader::size;

/// Longest part that is read for a label, in bytes.
const MOST: u64 = 1 << 20;
/// Most directory headers that are looked at for a label.
const HEADERS: usize = 20_000;

/// Main part content types (ECMA-376 part 1, section 15.2 and MS-OFFMACRO2), longest first where one holds another.
const CONTENT_TYPES: &[(&str, &str)] = &[
    ("application/vnd.ms-word.document.macroenabled.main+xml", "docm"),
    ("application/vnd.ms-word.template.macroenabledtemplate.main+xml", "dotm"),
    ("application/vnd.ms-excel.sheet.macroenabled.main+xml", "xlsm"),
    ("application/vnd.ms-excel.template.macroenabled.main+xml", "xltm"),
    ("application/vnd.ms-excel.addin.macroenabled.main+xml", "xlam"),
    ("application/vnd.ms-excel.sheet.binary.macroenabled.main", "xlsb"),
    ("application/vnd.ms-powerpoint.presentation.macroenabled.main+xml", "pptm"),
    ("application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml", "ppsm"),
    ("application/vnd.ms-powerpoint.template.macroenabled.main+xml", "potm"),
    ("application/vnd.ms-powerpoint.addin.macroenabled.main+xml", "ppam"),
    ("application/vnd.ms-visio.drawing.macroenabled.main+xml", "vsdm"),
    ("application/vnd.ms-visio.drawing.main+xml", "vsdx"),
    ("wordprocessingml.document.main+xml", "docx"),
    ("wordprocessingml.template.main+xml", "dotx"),
    ("spreadsheetml.sheet.main+xml", "xlsx"),
    ("spreadsheetml.template.main+xml", "xltx"),
    ("presentationml.presentation.main+xml", "pptx"),
    ("presentationml.slideshow.main+xml", "ppsx"),
    ("presentationml.template.main+xml", "potx"),
    ("application/vnd.ms-package.xps-fixeddocumentsequence+xml", "xps"),
    ("application/oxps", "xps"),
];

/// Media types of OpenDocument (ODF 1.3 part 2, section 3.3) and of its predecessor, longest first where one begins another.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("application/vnd.oasis.opendocument.text-template", "ott"),
    ("application/vnd.oasis.opendocument.text-master", "odm"),
    ("application/vnd.oasis.opendocument.text-web", "oth"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet-template", "ots"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.presentation-template", "otp"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/vnd.oasis.opendocument.graphics-template", "otg"),
    ("application/vnd.oasis.opendocument.graphics", "odg"),
    ("application/vnd.oasis.opendocument.formula", "odf"),
    ("application/vnd.oasis.opendocument.base", "odb"),
    ("application/vnd.oasis.opendocument.database", "odb"),
    ("application/vnd.oasis.opendocument.chart", "odc"),
    ("application/vnd.oasis.opendocument.image", "odi"),
    ("application/vnd.sun.xml.writer", "sxw"),
    ("application/vnd.sun.xml.calc", "sxc"),
    ("application/vnd.sun.xml.impress", "sxi"),
    ("application/vnd.sun.xml.draw", "sxd"),
    ("application/vnd.sun.xml.math", "sxm"),
    ("application/epub+zip", "epub"),
];

/// Folders of the main parts, for when the content types are damaged.
const FOLDERS: &[(&str, &str)] = &[
    ("xl/workbook.bin", "xlsb"),
    ("word/", "docx"),
    ("xl/", "xlsx"),
    ("ppt/", "pptx"),
    ("visio/", "vsdx"),
];

/// Whether the label is one of Office Open XML.
pub fn is_ooxml(label: &str) -> bool {
    label == "ooxml" || CONTENT_TYPES.iter().any(|(_, name)| *name == label && *name != "xps")
}

/// Whether the label is one of OpenDocument or its predecessor.
pub fn is_odf(label: &str) -> bool {
    label != "epub" && MEDIA_TYPES.iter().any(|(_, name)| *name == label)
}

/// The label of an archive.
pub fn of(bytes: &[u8]) -> &'static str {
    let parts = parts(bytes);
    let named = |name: &str| parts.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()));
    let has = |prefix: &str| {
        parts.iter().any(|p| {
            p.name
                .get(..prefix.len())
                .is_some_and(|n| n.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    };
    if let Some(types) = named("[Content_Types].xml") {
        let types = plain(&text(bytes, types, MOST));
        let known = CONTENT_TYPES.iter().find(|(kind, _)| types.contains(kind));
        let label = known.or_else(|| FOLDERS.iter().find(|(folder, _)| has(folder)));
        return label.map_or("ooxml", |(_, name)| name);
    }
    let media = named("mimetype").or_else(|| named("META-INF/manifest.xml"));
    let media = media.map(|part| plain(&text(bytes, part, MOST))).unwrap_or_default();
    if let Some((_, name)) = MEDIA_TYPES.iter().find(|(kind, _)| media.contains(kind)) {
        return name;
    }
    if named("AndroidManifest.xml").is_some() {
        return "apk";
    }
    if named("META-INF/MANIFEST.MF").is_some() {
        return "jar";
    }
    if has("_rels/.rels") {
        return FOLDERS.iter().find(|(folder, _)| has(folder)).map_or("ooxml", |(_, name)| name);
    }
    "zip"
}

/// Text without what UTF-16 puts between its letters, in lowercase.
fn plain(bytes: &[u8]) -> String {
    let letters: Vec<u8> = bytes.iter().copied().filter(|b| *b != 0).collect();
    String::from_utf8_lossy(&letters).to_lowercase()
}

/// A part whose content can be read.
struct Part<'a> {
    name: &'a [u8],
    fields: Fields<'a>,
    data: usize,
}

/// The first `most` bytes of a part by its name (ignoring case); `None` when it is not there.
pub fn part(bytes: &[u8], name: &str, most: u64) -> Option<Vec<u8>> {
    let parts = parts(bytes);
    let part = parts.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(text(bytes, part, most))
}

fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let directory = near_end(bytes).and_then(|end| find::of_end(bytes, end, &[], &Ranges::default()).into_iter().next());
    if let Some(directory) = directory {
        let read = |header: &Central<'_>| find::local_of(bytes, header, directory.base).map(|l| l.data);
        return directory
            .headers
            .iter()
            .take(HEADERS)
            .map(|header| Part {
                name: header.fields.name,
                fields: header.fields,
                data: read(header).unwrap_or(usize::MAX),
            })
            .collect();
    }
    let part = |local: Local<'_>| local.data;
    memchr::memmem::find_iter(bytes, b"PK\x03\x04")
        .take(HEADERS)
        .filter_map(|at| find::lone(bytes, at))
        .map(|local| Part {
            name: local.fields.name,
            fields: local.fields,
            data: part(local),
        })
        .collect()
}

fn text(bytes: &[u8], part: &Part<'_>, most: u64) -> Vec<u8> {
    use std::io::Read;
    let rest = bytes.get(part.data..).unwrap_or_default();
    let bounded = rest.get(..size(part.fields.packed)).unwrap_or(rest);
    let data = if part.fields.method == 8 { rest } else { bounded };
    let plan = Plan {
        method: part.fields.method,
        flags: part.fields.flags,
        plain: part.fields.plain,
        room: MOST,
    };
    let mut out = Vec::new();
    // What cannot be read gives no label; the member itself tells why when it is opened.
    let _ = decode::with(data, plan, &mut |reader| {
        let _ = reader.take(most).read_to_end(&mut out);
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlock_forge::odf::odt;
    use airlock_forge::office::{Ooxml, Package};
    use airlock_forge::zip::simple;

    #[test]
    fn documents_are_named_by_their_content() {
        assert_eq!(of(&Package::new(Ooxml::Docx, "x").build()), "docx");
        assert_eq!(of(&Package::new(Ooxml::Xlsx, "x").build()), "xlsx");
        assert_eq!(of(&Package::new(Ooxml::Pptx, "x").build_macro()), "pptm");
        assert_eq!(of(&odt("x", "", &[])), "odt");
        assert_eq!(of(&simple(&[("a.txt", b"x")])), "zip");
        assert_eq!(of(&simple(&[("META-INF/MANIFEST.MF", b"x")])), "jar");
    }

    #[test]
    fn a_document_without_a_directory_keeps_its_name() {
        let bytes = Package::new(Ooxml::Docx, "x").build();
        let cut = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        assert_eq!(of(&bytes[..cut]), "docx");
    }
}
