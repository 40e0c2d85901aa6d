//! The `dir` stream of a VBA project (MS-OVBA 2.3.4.2): code page and modules, read record by record.

use encoding_rs::Encoding;

use crate::reader::{Reader, size};

/// One module as `dir` describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// Name in the editor.
    pub name: String,
    /// Name of its stream.
    pub stream: String,
    /// Where the source begins in the stream, in bytes.
    pub offset: usize,
    /// True for a module of procedures, false for a document, class or form.
    pub procedural: bool,
}

/// What `dir` says.
#[derive(Debug, Default)]
pub struct Project {
    /// Code page of the source; 0 when none is named.
    pub codepage: u16,
    /// Modules in their order.
    pub modules: Vec<Module>,
    /// True when the records end as they should.
    pub whole: bool,
}

/// More modules than any project has.
const MAX_MODULES: usize = 4096;

/// Reads the records of a decompressed `dir` stream; what comes before a contradiction is kept.
pub fn parse(dir: &[u8]) -> Project {
    let mut project = Project::default();
    let mut r = Reader::new(dir);
    let mut module: Option<Module> = None;
    while let (Some(id), Some(length)) = (r.u16(), r.u32()) {
        // PROJECTVERSION says 4 and has 6 bytes (2.3.4.2.1.11).
        let length = if id == 0x0009 { 6 } else { size(length) };
        let Some(data) = r.take(length) else { break };
        match id {
            0x0003 => project.codepage = Reader::new(data).u16().unwrap_or_default(),
            0x0010 => {
                project.whole = true;
                break;
            }
            0x0019 => {
                project.modules.extend(module.take());
                if project.modules.len() >= MAX_MODULES {
                    break;
                }
                module = Some(Module {
                    name: decode(project.codepage, data),
                    ..Module::default()
                });
            }
            _ => {
                let Some(module) = module.as_mut() else { continue };
                match id {
                    0x0047 => set_wide(&mut module.name, data),
                    0x001a => module.stream = decode(project.codepage, data),
                    0x0032 => set_wide(&mut module.stream, data),
                    0x0031 => module.offset = Reader::new(data).u32().map_or(usize::MAX, size),
                    0x0021 => module.procedural = true,
                    _ => {}
                }
            }
        }
    }
    project.modules.extend(module);
    project
}

/// Decodes text of a Windows code page; bytes without a letter in it become U+FFFD.
pub fn decode(codepage: u16, bytes: &[u8]) -> String {
    encoding(codepage).decode_without_bom_handling(bytes).0.into_owned()
}

/// The encoding of a Windows code page; Windows-1252 for one that is not known.
pub fn encoding(codepage: u16) -> &'static Encoding {
    match codepage {
        866 => encoding_rs::IBM866,
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 | 1361 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10000 => encoding_rs::MACINTOSH,
        10007 => encoding_rs::X_MAC_CYRILLIC,
        65001 => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    }
}

fn set_wide(text: &mut String, data: &[u8]) {
    let wide = encoding_rs::UTF_16LE.decode_without_bom_handling(data).0;
    if !wide.is_empty() {
        *text = wide.into_owned();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn record(out: &mut Vec<u8>, id: u16, data: &[u8]) {
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend_from_slice(data);
    }

    /// A `dir` stream that names these modules, each with its source at `offset` of the stream of that name.
    pub(crate) fn dir(modules: &[(&str, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        record(&mut out, 0x0001, &[1, 0, 0, 0]);
        record(&mut out, 0x0003, &1251_u16.to_le_bytes());
        out.extend_from_slice(b"\x09\0\x04\0\0\0\x01\0\0\0\x02\0");
        for (name, offset) in modules {
            record(&mut out, 0x0019, name.as_bytes());
            record(&mut out, 0x001a, name.as_bytes());
            record(&mut out, 0x0031, &offset.to_le_bytes());
            record(&mut out, 0x0021, &[]);
            record(&mut out, 0x002b, &[]);
        }
        record(&mut out, 0x0010, &[]);
        out
    }

    #[test]
    fn modules_and_code_page_are_read() {
        let project = parse(&dir(&[("\u{41}b", 7), ("C", 0)]));
        assert!(project.whole);
        assert_eq!(project.codepage, 1251);
        assert_eq!(project.modules.len(), 2);
        assert_eq!(project.modules[0].stream, "Ab");
        assert_eq!(project.modules[0].offset, 7);
        assert!(project.modules[1].procedural);
        assert_eq!(decode(1251, b"\xcb\xe8\xf1\xf2"), "Лист");
    }

    #[test]
    fn a_cut_dir_keeps_what_came_before() {
        let mut bytes = dir(&[("A", 1), ("B", 2)]);
        bytes.truncate(bytes.len() - 20);
        let project = parse(&bytes);
        assert!(!project.whole);
        assert_eq!(project.modules.len(), 2);
    }
}
