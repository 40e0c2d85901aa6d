//! Opening one member by every reading of it: what any extractor would hand out is handed out, once.

use std::collections::BTreeSet;

use airlock_proto::{Gap, GapKind};

use super::crypt::Keys;
use super::decode::{self, method_name};
use super::differ::{self, Teller};
use super::find::{self, Hits};
use super::ranges::Ranges;
use super::trial::{Trial, trials_reach};
use super::view::{Entry, View};
use crate::reader::len64;
use crate::sink::{Found, Member, Sink};

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
    /// An end record says that there are other parts.
    pub split: bool,
    pub(super) hits: &'a Hits,
    pub(super) keys: Keys,
    pub(super) tried: BTreeSet<(usize, u16, bool, usize)>,
    pub(super) refused: bool,
    pub(super) gaps: u32,
}

impl<'a, 's, 'w, 'e> Opener<'a, 's, 'w, 'e> {
    /// Nothing opened yet.
    pub fn new(bytes: &'a [u8], hits: &'a Hits, sink: &'s mut Sink<'w, 'e>) -> Self {
        let comment = find::near_end(bytes).map(|end| end.comment).unwrap_or_default();
        let keys = Keys::new(sink, comment);
        // An archive that is called `.html` is the page that its comment holds, and one that is called `.bat` the script: what a program
        // that does not know archives finds in it.
        if !comment.trim_ascii().is_empty() {
            sink.layer_slice("comment", "comment", comment);
        }
        Opener {
            bytes,
            sink,
            teller: Teller::default(),
            covered: Ranges::default(),
            excused: Ranges::default(),
            spans: Vec::new(),
            locked: 0,
            locked_bytes: 0,
            split: false,
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
            let (kind, why) = if self.split {
                (GapKind::Truncated, "it stands in another part of this split archive")
            } else {
                (GapKind::Malformed, "its place in the archive holds no header")
            };
            self.gap(&member.name, kind, why, unseen);
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
    pub(super) fn read(&mut self, entry: &Entry<'a>, member: Member, views: &[View], trials: &[Trial<'a>], start: usize) -> usize {
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
    pub(super) fn packed(&mut self, member: &Member, views: &[View], start: usize) {
        let packed = views.iter().find_map(|v| v.packed).unwrap_or_default();
        let data = self.bytes.get(start..start.saturating_add(packed)).unwrap_or_default();
        self.sink.layer_slice("zip-packed", member.name.clone(), data);
    }

    pub(super) fn unreadable(&mut self, member: &Member, trials: &[Trial<'_>]) {
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

    pub(super) fn cover(&mut self, start: usize, end: usize) {
        let end = end.min(self.bytes.len());
        self.covered.add(start, end);
        self.spans.push((start, end));
    }
}
