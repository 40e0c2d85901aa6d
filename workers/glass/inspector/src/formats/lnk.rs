//! Windows shortcuts (MS-SHLLINK 8.0): what they start, with which arguments, and what hangs behind them.

use std::fmt::Write as _;

use airlock_proto::{Gap, GapKind, Severity};

use crate::formats::{Doc, Format, Match};
use crate::input::Input;
use crate::reader::{Reader, size};
use crate::sink::{Found, Member, Sink};

/// See the module.
pub struct Lnk;

/// HeaderSize and LinkCLSID (2.1).
const MAGIC: &[u8] = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

/// Programs that run what their arguments say.
const INTERPRETERS: &[&str] = &[
    "powershell",
    "pwsh",
    "cmd",
    "mshta",
    "wscript",
    "cscript",
    "rundll32",
    "regsvr32",
    "msiexec",
    "certutil",
    "bitsadmin",
    "curl",
    "forfiles",
    "conhost",
    "wmic",
    "msbuild",
    "installutil",
    "schtasks",
    "bash",
    "wsl",
    "ssh",
    "python",
    "node",
    "hh",
    "control",
    "pcalua",
    "explorer",
];

impl Format for Lnk {
    fn name(&self) -> &'static str {
        "lnk"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "Windows shortcut",
            spec: "MS-SHLLINK 8.0",
            yields: "target, arguments, working folder and icon as text; data behind the last block",
            limitations: "item lists are read for their names only; property stores are not",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(MAGIC) { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let mut link = Link::default();
        let whole = parse(input.bytes, &mut link).is_some();
        sink.layer_slice("lnk-strings", "shortcut", link.text().as_bytes());
        tell(&link, sink);
        if !whole {
            return Err(Gap::new(GapKind::Truncated, "the shortcut ends before its structure does"));
        }
        let overlay = input.from(link.end);
        if !overlay.is_empty() {
            sink.finding(Found::new("lnk.overlay").at(link.end, overlay.len()).excerpt(overlay));
            sink.member_slice(Member::named("overlay"), overlay);
        }
        Ok(())
    }
}

/// What a shortcut says.
#[derive(Debug, Default)]
struct Link {
    show: u32,
    items: Vec<String>,
    local_path: String,
    network_path: String,
    name: String,
    relative: String,
    folder: String,
    arguments: String,
    icon: String,
    environment: String,
    end: usize,
}

impl Link {
    fn target(&self) -> &str {
        [&self.local_path, &self.network_path, &self.environment, &self.relative]
            .into_iter()
            .find(|s| !s.is_empty())
            .map_or("", |s| s)
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let rows = [
            ("target", self.target()),
            ("network", &self.network_path),
            ("environment", &self.environment),
            ("relative", &self.relative),
            ("arguments", &self.arguments),
            ("folder", &self.folder),
            ("icon", &self.icon),
            ("name", &self.name),
        ];
        for (key, value) in rows {
            if !value.is_empty() {
                let _ = writeln!(out, "{key}: {value}");
            }
        }
        if !self.items.is_empty() {
            let _ = writeln!(out, "items: {}", self.items.join("\\"));
        }
        out
    }
}

/// Fills in what can be read; `None` when the structure ends early.
fn parse(bytes: &[u8], link: &mut Link) -> Option<()> {
    let mut r = Reader::at(bytes, 20);
    let flags = r.u32()?;
    r.skip(36)?;
    link.show = r.u32()?;
    r.skip(12)?;
    if flags & 0x1 != 0 {
        let length = r.u16()?;
        link.items = items(r.take(usize::from(length))?);
    }
    if flags & 0x2 != 0 {
        let length = Reader::at(bytes, r.offset()).u32()?;
        let info = r.take(size(length).max(4))?;
        link_info(info, link);
    }
    let unicode = flags & 0x80 != 0;
    // Windows reads at most 260 characters of these four, whatever they declare; arguments are read whole.
    for (bit, most, to) in [
        (0x4, 260, &mut link.name),
        (0x8, 260, &mut link.relative),
        (0x10, 260, &mut link.folder),
        (0x20, usize::MAX, &mut link.arguments),
        (0x40, 260, &mut link.icon),
    ] {
        if flags & bit != 0 {
            *to = string(&mut r, unicode, most)?;
        }
    }
    extra(&mut r, link);
    link.end = r.offset();
    Some(())
}

/// StringData (2.4): a count of characters, then the characters.
fn string(r: &mut Reader<'_>, unicode: bool, most: usize) -> Option<String> {
    let count = usize::from(r.u16()?).min(most);
    if unicode {
        Some(utf16(r.take(count.checked_mul(2)?)?))
    } else {
        Some(ansi(r.take(count)?))
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

fn ansi(bytes: &[u8]) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// Names in an item list (2.2): the readable strings of each item, which is what a person would see of it.
fn items(list: &[u8]) -> Vec<String> {
    let mut r = Reader::new(list);
    let mut names = Vec::new();
    while let Some(length) = r.u16() {
        let Some(body) = usize::from(length).checked_sub(2).and_then(|n| r.take(n)) else {
            break;
        };
        let kind = body.first().copied().unwrap_or_default();
        let name = match kind {
            0x1f => String::new(),
            0x20..=0x2f => ansi(body.get(1..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default()),
            0x30..=0x3f => ansi(body.get(12..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default()),
            _ => String::new(),
        };
        if !name.trim().is_empty() && names.len() < 64 {
            names.push(name);
        }
        if length == 0 {
            break;
        }
    }
    names
}

/// LinkInfo (2.3).
fn link_info(info: &[u8], link: &mut Link) {
    let field = |at: usize| Reader::at(info, at).u32();
    let text = |at: Option<u32>| {
        let from = info.get(size(at.filter(|n| *n > 0)?)..)?;
        Some(ansi(from.split(|b| *b == 0).next()?))
    };
    let flags = field(8).unwrap_or_default();
    let suffix = text(field(24)).unwrap_or_default();
    if flags & 1 != 0 {
        link.local_path = text(field(16)).unwrap_or_default() + &suffix;
    }
    if flags & 2 != 0 {
        let start = size(field(20).unwrap_or_default());
        let share = info.get(start..).unwrap_or_default();
        let name = Reader::at(share, 8)
            .u32()
            .filter(|n| *n > 0)
            .and_then(|n| share.get(size(n)..))
            .and_then(|s| s.split(|b| *b == 0).next());
        if let Some(name) = name {
            let joint = if suffix.is_empty() { "" } else { "\\" };
            link.network_path = format!("{}{joint}{suffix}", ansi(name));
        }
    }
}

/// ExtraData (2.5): blocks until a size below 4.
fn extra(r: &mut Reader<'_>, link: &mut Link) {
    loop {
        let mut probe = *r;
        let Some(length) = probe.u32() else {
            r.rest();
            return;
        };
        if length < 4 {
            let _ = r.skip(4);
            return;
        }
        let Some(block) = r.take(size(length)) else {
            // A block that runs past the end is no block: what is here is behind the structure.
            return;
        };
        let signature = Reader::at(block, 4).u32();
        if signature == Some(0xa000_0001) {
            let wide = utf16(block.get(268..788).unwrap_or_default());
            let plain = ansi(block.get(8..268).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default());
            let wide = wide.split('\0').next().unwrap_or_default().to_owned();
            link.environment = if wide.is_empty() { plain } else { wide };
        }
        if signature == Some(0xa000_0007) && link.icon.is_empty() {
            link.icon = ansi(block.get(8..268).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default());
        }
    }
}

fn tell(link: &Link, sink: &mut Sink<'_, '_>) {
    let target = link.target();
    let last_item = link.items.last().map_or("", String::as_str);
    let base = target.rsplit(['\\', '/']).next().unwrap_or_default().to_lowercase();
    let stem = |name: &str| name.trim_end_matches(".exe").trim().to_lowercase();
    let runs = [base.as_str(), last_item]
        .iter()
        .map(|n| stem(n))
        .find(|n| INTERPRETERS.contains(&n.as_str()));
    sink.finding(
        Found::new("lnk.any")
            .says(target)
            .summary(format!("A Windows shortcut to {}.", shown(target))),
    );
    // Explorer with a folder is what a shortcut is for; the others are asked to run something.
    let quiet = runs.as_deref() == Some("explorer") || link.arguments.trim().is_empty();
    if let Some(program) = runs.as_deref().filter(|_| !quiet) {
        let sentence = format!("The shortcut starts {program} with: {}", shown(&link.arguments));
        sink.finding(Found::new("lnk.lolbin").says(&link.arguments).summary(sentence));
        if link.show == 7 {
            sink.finding(Found::new("lnk.hidden_window").says(program));
        }
    }
    let blanks = longest_blank(&link.arguments);
    let long = link.arguments.chars().count();
    if blanks >= 20 || long > 260 {
        let why = if blanks >= 20 {
            format!("behind {blanks} blank characters")
        } else {
            format!("in {long} characters, more than Windows shows")
        };
        let found = Found::new("lnk.args_padding")
            .says(&link.arguments)
            .summary(format!("The shortcut hides what it runs {why}."));
        sink.finding(if blanks >= 20 { found } else { found.severity(Severity::High) });
    }
    let lower = link.arguments.to_lowercase();
    if lower.contains("http://") || lower.contains("https://") {
        sink.finding(Found::new("lnk.args_url").says(&link.arguments));
    }
    // A local file in a shared folder names its share, too: that is no way out.
    let share = if link.local_path.is_empty() {
        link.network_path.as_str()
    } else {
        ""
    };
    let remote = [target, &link.icon, &link.folder, share]
        .into_iter()
        .find(|s| s.starts_with("\\\\") && !s.starts_with("\\\\?\\") && !s.starts_with("\\\\.\\"));
    if let Some(path) = remote {
        let found = Found::new("lnk.unc_icon_or_target")
            .says(path)
            .summary(format!("The shortcut reaches out to {}.", shown(path)));
        // Shortcuts to a file server are everyday inside a company; a program or icon there is not.
        let acts = crate::analysers::extensions::runs(&crate::input::extension(path));
        sink.finding(if acts { found } else { found.severity(Severity::Medium) });
    }
    let local = !link.local_path.is_empty();
    if local && (link.local_path.ends_with(['.', ' ']) || (!link.local_path.contains(['\\', ':']) && link.items.len() > 1)) {
        sink.finding(Found::new("lnk.motw_stomp").says(&link.local_path));
    }
}

fn shown(text: &str) -> String {
    airlock_proto::text::cut(text.trim(), 160)
}

fn longest_blank(text: &str) -> usize {
    let mut longest = 0_usize;
    let mut run = 0_usize;
    for c in text.chars() {
        run = if c.is_whitespace() { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_shortcut_is_no_panic() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0xff; 60]);
        for end in 0..bytes.len() {
            let _ = parse(&bytes[..end], &mut Link::default());
        }
    }

    #[test]
    fn blanks_are_counted_whatever_they_are() {
        assert_eq!(longest_blank("a \t\r\n\u{b}\u{c}\u{a0} b"), 8);
        assert_eq!(longest_blank(""), 0);
    }
}
