//! Links and special files of archives: what leaves the archive's root, and what is written through it afterwards.

use std::collections::BTreeSet;

use airlock_proto::Severity;

use crate::sink::{Found, Member, Sink};

/// Links told in full; further ones of the same archive add nothing.
const MAX_TOLD: usize = 16;
/// Components of a path that are followed.
const MAX_DEPTH: usize = 64;

/// What the links of one archive have done so far.
#[derive(Default)]
pub(super) struct Links {
    escaping: BTreeSet<String>,
    told: usize,
    special: bool,
}

impl Links {
    /// Looks at a member at `offset` of the archive, in archive order.
    pub(super) fn see(&mut self, member: &Member, offset: usize, sink: &mut Sink<'_, '_>) {
        self.written_through(member, offset, sink);
        if let Some(target) = &member.symlink {
            let root = parent(&member.name);
            self.link(
                "link.symlink_escape",
                "symbolic",
                member,
                target,
                escapes(root, target),
                offset,
                sink,
            );
        }
        if let Some(target) = &member.hardlink {
            self.link("link.hardlink_escape", "hard", member, target, escapes("", target), offset, sink);
        }
        if member.special && !std::mem::replace(&mut self.special, true) {
            sink.finding(Found::new("link.special_file").at(offset, 0).says(&member.name));
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn link(&mut self, id: &'static str, kind: &str, member: &Member, target: &str, out: bool, offset: usize, sink: &mut Sink<'_, '_>) {
        if !out {
            return;
        }
        self.escaping.insert(normal(&member.name));
        if self.told < MAX_TOLD {
            self.told = self.told.saturating_add(1);
            // Alone it is common in images of whole systems; it does harm when something is written through it.
            sink.finding(
                Found::new(id)
                    .severity(Severity::Medium)
                    .at(offset, 0)
                    .says(&format!("{} -> {target}", member.name))
                    .summary(format!("A {kind} link points outside of the archive.")),
            );
        }
    }

    fn written_through(&mut self, member: &Member, offset: usize, sink: &mut Sink<'_, '_>) {
        if self.escaping.is_empty() || self.told >= MAX_TOLD.saturating_mul(2) {
            return;
        }
        let name = normal(&member.name);
        let link = member.symlink.is_some() || member.hardlink.is_some();
        let through = name
            .match_indices('/')
            .take(MAX_DEPTH)
            .filter_map(|(at, _)| name.get(..at))
            .chain((!link && !member.dir).then_some(name.as_str()))
            .find(|path| self.escaping.contains(*path));
        if let Some(path) = through {
            self.told = self.told.saturating_add(1);
            sink.finding(
                Found::new("link.symlink_escape")
                    .at(offset, 0)
                    .says(&format!("{} through {path}", member.name))
                    .summary("A member is written through a link that points outside of the archive."),
            );
        }
    }
}

/// Whether a link in the folder `from` (relative to the root) points out of the root.
fn escapes(from: &str, target: &str) -> bool {
    if target.starts_with(['/', '\\']) || target.as_bytes().get(1) == Some(&b':') {
        return true;
    }
    let mut depth = 0_i64;
    for part in from.split(['/', '\\']).chain(target.split(['/', '\\'])).take(4096) {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn parent(name: &str) -> &str {
    name.trim_end_matches(['/', '\\'])
        .rsplit_once(['/', '\\'])
        .map_or("", |(parent, _)| parent)
}

fn normal(name: &str) -> String {
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_root_escapes() {
        assert!(escapes("", "/etc/passwd"));
        assert!(escapes("a", "../../b"));
        assert!(escapes("", "c:\\x"));
        assert!(!escapes("a/b", "../c"));
        assert!(!escapes("", "b/../c"));
    }
}
