//! What a ZIP that is a document says beside its members: encrypted parts, a manifest that lies, the cells of a spreadsheet.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock_proto::{Gap, GapKind};
use calamine::Reader as _;

use super::opc_xml::{self, Step};
use super::zip::label::{self, is_odf};
use crate::input::Input;
use crate::reader::len64;
use crate::sink::{Found, Sink};

/// Longest spreadsheet whose cells are read, in bytes; its parts unpacked may have as many.
const MOST_ARCHIVE: usize = 32 << 20;
const MOST_PARTS: u64 = 128 << 20;
/// Memory that must be left, because the reader takes what it likes.
const ROOM: u64 = 256 << 20;
/// Longest manifest that is read, in bytes.
const MOST_MANIFEST: u64 = 4 << 20;
/// Longest text of cells.
const MOST_CELLS: usize = 4 << 20;

/// Looks at a document as a package, once its members are through.
pub fn beside(label: &str, input: &Input<'_>, sink: &mut Sink<'_, '_>) {
    if is_odf(label) {
        manifest(input.bytes, sink);
    }
    match label {
        "xlsx" | "xlsm" | "xltx" | "xltm" | "xlam" | "xlsb" => cells(label, input.bytes, sink),
        "ods" | "ots" => open_cells(input.bytes, sink),
        _ => {}
    }
}

/// The manifest of an OpenDocument package (ODF 1.3 part 2, section 3): which parts are encrypted, and which it leaves out.
fn manifest(bytes: &[u8], sink: &mut Sink<'_, '_>) {
    let Some(part) = label::part(bytes, "META-INF/manifest.xml", MOST_MANIFEST) else {
        return;
    };
    let (mut current, mut size) = (String::new(), 0_u64);
    let (mut listed, mut locked) = (BTreeSet::new(), BTreeSet::new());
    let mut locked_bytes = 0_u64;
    opc_xml::walk(&opc_xml::text(&part), &mut |step| {
        let Step::Open(e) = step else { return };
        match e.name {
            "file-entry" => {
                current = e.get("full-path").unwrap_or_default().to_owned();
                size = e.get("size").and_then(|n| n.parse().ok()).unwrap_or(0);
                listed.insert(current.clone());
            }
            "encryption-data" if locked.insert(current.clone()) => locked_bytes = locked_bytes.saturating_add(size),
            _ => {}
        }
    });
    if !locked.is_empty() {
        let first = locked.first().map(String::as_str).unwrap_or_default();
        let count = locked.len();
        sink.finding(
            Found::new("odf.encrypted")
                .says(first)
                .summary(format!("{count} parts of this document are encrypted.")),
        );
        let why = format!("{count} parts of this document are encrypted, and they are not decrypted");
        sink.gap(Gap::new(GapKind::PasswordNeeded, why).bytes(locked_bytes));
    }
    let stray = sink.children().iter().find(|c| {
        let name = c.member.name.as_str();
        let free = c.layer != "raw" || c.member.dir || name == "mimetype" || name.starts_with("META-INF/");
        let active = c
            .format
            .is_some_and(|f| matches!(f, "pe" | "elf" | "macho" | "lnk" | "ole2" | "js" | "vbs" | "ps1" | "bat" | "hta"));
        !free && active && !listed.contains(name)
    });
    if let Some(name) = stray.map(|c| c.member.name.clone()) {
        sink.finding(Found::new("odf.manifest_mismatch").says(&name));
    }
}

/// Texts and formulas of all sheets, one cell a line. When the reader fails there is no layer: the parts themselves were seen.
fn cells(label: &str, bytes: &[u8], sink: &mut Sink<'_, '_>) {
    let parts: u64 = sink.children().iter().map(|c| c.size).fold(0, u64::saturating_add);
    if bytes.len() > MOST_ARCHIVE || parts > MOST_PARTS || sink.walk.budget.alive_left() < ROOM || sink.expired() {
        return;
    }
    let text = catch_unwind(AssertUnwindSafe(|| {
        let mut out = String::new();
        if label == "xlsb" {
            binary(bytes, &mut out)
        } else {
            plain(bytes, &mut out)
        };
        out
    }));
    if let Ok(text) = text
        && !text.is_empty()
    {
        sink.pay(text.len());
        sink.layer_slice("cells", "cells", text.as_bytes());
    }
}

fn plain(bytes: &[u8], out: &mut String) -> Option<()> {
    let mut book = calamine::Xlsx::new(Cursor::new(bytes)).ok()?;
    for sheet in book.sheet_names() {
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet) else {
            continue;
        };
        while let Ok(Some(cell)) = reader.next_cell() {
            line(&sheet, cell.get_position(), &calamine::Data::from(cell.get_value().clone()), out)?;
        }
        drop(reader);
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet) else {
            continue;
        };
        while let Ok(Some(cell)) = reader.next_formula() {
            formula(&sheet, cell.get_position(), cell.get_value(), out)?;
        }
    }
    Some(())
}

fn binary(bytes: &[u8], out: &mut String) -> Option<()> {
    let mut book = calamine::Xlsb::new(Cursor::new(bytes)).ok()?;
    for sheet in book.sheet_names() {
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet) else {
            continue;
        };
        while let Ok(Some(cell)) = reader.next_cell() {
            line(&sheet, cell.get_position(), &calamine::Data::from(cell.get_value().clone()), out)?;
        }
        drop(reader);
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet) else {
            continue;
        };
        while let Ok(Some(cell)) = reader.next_formula() {
            formula(&sheet, cell.get_position(), cell.get_value(), out)?;
        }
    }
    Some(())
}

/// The same for OpenDocument, straight from its XML: a library would build the whole grid, whose size a document only claims.
fn open_cells(bytes: &[u8], sink: &mut Sink<'_, '_>) {
    let Some(part) = label::part(bytes, "content.xml", len64(MOST_ARCHIVE)) else {
        return;
    };
    let (mut sheet, mut out, mut depth) = (String::new(), String::new(), 0_usize);
    opc_xml::walk(&opc_xml::text(&part), &mut |step| match step {
        _ if out.len() >= MOST_CELLS => {}
        Step::Open(e) if e.name == "table" => sheet = e.get("name").unwrap_or_default().to_owned(),
        Step::Open(e) if e.name == "table-cell" => {
            depth = depth.saturating_add(1);
            if let Some(code) = e.get("formula") {
                let _ = writeln!(out, "{sheet}\t{code}");
            }
        }
        Step::Close("table-cell") => depth = depth.saturating_sub(1),
        Step::Text(text) if depth > 0 && !text.trim().is_empty() => {
            let _ = writeln!(out, "{sheet}\t{text}");
        }
        _ => {}
    });
    if !out.is_empty() {
        sink.pay(part.len());
        sink.layer_slice("cells", "cells", out.as_bytes());
    }
}

/// One cell of text; numbers say nothing to a rule. `None` when there is enough text.
fn line(sheet: &str, at: (u32, u32), value: &calamine::Data, out: &mut String) -> Option<()> {
    if let calamine::Data::String(text) = value {
        let _ = writeln!(out, "{sheet}!R{}C{}\t{text}", at.0.saturating_add(1), at.1.saturating_add(1));
    }
    (out.len() < MOST_CELLS).then_some(())
}

fn formula(sheet: &str, at: (u32, u32), code: &str, out: &mut String) -> Option<()> {
    if !code.is_empty() {
        let _ = writeln!(out, "{sheet}!R{}C{}\t={code}", at.0.saturating_add(1), at.1.saturating_add(1));
    }
    (out.len() < MOST_CELLS).then_some(())
}
