//! Documents whose content is encrypted: their streams come out, and what they hold stays unseen.

use airlock_proto::{Gap, GapKind};

use super::cfb::Cfb;
use crate::reader::Reader;
use crate::sink::{Found, Sink};

/// Token of an encrypted presentation (MS-PPT 2.3.2, headerToken).
const PPT_ENCRYPTED: u32 = 0xf3d1_c4df;

/// Tells which part is encrypted, if one is. Workbooks tell it themselves (`FilePass`).
pub fn tell(cfb: &Cfb<'_>, sink: &mut Sink<'_, '_>) {
    let rights = cfb
        .entries()
        .any(|(_, e)| e.name.starts_with("DRMEncrypted") || e.name == "\u{9}DRMContent" || e.name == "\u{9}DRMViewerContent");
    if let Some(package) = cfb.root_entry("EncryptedPackage") {
        if rights {
            irm(package.size, sink);
        } else {
            password("This Office document is encrypted with a password.", package.size, sink);
        }
        return;
    }
    if rights {
        let size = cfb
            .entries()
            .filter(|(_, e)| e.name.starts_with("\u{9}DRM"))
            .map(|(_, e)| e.size)
            .max();
        irm(size.unwrap_or_default(), sink);
    }
    // FibBase: the bits fEncrypted and fObfuscated (MS-DOC 2.5.2).
    if let Some(word) = cfb.root_entry("WordDocument") {
        let (start, _) = cfb.read(word, 12);
        if Reader::at(&start, 10).u16().is_some_and(|flags| flags & 0x0100 != 0) {
            password("This Word document is encrypted with a password.", word.size, sink);
        }
    }
    if let (Some(user), Some(document)) = (cfb.root_entry("Current User"), cfb.root_entry("PowerPoint Document")) {
        let (start, _) = cfb.read(user, 16);
        if Reader::at(&start, 12).u32() == Some(PPT_ENCRYPTED) {
            password("This presentation is encrypted with a password.", document.size, sink);
        }
    }
}

/// An encrypted part: a finding and a gap of its size in bytes.
pub fn password(sentence: &str, size: u64, sink: &mut Sink<'_, '_>) {
    sink.finding(Found::new("enc.office").summary(sentence));
    sink.gap(Gap::new(GapKind::PasswordNeeded, "the document is encrypted: its content was not seen").bytes(size));
}

fn irm(size: u64, sink: &mut Sink<'_, '_>) {
    sink.finding(Found::new("enc.office_irm"));
    let detail = "the document is encrypted for the holders of a licence: its content was not seen";
    sink.gap(Gap::new(GapKind::PasswordNeeded, detail).bytes(size));
}
