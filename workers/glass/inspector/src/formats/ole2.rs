//! OLE2 compound files (MS-CFB 12.0): Word, Excel, PowerPoint, MSI, MSG and what else stores streams in one file.

pub mod biff;
pub(crate) mod cfb;
mod classes;
mod encryption;
pub mod powerpoint;
mod slack;
mod wide;

use airlock_proto::{Gap, GapKind};

use self::cfb::{Cfb, Kind, MAGIC};
pub use self::classes::remote_target;
use super::{Doc, Format, Match, vba};
use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::sink::{Found, Member, Sink};

/// A compound file.
pub struct Ole2;

impl Format for Ole2 {
    fn name(&self) -> &'static str {
        "ole2"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "OLE2 compound file",
            spec: "MS-CFB 12.0; MS-OVBA; MS-DOC 2.5.1; MS-PPT 2.3; MS-OFFCRYPTO 2.3",
            yields: "every stream with its path, sectors that no stream uses, data after the last sector, the source of VBA modules",
            limitations: "encrypted documents are a gap; text of Word documents stays as the stream has it",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(MAGIC) { Match::Yes } else { Match::No }
    }

    fn label(&self, input: &Input<'_>) -> &'static str {
        Cfb::open(input.bytes).map_or("ole2", |cfb| label(&cfb))
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let Some(cfb) = Cfb::open(input.bytes) else {
            sink.finding(Found::new("ole.cfb_malformed").summary("This compound file has no directory that can be read."));
            return Err(Gap::new(GapKind::Malformed, "the directory of this compound file cannot be read").bytes(len64(input.bytes.len())));
        };
        if let Some(first) = cfb.wrong.first() {
            let sentence = format!("This compound file contradicts its specification: {first}.");
            sink.finding(Found::new("ole.cfb_malformed").says(&cfb.wrong.join("; ")).summary(sentence));
        }
        // What a broken directory no longer names is not seen; a repairing reader may find it.
        let streams = cfb.entries().any(|(_, e)| e.kind == Kind::Stream);
        if (!streams && slack::is_used(&cfb)) || cfb.wrong.iter().any(|w| w.contains("directory")) {
            let detail = "the directory of this compound file is damaged: streams that it no longer names were not opened";
            sink.gap(Gap::new(GapKind::Malformed, detail));
        }
        encryption::tell(&cfb, sink);
        classes::tell(&cfb, sink);
        for (_, entry) in cfb.entries().filter(|(_, e)| e.kind == Kind::Stream) {
            if sink.expired() {
                break;
            }
            let mut member = Member::named(cfb.path(entry));
            member.declared = Some(entry.size);
            sink.member(member, &mut cfb.reader(entry));
        }
        vba::unpack(&cfb, sink);
        slack::hand_out(&cfb, sink);
        tail(input, &cfb, sink);
        Ok(())
    }
}

/// A stream of a compound file that is nothing else.
pub struct OleStream;

impl Format for OleStream {
    fn name(&self) -> &'static str {
        "stream"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "stream of a compound file",
            spec: "MS-CFB 2.6",
            yields: "its text in UTF-16; its bytes are matched as they are",
            limitations: "the records of each program are not read",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        let inside = input.chain.last().is_some_and(|above| LABELS.contains(above));
        if inside && input.layer == "raw" { Match::Maybe } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let text = wide::text(input.bytes);
        if !text.is_empty() {
            sink.layer_slice("utf-16-text", "text", text.as_bytes());
        }
        Ok(())
    }
}

/// What [`Ole2::label`] may say.
pub(crate) const LABELS: &[&str] = &["ole2", "doc", "xls", "ppt", "msg", "msi", "pub", "vsd", "mpp"];

fn label(cfb: &Cfb<'_>) -> &'static str {
    // The class of MSI packages, patches and transforms: 000C108x-0000-0000-C000-000000000046.
    let msi = cfb.root_clsid().starts_with(&[0x84, 0x10, 0x0c, 0]) || cfb.root_clsid().starts_with(&[0x86, 0x10, 0x0c, 0]);
    let has = |name: &str| cfb.has_root(name);
    if has("EncryptedPackage") {
        "ole2"
    } else if has("WordDocument") {
        "doc"
    } else if has("Workbook") || has("Book") {
        "xls"
    } else if has("PowerPoint Document") {
        "ppt"
    } else if has("__properties_version1.0") {
        "msg"
    } else if has("Quill") {
        "pub"
    } else if has("VisioDocument") {
        "vsd"
    } else if msi || has("!_StringData") {
        "msi"
    } else if ["Props9", "Props12", "Props14", "Props"].into_iter().any(has) && cfb.entries().any(|(_, e)| e.name.starts_with("   1")) {
        "mpp"
    } else {
        "ole2"
    }
}

/// What stands after the last sector that is in use. Zeros are padding.
fn tail(input: &Input<'_>, cfb: &Cfb<'_>, sink: &mut Sink<'_, '_>) {
    let end = cfb.end();
    let tail = input.from(end);
    let blank = |b: &u8| *b == 0 || *b == 0xff;
    if tail.iter().all(blank) {
        return;
    }
    // Office leaves freed sectors of a few kilobytes behind; what its table does not even know, or what is a file, was put there.
    if end.saturating_add(tail.len()) > cfb.known() || tail.len() > 16 * 1024 || labels::find(tail).is_some() {
        let sentence = format!("{} bytes follow the last sector of this compound file.", tail.len());
        sink.finding(Found::new("append.after_ole").at(end, tail.len()).excerpt(tail).summary(sentence));
    }
    sink.member_slice(Member::named("tail"), tail);
}

#[cfg(test)]
pub(crate) mod tests;
