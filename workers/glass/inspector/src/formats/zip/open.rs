//! Opening one member by every reading of it: what any extractor would hand out is handed out, once.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Read};

use airlock_proto::{Gap, GapKind};

use super::crypt::Keys;
use super::decode::{self, Plan, Tally, method_name};
use super::differ::{self, Teller};
use super::find::{self, Hits};
use super::ranges::Ranges;
use super::record::{DESCRIPTOR, starts};
use super::view::{Entry, View};
use crate::reader::{Reader, len64, size};
use crate::sink::{Found, Member, Sink, Taken, gap_of};

/// Packed bytes up to which a member is decoded in memory first, so that its checksum is known before it is handed out.
const SMALL_PACKED: usize = 1 << 20;
/// Plain bytes up to which it is.
const SMALL_PLAIN: u64 = 4 << 20;
/// Gaps an archive names one by one.
const MOST_GAPS: u32 = 40;

/// Opens members; knows what was opened, and which bytes are accounted for.
pub struct Opener<'a, 's, 'w, 'e> {
    /// The archive.
    pub bytes: &'a [u8],
    /// The way out.
    pub sink: &'s mut Sink<'w, 'e>,
    /// Makes findings.
    pub teller: Teller,
    /// Bytes that are accounted for.
    pub covered: Ranges,
    /// Bytes of members that could not be decoded: nobody's, and no secret.
    pub excused: Ranges,
    /// From header to end of data, a member each.
    pub spans: Vec<(usize, usize)>,
    /// Members that are encrypted and not opened.
    pub locked: u64,
    /// Their packed bytes.
    pub locked_bytes: u64,
    hits: &'a Hits,
    keys: Keys,
    tried: BTreeSet<(usize, u16, bool, usize)>,
    refused: bool,
    gaps: u32,
}

/// One reading of the data.
struct Reading {
    method: u16,
    bytes: Vec<u8>,
    tally: Tally,
    error: Option<Error>,
    fits: bool,
    /// A header asks for this reading; otherwise it is our guess.
    declared: bool,
    /// It leaves out a decryption that the headers ask for, so that only a fitting checksum makes it believed.
    daring: bool,
}

/// A way to read the data.
#[derive(Clone, Copy)]
struct Trial<'a> {
    method: u16,
    view: View,
    data: &'a [u8],
    /// Bytes that the header promises and the file does not have.
    missing: u64,
    daring: bool,
}

impl<'a, 's, 'w, 'e> Opener<'a, 's, 'w, 'e> {
    /// Nothing opened yet.
    pub fn new(bytes: &'a [u8], hits: &'a Hits, sink: &'s mut Sink<'w, 'e>) -> Self {
        let comment = find::near_end(bytes).map(|end| end.comment).unwrap_or_default();
        let keys = Keys::new(sink, comment);
        Opener {
            bytes,
            sink,
            teller: Teller::default(),
            covered: Ranges::default(),
            excused: Ranges::default(),
            spans: Vec::new(),
            locked: 0,
            locked_bytes: 0,
            hits,
            keys,
            tried: BTreeSet::new(),
            refused: false,
            gaps: 0,
        }
    }

    /// Makes a finding, within its number.
    pub fn tell(&mut self, found: Found) {
        self.teller.tell(self.sink, found);
    }

    /// Opens one member.
    pub fn open(&mut self, entry: &Entry<'a>) {
        let mut found = Vec::new();
        differ::headers(entry, &mut found);
        for f in found {
            self.tell(f);
        }
        let names = entry.names();
        let member = entry.member(names.first().cloned().unwrap_or_default());
        for other in names.iter().skip(1) {
            self.sink.listed(entry.member(other.clone()));
        }
        let Some(local) = entry.local else {
            let unseen = entry.fields().map(|f| f.packed).filter(|n| *n <= len64(self.bytes.len()));
            self.gap(&member.name, GapKind::Malformed, "its place in the archive holds no header", unseen);
            self.sink.listed(member);
            return;
        };
        let views = entry.views();
        let empty = views.iter().all(|v| v.packed == Some(0) || (v.packed.is_none() && member.dir));
        if member.dir && empty {
            self.cover(local.at, local.data);
            self.sink.listed(member);
            return;
        }
        if self.sink.expired() && !self.refused {
            self.refused = true;
            self.sink
                .gap(Gap::new(GapKind::Time, "the time for this scan is over: the rest was not opened"));
        }
        let trials = if self.refused {
            Vec::new()
        } else {
            self.trials(&views, local.data)
        };
        if trials.is_empty() {
            let reach = trials_reach(&views, local.data, self.bytes.len());
            self.cover(local.at, reach);
            self.sink.listed(member);
            return;
        }
        let end = self.read(entry, member, &views, &trials, local.data);
        self.cover(local.at, end);
        self.excused.add(local.at, trials_reach(&views, local.data, self.bytes.len()));
    }

    /// Tries the readings, hands out those that count, and tells where the data ended.
    fn read(&mut self, entry: &Entry<'a>, member: Member, views: &[View], trials: &[Trial<'a>], start: usize) -> usize {
        let mut readings = Vec::new();
        let mut big = Vec::new();
        for trial in trials.iter().filter(|t| decode::is_known(t.method)) {
            match self.small(trial, views, start, true) {
                Some(reading) => readings.push(reading),
                None => big.push(*trial),
            }
        }
        if big.is_empty() && !readings.iter().any(|r| r.fits) {
            self.guess(trials, views, start, &mut readings);
        }
        let fits = readings.iter().any(|r| r.fits);
        let locked: Vec<&View> = views.iter().filter(|v| v.encrypted).collect();
        let all_locked = locked.len() == views.len();
        if let Some(view) = locked.first().filter(|_| !fits && (big.is_empty() || all_locked)) {
            readings.retain(|r| !r.daring);
            if readings.is_empty() {
                return self.unlock(entry, member, view, start);
            }
        }
        let guessed = !readings.is_empty() && !readings.iter().any(|r| r.declared);
        let mut end = self.hand_out(entry, &member, views, readings, start);
        if guessed {
            self.packed(&member, views, start);
        }
        if fits && all_locked && !locked.is_empty() {
            let found = Found::new("zip.fake_encryption").at(start, 0).says(&member.name);
            self.tell(found);
        }
        for trial in big.iter().filter(|t| !t.daring || all_locked) {
            let (reach, fits) = self.stream(entry, &member, trial, views, start);
            end = end.max(reach);
            if fits {
                break;
            }
        }
        if end <= start {
            self.unreadable(&member, trials);
            end = trials_reach(views, start, self.bytes.len());
        }
        end
    }

    /// What a reader gives that does not undo an unknown method or an encryption: the data as it stands.
    fn packed(&mut self, member: &Member, views: &[View], start: usize) {
        let packed = views.iter().find_map(|v| v.packed).unwrap_or_default();
        let data = self.bytes.get(start..start.saturating_add(packed)).unwrap_or_default();
        self.sink.layer_slice("zip-packed", member.name.clone(), data);
    }

    /// The readings that the headers ask for, without those that were done already for another header.
    fn trials(&mut self, views: &[View], start: usize) -> Vec<Trial<'a>> {
        let mut out = Vec::new();
        let mut here = BTreeSet::new();
        for view in views {
            let packed = view.packed.unwrap_or_else(|| self.streamed_length(start));
            let rest = self.bytes.get(start..).unwrap_or_default();
            let bounded = rest.get(..packed).unwrap_or(rest);
            // A deflate stream knows its end, and readers that stream do not look at its length.
            let data = if view.method == 8 { rest } else { bounded };
            let length = if view.method == 8 { 0 } else { packed };
            let key = (start, view.method, view.encrypted, length);
            if here.insert(key) && self.tried.insert(key) {
                out.push(Trial {
                    method: view.method,
                    view: *view,
                    data,
                    missing: len64(packed.saturating_sub(bounded.len())),
                    daring: view.encrypted,
                });
            }
        }
        out
    }

    /// Length of data whose headers do not give one: up to a descriptor that says so, or to the next header.
    fn streamed_length(&self, start: usize) -> usize {
        const TRIES: usize = 256;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let descriptors = &self.hits.descriptors;
        let first = descriptors.partition_point(|at| *at < start);
        let lengths = descriptors.iter().skip(first).take(TRIES).map(|at| at.saturating_sub(start));
        let said = lengths.into_iter().find(|length| {
            let packed = Reader::at(rest, length.saturating_add(8)).u32();
            packed.map(size) == Some(*length)
        });
        let next = |list: &[usize]| list.get(list.partition_point(|at| *at < start)).copied();
        let header = [&self.hits.locals, &self.hits.centrals, &self.hits.ends]
            .into_iter()
            .filter_map(|list| next(list))
            .min();
        said.unwrap_or_else(|| header.map_or(rest.len(), |at| at.saturating_sub(start)))
    }

    /// Decodes in memory; `None` when it is too much for that.
    fn small(&mut self, trial: &Trial<'_>, views: &[View], start: usize, declared: bool) -> Option<Reading> {
        let stored = trial.method == 0;
        let bound = if stored {
            trial.data.len()
        } else {
            trial.data.len().min(trial.view.packed.unwrap_or(0))
        };
        if bound > SMALL_PACKED {
            return None;
        }
        let plan = self.plan(trial);
        let mut bytes = Vec::new();
        let mut error = None;
        let done = decode::with(trial.data, plan, &mut |reader| {
            error = reader.take(SMALL_PLAIN.saturating_add(1)).read_to_end(&mut bytes).err();
        });
        if len64(bytes.len()) > SMALL_PLAIN {
            self.sink.pay(bytes.len());
            return None;
        }
        let (tally, error) = match done {
            Ok(tally) => (tally, error),
            Err(e) => (Tally::default(), Some(e)),
        };
        let error = error.or_else(|| missing(trial));
        Some(Reading {
            method: trial.method,
            fits: error.is_none() && self.fits(&tally, views, start),
            bytes,
            tally,
            error,
            declared,
            daring: trial.daring,
        })
    }

    fn plan(&self, trial: &Trial<'_>) -> Plan {
        Plan {
            method: trial.method,
            flags: trial.view.flags,
            plain: trial.view.plain.unwrap_or(0),
            room: self.sink.walk.budget.alive_left(),
        }
    }

    /// Whether a checksum that stands in the headers or behind the data fits what came out.
    fn fits(&self, tally: &Tally, views: &[View], start: usize) -> bool {
        let known = views
            .iter()
            .any(|v| v.crc == Some(tally.crc) && (tally.len > 0 || v.plain == Some(0)));
        known || descriptor(self.bytes, start.saturating_add(tally.used), tally).is_some_and(|d| d.sure)
    }

    /// Readings that no header asks for, when none that they ask for fits.
    fn guess(&mut self, trials: &[Trial<'a>], views: &[View], start: usize, readings: &mut Vec<Reading>) {
        let Some(first) = trials.first() else { return };
        let rest = self.bytes.get(start..).unwrap_or_default();
        for method in [8, 0] {
            if trials.iter().any(|t| t.method == method) {
                continue;
            }
            let packed = first.view.packed.unwrap_or(first.data.len());
            let data = if method == 8 { rest } else { rest.get(..packed).unwrap_or(rest) };
            let trial = Trial {
                method,
                data,
                missing: 0,
                ..*first
            };
            let Some(reading) = self.small(&trial, views, start, false) else {
                continue;
            };
            let whole = reading.tally.ended && reading.tally.used == packed && reading.tally.len > 0;
            let failed = readings.iter().all(|r| r.error.is_some());
            let as_long = first.view.plain == Some(len64(packed)) && failed;
            if reading.fits || (method == 8 && whole && !first.daring) || (method == 0 && as_long && !first.daring) {
                readings.push(reading);
            } else {
                self.sink.pay(reading.bytes.len());
            }
        }
    }

    /// Hands out what was decoded in memory, each content once; returns the end of the data.
    fn hand_out(&mut self, entry: &Entry<'a>, member: &Member, views: &[View], readings: Vec<Reading>, start: usize) -> usize {
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

    fn take(&mut self, entry: &Entry<'_>, member: Member, bytes: &[u8], error: Option<Error>) {
        let taken = match error {
            None => self.sink.member_slice(member, bytes),
            Some(error) => self.sink.member(member, &mut bytes.chain(Fails(Some(error)))),
        };
        self.after(entry, taken);
    }

    fn after(&mut self, entry: &Entry<'_>, taken: Taken) {
        self.refused |= taken == Taken::Refused;
        let child = self.sink.children().last();
        let runs = child.is_some_and(|c| matches!(c.format, Some("elf" | "macho" | "script")));
        if entry.mode() & 0o111 != 0 && runs && taken != Taken::Refused {
            let name = child.map(|c| c.member.name.clone()).unwrap_or_default();
            self.tell(Found::new("zip.exec_permission_script").says(&name));
        }
    }

    /// Hands out a long member while it is decoded; tells where it ended and whether its checksum fits.
    fn stream(&mut self, entry: &Entry<'a>, member: &Member, trial: &Trial<'_>, views: &[View], start: usize) -> (usize, bool) {
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
    fn hidden_stream(&mut self, entry: &Entry<'a>, member: &Member, trial: &Trial<'_>, views: &[View], start: usize) -> Option<usize> {
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
    fn judge(&mut self, member: &Member, views: &[View], reading: &Reading, start: usize) {
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
    fn unlock(&mut self, entry: &Entry<'a>, mut member: Member, view: &View, start: usize) -> usize {
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

    fn unreadable(&mut self, member: &Member, trials: &[Trial<'_>]) {
        let Some(trial) = trials.first() else { return };
        if trial.data.is_empty() && trial.missing == 0 {
            return;
        }
        self.sink.listed(member.clone());
        if decode::is_known(trial.method) {
            return;
        }
        let name = method_name(trial.method);
        let why = format!("it is packed with {name}, which is not opened");
        self.gap(&member.name, GapKind::Unsupported, &why, trial.view.packed.map(len64));
        self.tell(
            Found::new("zip.unsupported_method")
                .says(&member.name)
                .summary(format!("A member is packed with {name}.")),
        );
    }

    /// A gap of one member, by name; after some, one for the rest.
    pub fn gap(&mut self, name: &str, kind: GapKind, why: &str, unseen: Option<u64>) {
        self.gaps = self.gaps.saturating_add(1);
        let gap = if self.gaps < MOST_GAPS {
            Gap::new(kind, format!("{name}: {why}"))
        } else if self.gaps == MOST_GAPS {
            Gap::new(kind, format!("{name} and more: {why}"))
        } else {
            return;
        };
        self.sink.gap(Gap {
            bytes_unseen: unseen,
            ..gap
        });
    }

    fn cover(&mut self, start: usize, end: usize) {
        let end = end.min(self.bytes.len());
        self.covered.add(start, end);
        self.spans.push((start, end));
    }
}

/// The farthest end of the data that a header claims.
fn trials_reach(views: &[View], start: usize, len: usize) -> usize {
    let longest = views.iter().filter_map(|v| v.packed).max().unwrap_or(0);
    start.saturating_add(longest).min(len)
}

fn missing(trial: &Trial<'_>) -> Option<Error> {
    (trial.missing > 0 && trial.method != 8).then(|| {
        let why = format!("the file ends {} bytes before the member does", trial.missing);
        Error::new(ErrorKind::UnexpectedEof, why)
    })
}

/// A symbolic link's data is its target.
fn linked(entry: &Entry<'_>, mut member: Member, bytes: &[u8]) -> Member {
    if entry.is_link() {
        member.symlink = Some(String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes)).into_owned());
    }
    member
}

/// Ends with an error, once.
struct Fails(Option<Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// A data descriptor (APPNOTE 4.3.9).
struct Descriptor {
    length: usize,
    /// Its checksum is that of the data.
    sure: bool,
}

/// The descriptor at `at`, with or without signature, with sizes of 32 or 64 bits.
fn descriptor(bytes: &[u8], at: usize, tally: &Tally) -> Option<Descriptor> {
    let signed = starts(bytes, at, DESCRIPTOR);
    let mut r = Reader::at(bytes, at);
    if signed {
        r.skip(4)?;
    }
    let (narrow_length, wide_length) = if signed { (16, 24) } else { (12, 20) };
    let sure = r.u32()? == tally.crc;
    let used = len64(tally.used);
    let (narrow, wide) = (r.u32()?, r.u32()?);
    let first = u64::from(narrow) | (u64::from(wide) << 32);
    if u64::from(narrow) == used && (sure || signed) {
        return Some(Descriptor {
            length: if first == used && r.u64() == Some(tally.len) {
                wide_length
            } else {
                narrow_length
            },
            sure,
        });
    }
    (signed && first == used).then_some(Descriptor { length: wide_length, sure })
}
