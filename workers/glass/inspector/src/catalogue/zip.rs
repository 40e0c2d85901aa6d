//! Findings about zip.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
pub const ENTRIES: &[Entry] = &[];
