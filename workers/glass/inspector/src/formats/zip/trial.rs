//! The readings of one member's data: by each method that a header names, and by those that fit although none does.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Read};

use super::decode::{self, Plan, Tally};
use super::open::Opener;
use super::record::{DESCRIPTOR, starts};
use super::view::View;
use crate::reader::{Reader, len64, size};

/// Packed bytes up to which a member is decoded in memory first, so that its checksum is known before it is handed out.
const SMALL_PACKED: usize = 1 << 20;
/// Plain bytes up to which it is.
const SMALL_PLAIN: u64 = 4 << 20;

/// One reading of the data.
pub(super) struct Reading {
    pub(super) method: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) tally: Tally,
    pub(super) error: Option<Error>,
    pub(super) fits: bool,
    /// A header asks for this reading; otherwise it is our guess.
    pub(super) declared: bool,
    /// It leaves out a decryption that the headers ask for, so that only a fitting checksum makes it believed.
    pub(super) daring: bool,
}

/// A way to read the data.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    pub(super) method: u16,
    pub(super) view: View,
    pub(super) data: &'a [u8],
    /// Bytes that the header promises and the file does not have.
    pub(super) missing: u64,
    pub(super) daring: bool,
}

/// The farthest end of the data that a header claims.
pub(super) fn trials_reach(views: &[View], start: usize, len: usize) -> usize {
    let longest = views.iter().filter_map(|v| v.packed).max().unwrap_or(0);
    start.saturating_add(longest).min(len)
}

pub(super) fn missing(trial: &Trial<'_>) -> Option<Error> {
    (trial.missing > 0 && trial.method != 8).then(|| {
        let why = format!("the file ends {} bytes before the member does", trial.missing);
        Error::new(ErrorKind::UnexpectedEof, why)
    })
}

/// A data descriptor (APPNOTE 4.3.9).
pub(super) struct Descriptor {
    pub(super) length: usize,
    /// Its checksum is that of the data.
    pub(super) sure: bool,
}

/// The descriptor at `at`, with or without signature, with sizes of 32 or 64 bits.
pub(super) fn descriptor(bytes: &[u8], at: usize, tally: &Tally) -> Option<Descriptor> {
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

impl<'a> Opener<'a, '_, '_, '_> {
    /// The readings that the headers ask for, without those that were done already for another header.
    pub(super) fn trials(&mut self, views: &[View], start: usize) -> Vec<Trial<'a>> {
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
    pub(super) fn streamed_length(&self, start: usize) -> usize {
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
    pub(super) fn small(&mut self, trial: &Trial<'_>, views: &[View], start: usize, declared: bool) -> Option<Reading> {
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

    pub(super) fn plan(&self, trial: &Trial<'_>) -> Plan {
        Plan {
            method: trial.method,
            flags: trial.view.flags,
            plain: trial.view.plain.unwrap_or(0),
            room: self.sink.walk.budget.alive_left(),
        }
    }

    /// Whether a checksum that stands in the headers or behind the data fits what came out.
    pub(super) fn fits(&self, tally: &Tally, views: &[View], start: usize) -> bool {
        let known = views
            .iter()
            .any(|v| v.crc == Some(tally.crc) && (tally.len > 0 || v.plain == Some(0)));
        known || descriptor(self.bytes, start.saturating_add(tally.used), tally).is_some_and(|d| d.sure)
    }

    /// Readings that no header asks for, when none that they ask for fits.
    pub(super) fn guess(&mut self, trials: &[Trial<'a>], views: &[View], start: usize, readings: &mut Vec<Reading>) {
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
}
