//! Legacy Office files in OLE2: a `.doc` with macros or a package, an `.xls` in BIFF8; and OLE1 objects (MS-OLEDS 2.2).

use crate::bits::{Le, utf16le};
use crate::cfb::Cfb;
use crate::vba::Project;
use crate::zip::{Archive, Entry};
use crate::{marker, vba};

/// A `.doc`-like file whose text is `text`: the streams that recognise it, enough for scanners, not for printing.
pub fn doc(text: &str) -> Cfb {
    let mut body = vec![0u8; 1536];
    body[..12].copy_from_slice(&[0xec, 0xa5, 0xc1, 0, 0, 0, 9, 4, 0, 0x10, 0xbf, 0]);
    body[0x18..0x1c].copy_from_slice(&1536u32.to_le_bytes());
    let text = utf16le(&format!("{text}\r"));
    body[0x1c..0x20].copy_from_slice(&(1536 + text.len() as u32).to_le_bytes());
    body.extend_from_slice(&text);
    body.resize(4096.max(body.len()), 0);
    Cfb::new()
        .class("", [0x06, 0x09, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46])
        .stream("WordDocument", &body)
        .stream("1Table", &vec![0; 4096])
        .stream("\u{1}CompObj", &comp_obj("Microsoft Word 97-2003 Document", "Word.Document.8"))
}

/// A `.doc` with a VBA project.
pub fn doc_with_macros(project: Project) -> Vec<u8> {
    project.into_cfb(doc("A letter with macros."), "Macros/").build()
}

/// A `.doc` with two ZIP archives in the middle of a stream, as PowerPoint and Word keep their themes.
pub fn doc_with_theme(data: &[u8]) -> Vec<u8> {
    let theme = |data: &[u8]| Archive::of(vec![Entry::deflated("theme/theme1.xml", data)]).build();
    let stream = [
        crate::noise(7, 3000),
        theme(b"<theme/>"),
        crate::noise(8, 900),
        theme(data),
        crate::noise(9, 90_000),
    ]
    .concat();
    doc("A letter with a theme.").stream("Data", &stream).build()
}

/// A `.doc` with one package object that holds a file.
pub fn doc_with_package(name: &str, data: &[u8]) -> Vec<u8> {
    doc("A letter with an object.")
        .stream("ObjectPool/_1234567890/\u{1}Ole10Native", &ole10_native(name, data))
        .stream("ObjectPool/_1234567890/\u{1}CompObj", &comp_obj("OLE Package", "Package"))
        .class("ObjectPool/_1234567890", [0x0c, 0, 3, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46])
        .build()
}

/// The `\x01Ole10Native` stream of a packaged file (MS-OLEDS 2.3.6).
pub fn ole10_native(name: &str, data: &[u8]) -> Vec<u8> {
    let body = package(name, data);
    Le::new().u32(body.len() as u32).raw(body).0
}

/// An OLE1 embedded object of class `Package` with a file in it, as RTF's `\objdata` holds it (MS-OLEDS 2.2.5).
pub fn ole1_package(name: &str, data: &[u8]) -> Vec<u8> {
    let body = package(name, data);
    ole1("Package", &body)
}

/// An OLE1 embedded object of any class.
pub fn ole1(class: &str, body: &[u8]) -> Vec<u8> {
    let head = Le::new().u32(0x0501).u32(2).u32(class.len() as u32 + 1).cstr(class).u32(0).u32(0);
    head.u32(body.len() as u32).raw(body).0
}

/// An `.xls` in BIFF8 with one sheet and one text cell; `macro_sheet` makes it a hidden Excel 4.0 macro sheet.
pub fn xls(cell: &str, macro_sheet: bool) -> Vec<u8> {
    let text = |s: &str| Le::new().u16(s.len() as u16).u8(0).raw(s).0;
    let name = Le::new().u8(6).u8(0).raw("Sheet1").0;
    let begin = |kind: u16| record(0x0809, &Le::new().u16(0x0600).u16(kind).u16(0x0dbb).u16(0x07cc).u32(0x41).u32(6).0);
    let font = record(
        0x0031,
        &Le::new()
            .u16(200)
            .u16(0)
            .u16(0x7fff)
            .u16(400)
            .u16(0)
            .u8(0)
            .u8(0)
            .u8(0)
            .u8(0)
            .u8(5)
            .u8(0)
            .raw("Arial")
            .0,
    );
    let style = record(0x00e0, &[0; 20]);
    let sheet_record_len = 4 + 6 + name.len();
    let before = [begin(5), record(0x0042, &1200u16.to_le_bytes()), font, style].concat();
    let end = record(0x000a, &[]);
    let at = (before.len() + sheet_record_len + end.len()) as u32;
    let kind = if macro_sheet { [2, 1] } else { [0, 0] };
    let sheet = record(0x0085, &Le::new().u32(at).raw(kind).raw(name).0);
    let cells = [
        begin(if macro_sheet { 0x0040 } else { 0x0010 }),
        record(0x0200, &Le::new().u32(0).u32(1).u16(0).u16(1).u16(0).0),
        record(0x0204, &Le::new().u16(0).u16(0).u16(0).raw(text(cell)).0),
    ]
    .concat();
    let mut book = [before, sheet, end.clone(), cells, end].concat();
    book.resize(4096.max(book.len()), 0);
    Cfb::new()
        .class("", [0x20, 0x08, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46])
        .stream("Workbook", &book)
        .build()
}

/// Every OLE2 file: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("doc-clean.doc", doc(&marker("doc-clean")).build()),
        ("doc-macro.doc", doc_with_macros(vba::auto_open("doc-macro"))),
        ("doc-package.doc", doc_with_package("evil.txt", &crate::payload("doc-package"))),
        (
            "doc-tail.doc",
            [doc("A letter.").build(), crate::payload("doc-tail"), crate::noise(4, 600)].concat(),
        ),
        ("doc-theme.doc", doc_with_theme(&crate::payload("doc-theme"))),
        ("xls-clean.xls", xls(&marker("xls-clean"), false)),
        ("xls-macro-sheet.xls", xls(&marker("xls-macro-sheet"), true)),
    ]
}

/// Native data of a package: label, file name, temporary path, then the file.
fn package(name: &str, data: &[u8]) -> Vec<u8> {
    let path = format!("C:\\Temp\\{name}");
    let head = Le::new()
        .u16(2)
        .cstr(name)
        .cstr(&path)
        .u16(0)
        .u16(3)
        .u32(path.len() as u32 + 1)
        .cstr(&path);
    head.u32(data.len() as u32).raw(data).0
}

fn comp_obj(user_type: &str, prog_id: &str) -> Vec<u8> {
    let ansi = |out: Le, s: &str| out.u32(s.len() as u32 + 1).cstr(s);
    let head = Le::new().u32(0xfffe_0001).u32(0x0a03).u32(0xffff_ffff).raw([0; 16]);
    ansi(ansi(head, user_type).u32(0), prog_id).u32(0x71b2_39f4).u32(0).u32(0).u32(0).0
}

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    Le::new().u16(kind).u16(body.len() as u16).raw(body).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn the_package_and_the_project_stand_where_readers_look() {
        let open = |bytes: Vec<u8>, path: &str| {
            let mut out = Vec::new();
            let mut file = ::cfb::CompoundFile::open_strict(Cursor::new(bytes)).unwrap();
            file.open_stream(path).unwrap().read_to_end(&mut out).unwrap();
            out
        };
        let native = open(doc_with_package("a.txt", b"hello"), "/ObjectPool/_1234567890/\u{1}Ole10Native");
        assert!(native.ends_with(b"\x05\0\0\0hello"));
        assert_eq!(
            native.len() as u32 - 4,
            u32::from_le_bytes([native[0], native[1], native[2], native[3]])
        );
        assert!(!open(doc_with_macros(vba::auto_open("t")), "/Macros/VBA/Module1").is_empty());
    }
}
