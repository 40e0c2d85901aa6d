//! The tree of a report as the combination rules see it: parents, and which file a decoded layer belongs to.

use airlock_proto::Report;

use crate::formats::is_office;

/// Parents and files of all nodes; a parent that does not come before its child counts as none.
pub(crate) struct Tree {
    parents: Vec<Option<usize>>,
    files: Vec<usize>,
}

impl Tree {
    pub(crate) fn of(report: &Report) -> Self {
        let mut tree = Tree {
            parents: Vec::with_capacity(report.nodes.len()),
            files: Vec::with_capacity(report.nodes.len()),
        };
        for (index, node) in report.nodes.iter().enumerate() {
            let parent = node.parent.and_then(|p| usize::try_from(p).ok()).filter(|p| *p < index);
            // A decoded layer is the same file as what it was decoded from, and so is a part of an Office document.
            let within = parent
                .filter(|p| node.layer != "raw" || (report.nodes.get(*p).is_some_and(|n| is_office(&n.format)) && is_part(&node.format)));
            let file = within.and_then(|p| tree.files.get(p).copied()).unwrap_or(index);
            tree.parents.push(parent);
            tree.files.push(file);
        }
        tree
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    /// The file that a node belongs to: itself, or the file that it was decoded from.
    pub(crate) fn file(&self, node: usize) -> Option<usize> {
        self.files.get(node).copied()
    }

    /// Marks with every marked node all its ancestors: `result[n]` says that the subtree of `n` holds a mark.
    pub(crate) fn below(&self, mut marks: Vec<bool>) -> Vec<bool> {
        marks.resize(self.len(), false);
        for (index, parent) in self.parents.iter().enumerate().rev() {
            if !marks.get(index).copied().unwrap_or(false) {
                continue;
            }
            if let Some(mark) = parent.and_then(|p| marks.get_mut(p)) {
                *mark = true;
            }
        }
        marks
    }
}

/// Formats that are a part of their Office document and not a file embedded in it.
fn is_part(format: &str) -> bool {
    matches!(format, "xml" | "vba" | "bin" | "ole2" | "txt")
}
