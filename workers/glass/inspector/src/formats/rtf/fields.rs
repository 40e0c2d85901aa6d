//! Fields of RTF: which group is an instruction, and what an inner field yields for the one around it (RTF 1.9.1, Fields).

use super::prose::Prose;
use crate::formats::fields::Fields;
use crate::sink::Found;

/// The fields that are open while a document is walked.
#[derive(Default)]
pub struct Open {
    fields: Fields,
    /// Depth of the group of each instruction, and whether it is over: what follows up to the end of the group around it is the result.
    groups: Vec<(usize, bool)>,
    /// How much of the text was handed on.
    fed: usize,
}

impl Open {
    /// An instruction begins in a group at this depth.
    pub fn begin(&mut self, depth: usize, prose: &mut Prose, out: &mut Vec<Found>) {
        self.feed(prose);
        while self.groups.pop_if(|(of, over)| *over && *of >= depth).is_some() {
            out.extend(self.fields.end());
        }
        // The same word twice in one group is one instruction.
        if self.groups.last() != Some(&(depth, false)) {
            self.groups.push((depth, false));
            self.fields.begin();
        }
    }

    /// A group ended, and the one around it has this depth.
    pub fn close(&mut self, depth: usize, prose: &mut Prose, out: &mut Vec<Found>) {
        while let Some((of, over)) = self.groups.last_mut() {
            if !*over && *of > depth {
                *over = true;
                self.feed(prose);
                out.extend(self.fields.separate());
            } else if *over && *of > depth.saturating_add(1) {
                self.groups.pop();
                self.feed(prose);
                out.extend(self.fields.end());
            } else {
                break;
            }
        }
    }

    /// What is still open at the end of the file is as good as closed.
    pub fn finish(&mut self, prose: &mut Prose, out: &mut Vec<Found>) {
        self.feed(prose);
        while self.groups.pop().is_some() {
            out.extend(self.fields.end());
        }
    }

    fn feed(&mut self, prose: &mut Prose) {
        let text = prose.flush();
        let new = text.get(self.fed..).unwrap_or_default();
        // The state of the field says which of the two it is.
        self.fields.code(new);
        self.fields.result(new);
        self.fed = text.len();
    }
}
