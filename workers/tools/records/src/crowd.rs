//! Whose calls are a crowd: they are worked on together with one another, and not with those of everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More calls of a tenant at once are a crowd.
const FEW: usize = 16;

/// How many calls of each tenant are under way in this process, and whether they were a crowd since there was none.
#[derive(Default)]
pub(crate) struct Crowds(Mutex<HashMap<String, (usize, bool)>>);

impl Crowds {
    /// One more call of a tenant, until what is given is dropped.
    pub(crate) fn enter<'a>(&'a self, tenant: &'a str) -> Entered<'a> {
        let mut there = self.there();
        let (many, crowd) = there.entry(tenant.to_owned()).or_default();
        *many = many.saturating_add(1);
        *crowd |= *many > FEW;
        Entered {
            crowds: self,
            tenant,
            crowd: *crowd,
        }
    }

    fn there(&self) -> MutexGuard<'_, HashMap<String, (usize, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is under way.
pub(crate) struct Entered<'a> {
    crowds: &'a Crowds,
    tenant: &'a str,
    crowd: bool,
}

impl Entered<'_> {
    /// Which of the two it belongs to.
    pub(crate) fn of<'b, T>(&self, [few, crowd]: &'b [T; 2]) -> &'b T {
        if self.crowd { crowd } else { few }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut there = self.crowds.there();
        if let Some((many, _)) = there.get_mut(self.tenant) {
            *many = many.saturating_sub(1);
            if *many == 0 {
                there.remove(self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_crowd_as_long_as_it_has_many() {
        let crowds = Crowds::default();
        let kinds = ["few", "crowd"];
        let mut flood: Vec<Entered> = (0..100).map(|_| crowds.enter("flood")).collect();
        assert!(
            flood
                .iter()
                .enumerate()
                .all(|(n, one)| *one.of(&kinds) == if n < FEW { "few" } else { "crowd" })
        );
        assert_eq!(*crowds.enter("quiet").of(&kinds), "few");
        assert_eq!(*crowds.enter("flood").of(&kinds), "crowd");
        flood.truncate(3);
        assert_eq!(*crowds.enter("flood").of(&kinds), "crowd", "its next wave");
        flood.clear();
        assert!(crowds.there().is_empty());
        assert_eq!(*crowds.enter("flood").of(&kinds), "few");
    }
}
