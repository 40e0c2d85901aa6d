//! RAR archives of all versions, also behind a self-extractor: parsed and decoded in memory, one member after the other.

mod blocks;
mod describe;
mod extract;
mod open;
mod windows;

use std::ops::Range;

use airlock_proto::{Gap, GapKind};
use rars::Archive;

use super::{Doc, Format, Match, stored};
use crate::input::Input;
use crate::reader::len64;
use crate::signatures::Signature;
use crate::sink::{Found, Member, Sink};

/// Most signatures behind something else that are tried.
const TRIES: usize = 4096;

/// Length up to which an archive is copied whole, in bytes.
const MAX_WHOLE: usize = 64 * 1024 * 1024;

/// The format `rar`.
pub struct Rar;

impl Format for Rar {
    fn name(&self) -> &'static str {
        "rar"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "RAR archive",
            spec: "RAR 5.0 archive format; RAR 4.x technote",
            yields: "files of RAR 1.3 to 7, solid and encrypted ones too; alternate streams; the comment; what lies behind the end",
            limitations: "members that go on in another volume; dictionaries above 128 MiB; solid archives and single members larger than the memory limit",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if input.starts_with(b"Rar!\x1a\x07") || blocks::rar13(input.bytes) {
            return Match::Yes;
        }
        if archive_start(input).is_some() { Match::Also } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let start = match self.sniff(input) {
            Match::Yes => 0,
            _ => archive_start(input).unwrap_or_default(),
        };
        let bytes = input.from(start);
        let windows = if bytes.len() > MAX_WHOLE { windows::split(bytes) } else { None };
        match windows {
            Some(windows) => in_windows(bytes, start, &windows, sink)?,
            None => whole(bytes, start, sink)?,
        }
        tail(bytes, blocks::end(bytes), start, sink);
        Ok(())
    }
}

/// Whether the bytes begin as an archive of version 1.5 or later does.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"Rar!\x1a\x07")
}

/// Where the data of members stands, packed or not.
pub(super) fn stored(bytes: &[u8]) -> Vec<Range<usize>> {
    blocks::files(bytes).map(|block| block.data..block.next.min(bytes.len())).collect()
}

/// Where an archive begins behind a program, a picture or junk; other archives hold their own members.
fn archive_start(input: &Input<'_>) -> Option<usize> {
    if stored::holds_files(input) || input.starts_with(b"\x1f\x8b") {
        return None;
    }
    input
        .places(Signature::Rar)
        .take(TRIES)
        .find(|at| blocks::first_is_valid(input.from(*at)))
}

/// The reader wants bytes of its own, so they count as alive while it works.
fn whole(bytes: &[u8], start: usize, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
    let held = len64(bytes.len());
    if held > sink.walk.budget.alive_left() {
        return Err(Gap::new(GapKind::Memory, "this archive is larger than what may be in memory at once").bytes(held));
    }
    sink.walk.budget.hold(held);
    let outcome = open::open(bytes, sink).map(|opened| {
        comment(&opened.archive, opened.password.as_deref(), sink);
        volumes(&opened.archive, sink);
        members(opened, bytes, start, sink);
    });
    sink.walk.budget.free(held);
    outcome
}

/// A large archive whose members do not depend on one another: some of its blocks at a time, behind a copy of its head.
fn in_windows(bytes: &[u8], start: usize, windows: &windows::Windows, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
    for (index, range) in windows.ranges.iter().enumerate() {
        let part = bytes.get(range.clone()).unwrap_or_default();
        let held = len64(part.len().saturating_mul(2).saturating_add(windows.head));
        if held > sink.walk.budget.alive_left() {
            sink.gap(
                Gap::new(
                    GapKind::Memory,
                    "a part of this archive is larger than what may be in memory at once",
                )
                .bytes(held),
            );
            continue;
        }
        let mut copy = bytes.get(..windows.head).unwrap_or_default().to_vec();
        copy.extend_from_slice(part);
        sink.walk.budget.hold(held);
        match open::open(&copy, sink) {
            Ok(opened) => {
                if index == 0 {
                    comment(&opened.archive, opened.password.as_deref(), sink);
                    volumes(&opened.archive, sink);
                }
                let shift = start.saturating_add(range.start).saturating_sub(windows.head);
                members(opened, &copy, shift, sink);
            }
            Err(gap) => sink.gap(gap),
        }
        sink.walk.budget.free(held);
    }
    Ok(())
}

fn members(opened: open::Opened, bytes: &[u8], start: usize, sink: &mut Sink<'_, '_>) {
    extract::members(&opened.archive, opened.password.as_deref(), bytes, start, sink);
    if let Some(gap) = opened.gap {
        sink.gap(gap);
    }
}

/// What lies behind the end record: recovery volumes have no place there.
fn tail(bytes: &[u8], end: Option<usize>, start: usize, sink: &mut Sink<'_, '_>) {
    let Some(end) = end else { return };
    let data = bytes.get(end..).unwrap_or_default();
    if data.iter().all(|byte| *byte == 0) {
        return;
    }
    sink.finding(
        Found::new("multi.tail_after_stream")
            .at(start.saturating_add(end), data.len())
            .excerpt(data)
            .summary(format!("{} bytes follow the end of this RAR archive.", data.len())),
    );
    sink.member_slice(Member::named("tail"), data);
}

fn comment(archive: &Archive, password: Option<&[u8]>, sink: &mut Sink<'_, '_>) {
    let mut options = extract::options(password);
    options.max_member_output_bytes = Some(1 << 20);
    let text = match archive.comment_with_options(options) {
        Ok(Some(text)) if !text.is_empty() => text,
        Ok(_) => return,
        Err(error) => {
            sink.gap(extract::gap("its comment", &error));
            return;
        }
    };
    let words = String::from_utf8_lossy(&text).replace('\0', "");
    let command = words.lines().map(str::trim).find(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        line.contains('=') && ["setup", "presetup", "silent"].iter().any(|word| key.eq_ignore_ascii_case(word))
    });
    if let Some(command) = command {
        sink.finding(Found::new("rar.sfx_commands").says(command));
    }
    sink.layer_slice("comment", "comment", &text);
}

fn volumes(archive: &Archive, sink: &mut Sink<'_, '_>) {
    let volume = match archive {
        Archive::Rar15To40(archive) => archive.main.is_volume(),
        Archive::Rar50Plus(archive) => archive.main.is_volume(),
        _ => archive.member_refs().any(|member| member.is_split_before()),
    };
    if volume {
        sink.finding(Found::new("rar.multivolume_missing"));
    }
}
