//! The sink: the only way out for unpacked bytes. It pays from the budget before it keeps a byte, and inspects a member with its
//! whole subtree before it returns.

use std::io::Read;

use airlock_proto::{Gap, GapKind};

pub use crate::found::Found;
pub use crate::intake::gap_of;
use crate::intake::{ReadEnd, read_capped};
use crate::reader::{len64, size};
use crate::walk::Walk;

/// What a container says of one of its members.
#[derive(Debug, Clone, Default)]
pub struct Member {
    /// Name as the container gives it, decoded to text; not cleaned.
    pub name: String,
    /// A directory: it has no bytes.
    pub dir: bool,
    /// Target of a symbolic link.
    pub symlink: Option<String>,
    /// Target of a hard link.
    pub hardlink: Option<String>,
    /// A device, fifo or socket.
    pub special: bool,
    /// Encrypted in the container, opened or not.
    pub encrypted: bool,
    /// Hidden or system by its attributes.
    pub hidden: bool,
    /// Length that the container declares.
    pub declared: Option<u64>,
}

impl Member {
    /// A plain file.
    pub fn named(name: impl Into<String>) -> Self {
        Member {
            name: name.into(),
            ..Member::default()
        }
    }
}

/// A member or layer, as the analysers see it afterwards.
#[derive(Debug, Clone)]
pub struct Child {
    /// What the container said.
    pub member: Member,
    /// Format of its content; `None` when it was listed and not opened.
    pub format: Option<&'static str>,
    /// `raw` or the decoding.
    pub layer: &'static str,
    /// Bytes that were kept.
    pub size: u64,
    /// Node index, when it became one.
    pub node: Option<u32>,
}

/// How the bytes of a member ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Read to its end.
    Whole,
    /// A limit cut it; the reader was not read to its end.
    Cut,
    /// The reader failed before its end; what came before was kept.
    Failed,
    /// Not even begun: a limit on members, nodes or depth.
    Refused,
}

/// Takes members and layers of one node.
pub struct Sink<'w, 'e> {
    pub(crate) walk: &'w mut Walk<'e>,
    pub(crate) node: u32,
    pub(crate) depth: u32,
    pub(crate) children: Vec<Child>,
}

impl Sink<'_, '_> {
    /// Reads a member and inspects it with its whole subtree.
    ///
    /// Errors of the reader become gaps of the member: `UnexpectedEof` is truncated, `Unsupported` unsupported, `PermissionDenied`
    /// a missing password, everything else malformed. What was read before the error is kept and looked at.
    pub fn member(&mut self, member: Member, reader: &mut dyn Read) -> Taken {
        self.take("raw", member, reader)
    }

    /// As [`Sink::member`], for a decoding of this node (`layer` names it).
    pub fn layer(&mut self, layer: &'static str, name: impl Into<String>, reader: &mut dyn Read) -> Taken {
        self.take(layer, Member::named(name), reader)
    }

    /// A member whose bytes stand as they are in the input: they are paid for, and not copied.
    pub fn member_slice(&mut self, member: Member, bytes: &[u8]) -> Taken {
        self.take_slice("raw", member, bytes, 0)
    }

    /// A decoding of this node that is already in memory (small things only: bytes that a limit may cut go through a reader).
    pub fn layer_slice(&mut self, layer: &'static str, name: impl Into<String>, bytes: &[u8]) -> Taken {
        self.take_slice(layer, Member::named(name), bytes, 0)
    }

    /// A member that is listed and not opened (directory, link, encrypted): its name is looked at, it becomes no node.
    pub fn listed(&mut self, member: Member) {
        if len64(self.children.len()) < self.walk.budget.limits().max_members {
            self.children.push(Child {
                member,
                format: None,
                layer: "raw",
                size: 0,
                node: None,
            });
        }
    }

    /// Something of this node was not seen.
    pub fn gap(&mut self, gap: Gap) {
        self.walk.gap(self.node, gap);
    }

    /// Something was found on this node.
    pub fn finding(&mut self, found: Found) {
        self.walk.finding(self.node, found);
    }

    /// Passwords to try, in order, within the limit: none, those offered with the job, then the well-known ones.
    pub fn passwords(&self) -> Vec<String> {
        let job = self.walk.job;
        let mut all = vec![String::new()];
        for word in job.passwords.iter().map(String::as_str).chain(WELL_KNOWN_PASSWORDS.iter().copied()) {
            if !all.iter().any(|have| have == word) {
                all.push(word.to_owned());
            }
        }
        all.truncate(size(job.limits.max_passwords));
        all
    }

    /// True when the password was not offered with the job but is one that everybody knows.
    pub fn is_well_known(&self, password: &str) -> bool {
        !self.walk.job.passwords.iter().any(|p| p == password) && WELL_KNOWN_PASSWORDS.contains(&password)
    }

    /// Pays for decoding work whose result is thrown away (failed attempts, skipped parts of solid archives); false when the budget is spent.
    pub fn pay(&mut self, bytes: usize) -> bool {
        self.walk.budget.pay(len64(bytes))
    }

    /// Bytes that may still be decoded.
    pub fn budget_left(&self) -> u64 {
        self.walk.budget.left()
    }

    /// True when the wall clock has ended the job: stop soon.
    pub fn expired(&self) -> bool {
        self.walk.is_over()
    }

    /// Children so far, for formats that draw conclusions from them.
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    fn take(&mut self, layer: &'static str, member: Member, reader: &mut dyn Read) -> Taken {
        if let Err(gap) = self.walk.may_open(self.depth) {
            self.walk.gap_once(self.node, gap);
            self.listed(member);
            return Taken::Refused;
        }
        let limits = self.walk.budget.limits();
        let cap = limits
            .max_member_bytes
            .min(self.walk.budget.alive_left())
            .min(self.walk.budget.left());
        let mut bytes = Vec::new();
        let end = read_capped(reader, size(cap), &mut bytes);
        let paid = self.walk.budget.pay(len64(bytes.len()));
        let (taken, gap) = match end {
            ReadEnd::Whole => (Taken::Whole, None),
            ReadEnd::Cap => (Taken::Cut, Some(self.cap_gap(cap, &member))),
            ReadEnd::Failed(gap) => (Taken::Failed, Some(gap)),
        };
        debug_assert!(paid || self.walk.budget.left() == 0);
        let held = len64(bytes.len());
        self.walk.budget.hold(held);
        self.open(layer, member, &bytes, gap);
        drop(bytes);
        self.walk.budget.free(held);
        taken
    }

    fn take_slice(&mut self, layer: &'static str, member: Member, bytes: &[u8], unseen: u64) -> Taken {
        if let Err(gap) = self.walk.may_open(self.depth) {
            self.walk.gap_once(self.node, gap);
            self.listed(member);
            return Taken::Refused;
        }
        let cap = self.walk.budget.limits().max_member_bytes.min(self.walk.budget.left());
        let kept = bytes.get(..size(cap)).unwrap_or(bytes);
        let cut = bytes.len().saturating_sub(kept.len());
        self.walk.budget.pay(len64(kept.len()));
        let gap = (cut > 0).then(|| self.cap_gap(cap, &member).bytes(len64(cut).saturating_add(unseen)));
        let taken = if gap.is_some() { Taken::Cut } else { Taken::Whole };
        self.open(layer, member, kept, gap);
        taken
    }

    fn open(&mut self, layer: &'static str, member: Member, bytes: &[u8], gap: Option<Gap>) {
        let done = self
            .walk
            .node(Some(self.node), self.depth.saturating_add(1), &member, layer, bytes, gap);
        self.children.push(Child {
            member,
            format: done.map(|d| d.format),
            layer,
            size: len64(bytes.len()),
            node: done.map(|d| d.index),
        });
    }

    fn cap_gap(&self, cap: u64, member: &Member) -> Gap {
        let limits = self.walk.budget.limits();
        let unseen = member.declared.and_then(|all| all.checked_sub(cap)).filter(|n| *n > 0);
        let (kind, why) = if cap == limits.max_member_bytes {
            (
                GapKind::OverBudget,
                format!("only its first {cap} bytes were looked at (limit of one member)"),
            )
        } else if cap == self.walk.budget.left() {
            (
                GapKind::OverBudget,
                format!("only its first {cap} bytes were looked at (limit of all unpacked bytes)"),
            )
        } else {
            (
                GapKind::Memory,
                format!("only its first {cap} bytes were looked at (limit of bytes in memory at once)"),
            )
        };
        Gap {
            kind,
            detail: why,
            bytes_unseen: unseen,
        }
    }
}

/// Passwords that mail worms and analysts use; those that Office applies by itself are the Office formats' own.
pub const WELL_KNOWN_PASSWORDS: &[&str] = &[
    "infected",
    "password",
    "1234",
    "12345",
    "123456",
    "123",
    "malware",
    "virus",
    "111111",
    "VelvetSweatshop",
];
