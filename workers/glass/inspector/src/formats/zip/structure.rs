//! Findings about an archive as a whole: its end records, its directories, and how its members lie.

use std::collections::{BTreeMap, BTreeSet};

use airlock_proto::Severity;

use super::find::Directory;
use super::label::is_ooxml;
use super::names;
use super::open::Opener;
use super::record::End;
use crate::sink::Found;

/// Reports what the end records, the directories and the places of the members say.
pub fn report(opener: &mut Opener<'_, '_, '_, '_>, directories: &[Directory<'_>], unindexed: Vec<usize>, label: &str) {
    let bytes = opener.bytes;
    let ends: Vec<&End<'_>> = unique(directories);
    for end in &ends {
        about_end(opener, end, directories);
    }
    if let Some(last) = ends.last()
        && bytes.len().saturating_sub(last.at) > 65_557
    {
        opener.tell(Found::new("zip.eocd_beyond_64k").at(last.at, 22));
    }
    several(opener, &ends, directories);
    for directory in directories {
        same_names(opener, directory);
    }
    if directories.is_empty() && !unindexed.is_empty() {
        let severity = if is_ooxml(label) { Severity::High } else { Severity::Medium };
        opener.tell(
            Found::new("zip.no_cd_recovered")
                .severity(severity)
                .at(unindexed.first().copied().unwrap_or(0), 4),
        );
    } else {
        for at in unindexed {
            let name = super::record::Local::read(bytes, at).map(|l| l.fields.name).unwrap_or_default();
            opener.tell(Found::new("zip.unindexed_entry").at(at, 30).excerpt(name));
        }
    }
    overlaps(opener);
}

fn unique<'d, 'a>(directories: &'d [Directory<'a>]) -> Vec<&'d End<'a>> {
    let mut ends: BTreeMap<usize, &End<'_>> = BTreeMap::new();
    for end in directories.iter().filter_map(|d| d.end.as_ref()) {
        ends.insert(end.at, end);
    }
    ends.into_values().collect()
}

fn about_end(opener: &mut Opener<'_, '_, '_, '_>, end: &End<'_>, directories: &[Directory<'_>]) {
    let mine = || directories.iter().filter(|d| d.end.as_ref().is_some_and(|e| e.at == end.at));
    let counts: Vec<u64> = mine().map(|d| crate::reader::len64(d.headers.len())).collect();
    let wraps = |n: u64| if end.zip64 { n } else { n & 0xffff };
    if let Some(count) = counts.first()
        && !counts.iter().any(|n| wraps(*n) == wraps(end.count))
    {
        opener.tell(Found::new("zip.eocd_count_mismatch").at(end.at, 22).summary(format!(
            "The end record counts {} members and the directory has {count}.",
            end.count
        )));
    }
    // A base above zero is a prefix that the offsets do not count, as self-extracting archives have; below zero nothing can stand.
    let wrong = |d: &Directory<'_>| d.searched || d.base < 0 || (d.stop != end.directory_end && d.base == 0 && counts.len() > 1);
    if mine().any(wrong) {
        opener.tell(Found::new("zip.cd_offset_wrong").at(end.at, 22));
    }
    if end.zip64_odd {
        opener.tell(Found::new("zip.zip64_inconsistent").at(end.at, 22));
    }
    if end.split {
        opener.tell(Found::new("zip.multi_disk").at(end.at, 22));
    }
}

fn several(opener: &mut Opener<'_, '_, '_, '_>, ends: &[&End<'_>], directories: &[Directory<'_>]) {
    let inside = |end: &End<'_>| {
        ends.iter()
            .any(|outer| outer.at < end.at && end.at < outer.end && outer.at.saturating_add(22) <= end.at)
    };
    let full = |end: &&&End<'_>| {
        directories
            .iter()
            .any(|d| !d.headers.is_empty() && d.end.as_ref().is_some_and(|e| e.at == end.at))
    };
    let complete: Vec<&&End<'_>> = ends.iter().filter(full).collect();
    if let Some(end) = complete.iter().find(|e| inside(e)) {
        opener.tell(Found::new("zip.zip_in_comment").at(end.at, 22));
    } else if complete.len() > 1 {
        let at = complete.first().map_or(0, |e| e.at);
        opener.tell(Found::new("zip.concatenated").at(at, 22).summary(format!(
            "{} complete archives stand one behind the other in this file.",
            complete.len()
        )));
    }
    let strays = directories.iter().find(|d| d.end.is_none());
    if let Some(stray) = strays {
        opener.tell(
            Found::new("zip.cd_offset_wrong")
                .at(stray.start, 46)
                .summary("A directory stands in the archive that no end record leads to."),
        );
    }
}

fn same_names(opener: &mut Opener<'_, '_, '_, '_>, directory: &Directory<'_>) {
    let mut exact = BTreeSet::new();
    let mut folded = BTreeSet::new();
    let mut files = BTreeSet::new();
    for header in &directory.headers {
        let name = names::text(&header.fields);
        let fold = name.to_lowercase();
        if !exact.insert(name.clone()) {
            opener.tell(Found::new("zip.duplicate_name").at(header.at, 46).says(&name));
        } else if !folded.insert(fold) {
            opener.tell(Found::new("zip.duplicate_name_ci").at(header.at, 46).says(&name));
        }
        if !name.ends_with(['/', '\\']) {
            files.insert(name);
        }
    }
    for header in &directory.headers {
        let name = names::text(&header.fields);
        let Some((folder, leaf)) = name.rsplit_once(['/', '\\']) else {
            continue;
        };
        let bare = folder.trim_end_matches(' ');
        let base = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
        let lures = leaf.strip_prefix(base).is_some_and(|rest| rest.starts_with([' ', '.']));
        if lures && (files.contains(folder) || files.contains(bare)) {
            opener.tell(Found::new("zip.file_dir_same_name").at(header.at, 46).says(&name));
        }
    }
}

fn overlaps(opener: &mut Opener<'_, '_, '_, '_>) {
    let mut spans = opener.spans.clone();
    spans.sort_unstable();
    let mut reach = 0;
    let mut count = 0_usize;
    let mut first = 0;
    for (start, end) in spans {
        if start < reach {
            if count == 0 {
                first = start;
            }
            count = count.saturating_add(1);
        }
        reach = reach.max(end);
    }
    if count > 0 {
        opener.tell(
            Found::new("zip.overlap")
                .at(first, 30)
                .summary(format!("{count} members share bytes with other members.")),
        );
    }
}
