//! What a compound file's class ids and link monikers say (MS-CFB 2.6.1, MS-OLEDS 2.3.3, MS-OSHARED 2.3.7).

use airlock_proto::Severity;
use memchr::memmem;

use super::cfb::{Cfb, Kind};
use crate::sink::{Found, Sink};

struct Known {
    /// As printed, without braces.
    id: &'static str,
    name: &'static str,
    severity: Severity,
    confidence: u8,
}

const fn known(id: &'static str, name: &'static str, severity: Severity, confidence: u8) -> Known {
    Known {
        id,
        name,
        severity,
        confidence,
    }
}

/// Components that exploits load; those that honest documents hold as well weigh little.
static KNOWN: &[Known] = &[
    known("0002CE02-0000-0000-C000-000000000046", "Equation Editor 3.0", Severity::Medium, 50),
    known("0004A6B0-0000-0000-C000-000000000046", "Equation Editor 2.0", Severity::Medium, 60),
    known("00000300-0000-0000-C000-000000000046", "OLE2Link", Severity::Medium, 50),
    known("EAB22AC0-30C1-11CF-A7EB-0000C05BAE0B", "Shell.Explorer.1", Severity::High, 80),
    known("EAB22AC3-30C1-11CF-A7EB-0000C05BAE0B", "Shell.Explorer.2", Severity::High, 80),
    known("25336920-03F9-11CF-8FD0-00AA00686F13", "htmlfile", Severity::High, 80),
    known("3050F4D8-98B5-11CF-BB82-00AA00BDCE0B", "HTML application", Severity::Critical, 90),
    known("06290BD3-48AA-11D2-8432-006008C3FBFC", "script moniker", Severity::Critical, 90),
    known("ECABB0C7-7F19-11D2-978E-0000F8757E2A", "SOAP moniker", Severity::Critical, 90),
    known("ECABAFC6-7F19-11D2-978E-0000F8757E2A", "new moniker", Severity::Critical, 90),
    known("BDD1F04B-858B-11D1-B16A-00C0F0283628", "MSCOMCTL ListView", Severity::Medium, 50),
    known("C74190B6-8589-11D1-B16A-00C0F0283628", "MSCOMCTL TreeView", Severity::Medium, 50),
    known("996BF5E0-8044-4650-ADEB-0B013914E99C", "MSCOMCTL ListView", Severity::Medium, 50),
    known("9181DC5F-E07D-418A-ACA6-8EEA1ECB8E9E", "MSCOMCTL TreeView", Severity::Medium, 50),
    known("233C1507-6A77-46A4-9443-F871F945D258", "Shockwave Director", Severity::High, 70),
    known(
        "A08A033D-1A75-4AB6-A166-EAD02F547959",
        "otkloadr (no address randomisation)",
        Severity::High,
        90,
    ),
];

const FLASH: &str = "D27CDB6E-AE6D-11CF-96B8-444553540000";
/// Monikers that name what a link leads to: URL, file, composite.
const URL_MONIKER: &[u8] = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b";
const FILE_MONIKER: &[u8] = b"\x03\x03\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// Link streams that are read.
const MAX_LINKS: u32 = 1000;
/// Bytes of a link stream that are read.
const MAX_LINK: usize = 256 * 1024;

/// Tells classes and remote links, each class once.
pub fn tell(cfb: &Cfb<'_>, sink: &mut Sink<'_, '_>) {
    let mut told: Vec<String> = Vec::new();
    let mut links = 0_u32;
    for (_, entry) in cfb.entries() {
        if entry.kind == Kind::Stream {
            if entry.name.eq_ignore_ascii_case("\u{1}ole") && links < MAX_LINKS {
                links = links.saturating_add(1);
                let (link, _) = cfb.read(entry, MAX_LINK);
                if let Some(target) = remote_target(&link) {
                    let sentence = format!("An OLE link in this document leads to {target}.");
                    sink.finding(Found::new("ole.moniker_remote").says(&target).summary(sentence));
                }
            }
            continue;
        }
        if entry.clsid == [0; 16] {
            continue;
        }
        let id = printed(&entry.clsid);
        if told.contains(&id) || told.len() > 64 {
            continue;
        }
        class(&id, sink);
        told.push(id);
    }
}

fn class(id: &str, sink: &mut Sink<'_, '_>) {
    if id == FLASH {
        sink.finding(Found::new("ole.flash").says(id));
    }
    if let Some(known) = KNOWN.iter().find(|k| k.id == id) {
        let sentence = format!("It holds an object of the class {}, which exploits have used.", known.name);
        sink.finding(
            Found::new("ole.clsid_exploit")
                .severity(known.severity)
                .confidence(known.confidence)
                .says(id)
                .summary(sentence),
        );
    }
}

/// The target of a URL or file moniker, when it is another machine.
pub fn remote_target(link: &[u8]) -> Option<String> {
    let after = |moniker: &[u8]| {
        let at = memmem::find(link, moniker)?;
        link.get(at.saturating_add(moniker.len())..)
    };
    let found = after(URL_MONIKER).or_else(|| after(FILE_MONIKER))?;
    let near = found.get(..4096).unwrap_or(found);
    let narrow: String = near.iter().map(|b| char::from(*b)).collect();
    let wide = |skip: usize| -> String {
        let units = near.get(skip..).unwrap_or_default().chunks_exact(2);
        let units = units.filter_map(|two| two.try_into().ok().map(u16::from_le_bytes));
        char::decode_utf16(units).map(|c| c.unwrap_or('\0')).collect()
    };
    [wide(0), wide(1), narrow].iter().find_map(|text| address(text))
}

/// The first address of another machine in some text.
fn address(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let schemes = ["https://", "http://", "ftp://", "mhtml:", "file://", "script:", "\\\\"];
    let start = schemes.iter().filter_map(|scheme| lower.find(scheme)).min()?;
    let rest = text.get(start..)?;
    let end = rest.find(|c: char| c.is_control() || c == '\u{fffd}').unwrap_or(rest.len());
    let found = rest.get(..end)?;
    // `\\?\C:\…` is this machine.
    let local =
        found.starts_with("\\\\?\\") || found.starts_with("\\\\.\\") || lower.get(start..).is_some_and(|l| l.starts_with("file:///"));
    (!local && found.len() > 6).then(|| found.to_owned())
}

/// A class id as people print it.
pub fn printed(id: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = id;
    let mut out = format!("{d:02X}{c:02X}{b:02X}{a:02X}-{f:02X}{e:02X}-{h:02X}{g:02X}-");
    for (n, byte) in rest.iter().enumerate() {
        if n == 2 {
            out.push('-');
        }
        out.push_str(&format!("{byte:02X}"));
    }
    out
}
