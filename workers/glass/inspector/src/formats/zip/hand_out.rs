//! Handing out what a reading gave: each content once, encrypted members after their password, long ones as a stream.

use std::collections::BTreeSet;
use std::io::{Error, Read};

use super::decode::{self, Tally, method_name};
use super::open::Opener;
use super::trial::{Reading, Trial, descriptor, missing};
use super::view::{Entry, View};
use crate::reader::{len64, size};
use crate::sink::{Found, Member, Taken, gap_of};

impl<'a> Opener<'a, '_, '_, '_> {
    /// Hands out what was decoded in memory, each content once; returns the end of the data.
    pub(super) fn hand_out(&mut self, entry: &Entry<'a>, member: &Member, views: &[View], readings: Vec<Reading>, start: usize) -> usize {
        let fits = readings.iter().any(|r| r.fits);
        let mut seen = BTreeSet::new();
        let mut end = start;
        let mut failed = None;
        for reading in readings {
            let (method, bytes, tally, error) = (reading.method, &reading.bytes, reading.tally, &reading.error);
            if reading.fits || (!fits && tally.ended) {
                let used = start.saturating_add(tally.used);
                let behind = descriptor(self.bytes, used, &tally).map_or(0, |d| d.length);
                end = end.max(used.saturating_add(behind));
            } else if !fits {
                end = end.max(start.saturating_add(tally.used));
            }
            if reading.fits || reading.error.is_none() && !fits {
                self.judge(member, views, &reading, start);
            }
            // Beside a reading that fits, what another one decoded before it failed is looked at too, and its end is no loss.
            let idle = error.is_some() && (bytes.is_empty() || method == 0);
            if fits && (idle || reading.daring && !reading.fits) || !seen.insert((tally.len, tally.crc, error.is_some())) {
                self.sink.pay(bytes.len());
                continue;
            }
            if bytes.is_empty() && error.is_some() {
                failed = failed.or(reading.error.map(|e| (e, method)));
                continue;
            }
            let held = len64(bytes.len());
            self.sink.walk.budget.hold(held);
            let member = linked(entry, member.clone(), bytes);
            self.take(entry, member, bytes, reading.error.filter(|_| !fits));
            self.sink.walk.budget.free(held);
        }
        if let Some((error, method)) = failed.filter(|_| seen.is_empty() || !fits) {
            let gap = gap_of(&error);
            let unseen = views.iter().find_map(|v| v.packed).map(len64);
            self.gap(&member.name, gap.kind, &format!("{} ({})", gap.detail, method_name(method)), unseen);
            self.sink.listed(member.clone());
            end = end.max(start.saturating_add(1));
        }
        end
    }

    pub(super) fn take(&mut self, entry: &Entry<'_>, member: Member, bytes: &[u8], error: Option<Error>) {
        let taken = match error {
            None => self.sink.member_slice(member, bytes),
            Some(error) => self.sink.member(member, &mut bytes.chain(Fails(Some(error)))),
        };
        self.after(entry, taken);
    }

    pub(super) fn after(&mut self, entry: &Entry<'_>, taken: Taken) {
        self.refused |= taken == Taken::Refused;
        let child = self.sink.children().last();
        let runs = child.is_some_and(|c| matches!(c.format, Some("elf" | "macho" | "script")));
        if entry.mode() & 0o111 != 0 && runs && taken != Taken::Refused {
            let name = child.map(|c| c.member.name.clone()).unwrap_or_default();
            self.tell(Found::new("zip.exec_permission_script").says(&name));
        }
    }

    /// Hands out a long member while it is decoded; tells where it ended and whether its checksum fits.
    pub(super) fn stream(&mut self, entry: &Entry<'a>, member: &Member, trial: &Trial<'_>, views: &[View], start: usize) -> (usize, bool) {
        let plan = self.plan(trial);
        let name = member.name.clone();
        let mut taken = Taken::Refused;
        let short = missing(trial);
        let sink = &mut *self.sink;
        let done = decode::with(trial.data, plan, &mut |reader| {
            let mut member = member.clone();
            member.encrypted |= trial.daring;
            let mut reader = reader.chain(Fails(short.as_ref().map(|e| Error::new(e.kind(), e.to_string()))));
            taken = sink.member(member, &mut reader);
        });
        let tally = match done {
            Ok(tally) => tally,
            Err(e) => {
                let gap = gap_of(&e);
                self.gap(&name, gap.kind, &gap.detail, trial.view.packed.map(len64));
                self.sink.listed(entry.member(name));
                return (start.saturating_add(trial.data.len()), false);
            }
        };
        self.after(entry, taken);
        let used = start.saturating_add(tally.used);
        if taken != Taken::Whole {
            return (used, taken == Taken::Cut);
        }
        let fits = self.fits(&tally, views, start);
        let reading = Reading {
            method: trial.method,
            bytes: Vec::new(),
            tally,
            error: None,
            fits,
            declared: true,
            daring: trial.daring,
        };
        self.judge(member, views, &reading, start);
        let mut end = used.saturating_add(descriptor(self.bytes, used, &tally).map_or(0, |d| d.length));
        if !fits && trial.method == 0 {
            end = self.hidden_stream(entry, member, trial, views, start).unwrap_or(end);
        }
        (end, fits)
    }

    /// A long "stored" member that is a deflate stream in truth.
    pub(super) fn hidden_stream(
        &mut self,
        entry: &Entry<'a>,
        member: &Member,
        trial: &Trial<'_>,
        views: &[View],
        start: usize,
    ) -> Option<usize> {
        let other = Trial { method: 8, ..*trial };
        let tally = decode::measure(trial.data, self.plan(&other), self.sink.budget_left()).ok()?;
        self.sink.pay(size(tally.len));
        if !tally.ended || !(self.fits(&tally, views, start) || tally.used == trial.data.len()) {
            return None;
        }
        self.tell(Found::new("zip.method_lies").at(start, 0).says(&member.name));
        Some(self.stream(entry, member, &other, views, start).0)
    }

    /// What the decoded data says of the headers.
    pub(super) fn judge(&mut self, member: &Member, views: &[View], reading: &Reading, start: usize) {
        let (tally, name) = (&reading.tally, &member.name);
        let usual = views.first().map(|v| v.method);
        if reading.fits && (!reading.declared || usual != Some(reading.method)) || (!reading.declared && reading.tally.ended) {
            let summary = format!(
                "The data of a member is {} and its headers say otherwise.",
                method_name(reading.method)
            );
            self.tell(Found::new("zip.method_lies").at(start, tally.used).says(name).summary(summary));
        }
        let wrong = views.iter().find_map(|v| v.plain.filter(|n| *n != tally.len && reading.fits));
        if let Some(said) = wrong {
            let summary = format!("A member is said to have {said} bytes and has {}.", tally.len);
            self.tell(Found::new("zip.size_mismatch").at(start, tally.used).says(name).summary(summary));
        }
        if !reading.fits && reading.declared && views.iter().any(|v| v.crc.is_some()) {
            self.tell(Found::new("zip.crc_wrong_data").at(start, tally.used).says(name));
        }
    }

    /// An encrypted member: every password, then a gap.
    pub(super) fn unlock(&mut self, entry: &Entry<'a>, mut member: Member, view: &View, start: usize) -> usize {
        member.encrypted = true;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let packed = view.packed.unwrap_or_else(|| self.streamed_length(start));
        let data = rest.get(..packed).unwrap_or(rest);
        let end = start.saturating_add(data.len());
        let behind = descriptor(
            self.bytes,
            end,
            &Tally {
                used: data.len(),
                ..Tally::default()
            },
        )
        .map_or(0, |d| d.length);
        let end = end.saturating_add(behind);
        let Some((plain, word)) = self.keys.open(self.sink, data, view) else {
            self.locked = self.locked.saturating_add(1);
            self.locked_bytes = self.locked_bytes.saturating_add(view.plain.unwrap_or_else(|| len64(data.len())));
            self.sink.listed(member);
            return end;
        };
        let found = if self.keys.is_beside(&word) {
            Some(Found::new("enc.password_in_context").summary("The comment of this archive holds its password."))
        } else {
            self.sink.is_well_known(&word).then(|| Found::new("enc.weak_password"))
        };
        if let Some(found) = found.filter(|f| !self.teller.told(f.id)) {
            self.tell(found.at(start, 0).says(&word));
        }
        let name = member.name.clone();
        let held = len64(plain.len());
        self.sink.walk.budget.hold(held);
        let trial = Trial {
            method: view.method,
            view: *view,
            data: &plain,
            missing: 0,
            daring: false,
        };
        match self.small(&trial, &[*view], start, true) {
            Some(reading) => {
                let member = linked(entry, member, &reading.bytes);
                self.take(entry, member, &reading.bytes, reading.error);
            }
            None => {
                let trial = Trial { daring: true, ..trial };
                self.stream(entry, &member, &trial, &[*view], start);
            }
        }
        self.sink.walk.budget.free(held);
        // A reader that does not decrypt gives the data as it stands.
        self.sink.layer_slice("zip-packed", name, data);
        end
    }
}

/// A symbolic link's data is its target.
pub(super) fn linked(entry: &Entry<'_>, mut member: Member, bytes: &[u8]) -> Member {
    if entry.is_link() {
        member.symlink = Some(String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes)).into_owned());
    }
    member
}

/// Ends with an error, once.
pub(super) struct Fails(Option<Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
