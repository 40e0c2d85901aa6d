//! The analysers that look at a node once it is unpacked, in one slice that a person can read.

pub mod extensions;

mod encryption;
mod names;
mod nesting;
mod types;

use crate::input::Input;
use crate::sink::{Child, Found};

/// What the walk knows of a node once its members are through.
pub struct NodeFacts<'a> {
    /// Format that it mainly is.
    pub format: &'static str,
    /// All formats that matched.
    pub formats: &'a [&'static str],
    /// Depth; the root is 0.
    pub depth: u32,
    /// Members and layers in order, those that were listed and not opened included.
    pub children: &'a [Child],
}

/// Looks at one node and its children's names and types.
pub trait Analyser: Sync {
    /// Name, for `FINDINGS.md` and for telling whose fault it was.
    fn name(&self) -> &'static str;
    /// Looks.
    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>);
}

/// All analysers.
pub static ANALYSERS: &[&dyn Analyser] = &[
    &names::Names,
    &types::Types,
    &encryption::Encryption,
    &nesting::Nesting,
    &crate::formats::Ooxml,
    &crate::formats::Odf,
];
