//! OLE packages and OLE1 objects (MS-OLEDS 2.2, 2.3.6): a file inside a document, with its name and the path that it came from.

mod ole1;

use airlock_proto::Gap;

use super::{Doc, Format, Match};
use crate::input::{Input, extension};
use crate::reader::{Reader, size};
use crate::sink::{Found, Member, Sink};
pub use ole1::{Ole1, parse as parse_ole1};

/// A package: the native data of an `OLE Package` object.
pub struct OlePackage;

/// What a package says of its file.
#[derive(Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// Name that is shown.
    pub label: String,
    /// Where the file came from.
    pub source: String,
    /// Where it is put when it is opened.
    pub temporary: String,
    /// The file.
    pub data: &'a [u8],
    /// Bytes that the package declares.
    pub declared: usize,
}

/// Longest name in a package, in bytes.
const MAX_NAME: usize = 4096;

impl Format for OlePackage {
    fn name(&self) -> &'static str {
        "ole-package"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "OLE package",
            spec: "MS-OLEDS 2.3.6",
            yields: "the packaged file under its own name; the data of other native streams",
            limitations: "a package that only links to a file has nothing to hand out",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if parse(input.bytes).is_some() || native(input).is_some() {
            Match::Yes
        } else {
            Match::No
        }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(package) = parse(input.bytes) else {
            if let Some(data) = native(input) {
                sink.member_slice(Member::named("native data"), data);
            }
            return Ok(());
        };
        let name = if package.label.is_empty() {
            base(&package.source)
        } else {
            package.label.clone()
        };
        let mut member = Member::named(name.clone());
        member.declared = u64::try_from(package.declared).ok();
        if package.data.len() < package.declared {
            sink.member(member, &mut std::io::Read::chain(package.data, Short));
        } else {
            sink.member_slice(member, package.data);
        }
        let format = sink.children().last().and_then(|child| child.format).unwrap_or_default();
        tell(&package, &name, format, sink);
        Ok(())
    }
}

/// The bytes that the package declares and does not have.
struct Short;

impl std::io::Read for Short {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        let what = "the packaged file is shorter than the package says";
        Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, what))
    }
}

fn tell(package: &Package<'_>, name: &str, format: &str, sink: &mut Sink<'_, '_>) {
    let extensions = [extension(name), extension(&package.source), extension(&package.temporary)];
    let runs = extensions.iter().find(|e| EXECUTABLE.contains(&e.as_str()));
    let says = format!("{name} | {} | {}", package.source, package.temporary);
    if runs.is_some()
        || matches!(
            format,
            "pe" | "lnk" | "elf" | "macho" | "msi" | "hta" | "js" | "vbs" | "ps1" | "bat" | "wsf"
        )
    {
        let what = runs.map_or_else(|| format.to_owned(), |e| format!(".{e}"));
        let sentence = format!("A document holds the file {name}, which runs when it is opened ({what}).");
        sink.finding(Found::new("ole.package_exec").says(&says).summary(sentence));
        return;
    }
    sink.finding(
        Found::new("ole.package")
            .says(&says)
            .summary(format!("A document holds the file {name}.")),
    );
}

/// Endings of files that run when somebody opens them.
pub const EXECUTABLE: &[&str] = &[
    "exe",
    "scr",
    "com",
    "pif",
    "cpl",
    "dll",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "wsc",
    "sct",
    "hta",
    "lnk",
    "url",
    "msi",
    "msp",
    "mst",
    "jar",
    "reg",
    "chm",
    "scf",
    "inf",
    "application",
    "appref-ms",
    "settingcontent-ms",
    "library-ms",
    "search-ms",
    "iqy",
    "msc",
    "gadget",
    "xll",
    "ocx",
    "sys",
    "py",
    "command",
    "diagcab",
];

/// Reads a package, with the length before it or without.
pub fn parse(bytes: &[u8]) -> Option<Package<'_>> {
    let mut r = Reader::new(bytes);
    let length = size(r.u32()?);
    if length >= 16
        && length <= r.left()
        && r.u16() == Some(2)
        && let Some(package) = body(r)
    {
        return Some(package);
    }
    let mut r = Reader::new(bytes);
    if r.u16()? != 2 {
        return None;
    }
    body(r)
}

fn body(mut r: Reader<'_>) -> Option<Package<'_>> {
    let label = text(&mut r)?;
    let source = text(&mut r)?;
    if label.is_empty() && source.is_empty() {
        return None;
    }
    // Two reserved words; 3 means that the file is here, 1 that it is linked.
    r.skip(2)?;
    if r.u16()? != 3 {
        return None;
    }
    let length = size(r.u32()?).min(MAX_NAME);
    let temporary = r.take(length)?;
    let temporary = narrow(temporary.strip_suffix(&[0]).unwrap_or(temporary));
    let declared = size(r.u32()?);
    let data = r.take(declared.min(r.left()))?;
    let mut package = Package {
        label,
        source,
        temporary,
        data,
        declared,
    };
    wide_label(&mut r, &mut package);
    Some(package)
}

/// Newer writers add the three names in UTF-16: temporary path, label, source.
fn wide_label(r: &mut Reader<'_>, package: &mut Package<'_>) {
    let mut names = Vec::new();
    for _ in 0..3 {
        let Some(units) = r.u32().map(size).filter(|n| *n <= MAX_NAME) else {
            return;
        };
        let Some(bytes) = r.take(units.saturating_mul(2)) else { return };
        names.push(encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned());
    }
    if let [_, label, _] = names.as_slice()
        && !label.is_empty()
        && !label.chars().any(char::is_control)
    {
        package.label.clone_from(label);
    }
}

fn text(r: &mut Reader<'_>) -> Option<String> {
    let raw = r.until(0)?;
    let plain = raw.len() <= MAX_NAME && !raw.iter().any(|b| *b < 0x20);
    plain.then(|| narrow(raw))
}

fn narrow(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn base(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// The data of an `Ole10Native` stream that is no package: a length and that many bytes.
fn native<'a>(input: &Input<'a>) -> Option<&'a [u8]> {
    let inside = !input.chain.is_empty() && input.name.ends_with("\u{1}Ole10Native");
    let mut r = Reader::new(input.bytes);
    let length = size(r.u32()?);
    (inside && length > 0).then(|| r.take(length.min(r.left()))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ole2::cfb::tests::build;
    use crate::formats::ole2::tests::look;

    pub(crate) fn package(label: &str, data: &[u8]) -> Vec<u8> {
        let mut body = b"\x02\0".to_vec();
        body.extend_from_slice(format!("{label}\0C:\\{label}\0\0\0\x03\0").as_bytes());
        body.extend_from_slice(b"\x04\0\0\0C:t\0");
        body.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend_from_slice(data);
        let mut out = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
        out.extend(body);
        out
    }

    #[test]
    fn the_packaged_file_comes_out_under_its_name() {
        let seen = look(&build(&[("ObjectPool/_1/\u{1}Ole10Native", &package("note.txt", b"MARKER"))]));
        assert!(seen.node("note.txt", "raw").contains("MARKER"));
        seen.finding("ole.package");
        assert!(seen.gaps.is_empty());
    }

    #[test]
    fn a_script_in_a_package_is_told() {
        let seen = look(&build(&[("\u{1}Ole10Native", &package("run.vbs", b"MARKER"))]));
        assert!(seen.finding("ole.package_exec").contains("run.vbs"));
        assert!(!seen.has("ole.package"));
    }

    #[test]
    fn native_data_that_is_no_package_comes_out_too() {
        let seen = look(&build(&[("x/\u{1}Ole10Native", b"\x06\0\0\0MARKER")]));
        assert!(seen.node("native data", "raw").contains("MARKER"));
        assert_eq!(parse(b"\x02\0\0\0\0\0\x03\0\0\0\0\0"), None);
    }
}
