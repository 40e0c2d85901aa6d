//! The one budget of a job: it counts work, not time, so that the same bytes always end at the same place.

use airlock_proto::{Gap, GapKind, Limits};

/// What is left of a job's allowance.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    unpacked: u64,
    alive: u64,
    members: u64,
}

impl Budget {
    /// A full budget.
    pub fn new(limits: Limits) -> Self {
        Budget {
            limits,
            unpacked: 0,
            alive: 0,
            members: 0,
        }
    }

    /// The limits that it was made from.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Unpacked bytes paid so far.
    pub fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Pays for one more member; a gap when there are too many.
    pub fn member(&mut self) -> Result<(), Gap> {
        if self.members >= self.limits.max_members {
            return Err(Gap::new(
                GapKind::TooMany,
                format!("more than {} members: the rest was not opened", self.limits.max_members),
            ));
        }
        self.members = self.members.saturating_add(1);
        Ok(())
    }

    /// Pays for decoded bytes whether or not they are kept; false when the total is spent.
    pub fn pay(&mut self, bytes: u64) -> bool {
        self.unpacked = self.unpacked.saturating_add(bytes);
        self.unpacked <= self.limits.max_unpacked_bytes
    }

    /// How many more bytes may be decoded.
    pub fn left(&self) -> u64 {
        self.limits.max_unpacked_bytes.saturating_sub(self.unpacked)
    }

    /// How many more bytes may be alive.
    pub fn alive_left(&self) -> u64 {
        self.limits.max_alive_bytes.saturating_sub(self.alive)
    }

    /// Bytes that now stay in memory.
    pub fn hold(&mut self, bytes: u64) {
        self.alive = self.alive.saturating_add(bytes);
    }

    /// Bytes that were freed.
    pub fn free(&mut self, bytes: u64) {
        self.alive = self.alive.saturating_sub(bytes);
    }
}
