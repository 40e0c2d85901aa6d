//! The walk: one node at a time, depth first. Sniff, tell, match the rules, unpack, analyse.

use std::cell::Cell;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock_proto::frame::{Frame, JobHeader};
use airlock_proto::limits::MAX_NAME_BYTES;
use airlock_proto::{Gap, GapKind, Node, text};
use sha2::{Digest, Sha256};

use crate::analysers::{ANALYSERS, NodeFacts};
use crate::budget::Budget;
use crate::formats::Format;
use crate::formats::text::READABLE;
use crate::input::Input;
use crate::labels;
use crate::reader::{len64, size};
use crate::rules::Matcher;
use crate::sink::{Child, Found, Member, Sink};
use crate::sniff::sniff;

/// What the walk needs from outside: the clock and the way out are arguments.
pub struct Surroundings<'e, 'r> {
    /// The job.
    pub job: &'e JobHeader,
    /// The rules; `None` runs none.
    pub matcher: Option<&'e mut Matcher<'r>>,
    /// True once the wall clock has ended the job.
    pub expired: &'e dyn Fn() -> bool,
    /// Takes a frame; false when the report is full, which drops the frame. One gap and the end follow and must still be taken.
    pub emit: &'e mut dyn FnMut(Frame) -> bool,
}

/// Inspects one file and everything inside it; ends with [`Frame::End`].
pub fn inspect(bytes: &[u8], around: Surroundings<'_, '_>) {
    let Surroundings {
        job,
        matcher,
        expired,
        emit,
    } = around;
    let mut matcher = matcher;
    let mut scan = |bytes: &[u8], format: &'static str, layer: &str, out: &mut dyn FnMut(crate::rules::Hit)| match &mut matcher {
        Some(matcher) => matcher.scan(bytes, format, layer, &job.limits, out),
        None => Ok(()),
    };
    let mut walk = Walk {
        job,
        scan: &mut scan,
        expired,
        emit,
        budget: Budget::new(job.limits.clone()),
        next: 0,
        findings: 0,
        full: false,
        timed_out: Cell::new(false),
        once: BTreeSet::new(),
        matched: HashMap::new(),
        chain: Vec::new(),
        ancestors: Vec::new(),
        told: Vec::new(),
    };
    let cut = (job.input_cut_bytes > 0).then(|| {
        let gap = Gap::new(
            GapKind::OverBudget,
            "the file is longer than a scan may be: only its beginning was looked at",
        );
        Gap {
            bytes_unseen: (job.input_cut_bytes != u64::MAX).then_some(job.input_cut_bytes),
            ..gap
        }
    });
    let member = Member::named(job.name.clone());
    walk.node(None, 0, &member, "raw", bytes, cut);
    if walk.timed_out.get() {
        // Whoever was told that the time is over stopped; that something is missing is said here for all of them.
        walk.gap_once(
            0,
            Gap::new(GapKind::Time, "the time for this scan is over: not all of it was looked at"),
        );
    }
    let end = Frame::End {
        unpacked_bytes: walk.budget.unpacked(),
        replayable: !walk.timed_out.get(),
    };
    (walk.emit)(end);
}

type Scan<'e> = dyn FnMut(&[u8], &'static str, &str, &mut dyn FnMut(crate::rules::Hit)) -> Result<(), Gap> + 'e;

/// The state of one job.
pub struct Walk<'e> {
    pub(crate) job: &'e JobHeader,
    scan: &'e mut Scan<'e>,
    expired: &'e dyn Fn() -> bool,
    pub(crate) emit: &'e mut dyn FnMut(Frame) -> bool,
    pub(crate) budget: Budget,
    next: u32,
    pub(crate) findings: u32,
    pub(crate) full: bool,
    timed_out: Cell<bool>,
    pub(crate) once: BTreeSet<(u32, GapKind)>,
    /// What the rules said of bytes that may come again: archives hold copies, and bombs hold little else.
    matched: HashMap<Same, Vec<crate::rules::Hit>>,
    chain: Vec<&'static str>,
    ancestors: Vec<[u8; 32]>,
    pub(crate) told: Vec<Told>,
}

/// Equal for nodes of which the rules say the same: digest, format, layer.
type Same = ([u8; 32], &'static str, &'static str);
/// Most nodes whose matches are kept.
const MAX_MATCHED: usize = 4096;
/// Most matches of one node that are kept: together with [`MAX_MATCHED`] some megabytes, which no budget pays for.
const MAX_REPEATED_HITS: usize = 2;

/// What was said of a node that is still open, so that its decoded layers do not say it again.
pub(crate) struct Told {
    pub(crate) node: u32,
    pub(crate) raw: bool,
    pub(crate) said: BTreeSet<(String, String)>,
}

/// What a node turned out to be.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    pub(crate) index: u32,
    pub(crate) format: &'static str,
}

impl Walk<'_> {
    /// Inspects the bytes as a node; `None` when the report has no room for it.
    pub(crate) fn node(
        &mut self,
        parent: Option<u32>,
        depth: u32,
        member: &Member,
        layer: &'static str,
        bytes: &[u8],
        gap: Option<Gap>,
    ) -> Option<Done> {
        let index = self.next;
        if index >= self.job.limits.max_nodes || self.full {
            let gap = Gap::new(GapKind::TooMany, "the report is full: further members were not listed");
            self.gap_once(parent.unwrap_or_default(), gap);
            return None;
        }
        self.next = index.saturating_add(1);
        let chain = self.chain.clone();
        let firsts = OnceCell::new();
        let input = Input {
            bytes,
            name: &member.name,
            declared_type: if parent.is_none() {
                self.job.declared_type.as_deref()
            } else {
                None
            },
            encoding: encoding_at(self.job, depth),
            layer,
            chain: &chain,
            firsts: Some(&firsts),
        };
        let (formats, label) = sniff(&input);
        let digest = if parent.is_none() { given_digest(self.job) } else { None };
        let digest = digest.unwrap_or_else(|| Sha256::digest(bytes).into());
        self.send(Frame::Node(Node {
            index,
            parent,
            name: text::cut(&member.name, MAX_NAME_BYTES),
            path: String::new(),
            format: label.name.to_owned(),
            layer: layer.to_owned(),
            size: len64(bytes.len()),
            sha256: data_encoding::HEXLOWER.encode(&digest),
            gaps: Vec::new(),
        }));
        if let Some(gap) = gap {
            self.gap(index, gap);
        }
        self.told.push(Told {
            node: index,
            raw: layer == "raw",
            said: BTreeSet::new(),
        });
        self.match_rules(index, parent.is_none(), bytes, (digest, label.name, layer));
        // What is readable of a node may be all of it, and is not made readable again.
        if layer != READABLE && self.ancestors.contains(&digest) {
            self.finding(index, Found::new("zip.quine_or_self_nested"));
        } else {
            self.ancestors.push(digest);
            self.chain.push(label.name);
            self.unpack(index, depth, &input, &formats, label);
            self.chain.pop();
            self.ancestors.pop();
        }
        self.told.pop();
        Some(Done { index, format: label.name })
    }

    fn unpack(&mut self, node: u32, depth: u32, input: &Input<'_>, formats: &[&'static dyn Format], label: labels::Label) {
        let alive = self.budget.limits().max_alive_bytes.saturating_sub(self.budget.alive_left());
        let mut sink = Sink {
            walk: self,
            node,
            depth,
            children: Vec::new(),
        };
        if label.container {
            sink.gap(
                Gap::new(GapKind::Unsupported, format!("{} is recognised and not opened", label.title)).bytes(len64(input.bytes.len())),
            );
        }
        for format in formats {
            let outcome = catch_unwind(AssertUnwindSafe(|| format.unpack(input, &mut sink)));
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(gap)) => sink.gap(gap),
                Err(_) => sink.gap(Gap::new(
                    GapKind::Malformed,
                    format!("the {} reader gave up on contradictory data", format.doc().title),
                )),
            }
        }
        let children = std::mem::take(&mut sink.children);
        if label.name == labels::UNKNOWN.name && input.layer == "raw" && !input.bytes.is_empty() {
            self.finding(
                node,
                Found::new("type.unknown").excerpt(input.bytes.get(..16).unwrap_or(input.bytes)),
            );
        }
        let now = self.budget.limits().max_alive_bytes.saturating_sub(self.budget.alive_left());
        self.budget.free(now.saturating_sub(alive));
        self.alarm(node, input, formats, &children);
        let names: Vec<&'static str> = formats.iter().map(|f| f.name()).collect();
        let facts = NodeFacts {
            format: label.name,
            formats: &names,
            depth,
            children: &children,
        };
        for analyser in ANALYSERS {
            let mut out = Vec::new();
            if catch_unwind(AssertUnwindSafe(|| analyser.inspect(input, &facts, &mut out))).is_err() {
                self.gap(
                    node,
                    Gap::new(
                        GapKind::Malformed,
                        format!("the {} analyser gave up on contradictory data", analyser.name()),
                    ),
                );
            }
            for found in out {
                self.finding(node, found);
            }
        }
    }

    /// The expansion alarm: very much came out of very little. ZIP has a finding of its own, which names the member.
    fn alarm(&mut self, node: u32, input: &Input<'_>, formats: &[&'static dyn Format], children: &[Child]) {
        let out = children.iter().map(|child| child.size).fold(0, u64::saturating_add);
        let ratio = out.checked_div(len64(input.bytes.len())).unwrap_or_default();
        let limits = &self.job.limits;
        let zip = formats.first().is_some_and(|f| f.name() == "zip");
        if out >= limits.alarm_bytes && ratio > limits.alarm_ratio && !zip {
            let sentence = format!("It unpacks to at least {ratio} times its own size.");
            self.finding(node, Found::new("bomb.ratio").summary(sentence));
        }
    }

    fn match_rules(&mut self, node: u32, root: bool, bytes: &[u8], same: Same) {
        let (_, format, layer) = same;
        let known = self.matched.get(&same).cloned();
        let repeated = known.is_some();
        let mut hits = known.unwrap_or_default();
        let outcome = if repeated {
            Ok(())
        } else {
            catch_unwind(AssertUnwindSafe(|| (self.scan)(bytes, format, layer, &mut |hit| hits.push(hit))))
                .unwrap_or_else(|_| Err(Gap::new(GapKind::RuleTimeout, "the rule engine gave up on this node")))
        };
        if !repeated && outcome.is_ok() && self.matched.len() < MAX_MATCHED && hits.len() <= MAX_REPEATED_HITS {
            self.matched.insert(same, hits.clone());
        }
        for hit in hits {
            if hit.shadow {
                self.send(Frame::Note(format!("shadow rule {} would have matched", hit.name)));
            } else {
                self.tell(hit.finding(node, layer));
            }
        }
        match outcome {
            Ok(()) if root => self.send(Frame::RootMatched),
            Ok(()) => {}
            Err(gap) => self.gap(node, gap),
        }
    }

    /// True once the wall clock has ended the job; whoever asks and hears so stops, and the report cannot be replayed.
    pub(crate) fn is_over(&self) -> bool {
        let over = (self.expired)();
        self.timed_out.set(self.timed_out.get() || over);
        over
    }

    /// Whether one more member may be opened below a node at `depth`.
    pub(crate) fn may_open(&mut self, depth: u32) -> Result<(), Gap> {
        if self.is_over() {
            return Err(Gap::new(GapKind::Time, "the time for this scan is over: the rest was not opened"));
        }
        if depth >= self.job.limits.max_depth {
            return Err(Gap::new(
                GapKind::TooDeep,
                format!("nested deeper than {} levels: not opened", self.job.limits.max_depth),
            ));
        }
        if self.budget.left() == 0 {
            return Err(Gap::new(
                GapKind::OverBudget,
                "the limit of all unpacked bytes is reached: the rest was not opened",
            ));
        }
        self.budget.member()
    }
}

/// The root's digest, where the host has it already: it hashes every byte on its way in.
fn given_digest(job: &JobHeader) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER
        .decode(job.sha256.as_deref()?.as_bytes())
        .ok()?
        .try_into()
        .ok()
}

/// The coding that is outermost at this depth: each level of unpacking undoes one, the last named first (RFC 9110 section 8.4).
fn encoding_at(job: &JobHeader, depth: u32) -> Option<&str> {
    job.content_encoding.iter().rev().nth(size(depth)).map(String::as_str)
}

#[cfg(test)]
mod tests;
