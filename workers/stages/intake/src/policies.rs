//! The book of definitions that is in force; a broken change is refused whole, and the previous one stays.

use std::sync::{Arc, PoisonError, RwLock};

use airlock_policy::{Book, Fault};

/// A book that can be exchanged while requests are let in.
#[derive(Clone, Default)]
pub struct Policies(Arc<RwLock<Arc<Book>>>);

impl Policies {
    /// The book now.
    pub fn now(&self) -> Arc<Book> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a new book. `true` when it differs from the old one.
    ///
    /// # Errors
    /// Every mistake; the old book stays in force.
    pub fn change(&self, files: &[(String, String)]) -> Result<bool, Vec<Fault>> {
        let book = Arc::new(Book::read(files)?);
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = **place != *book;
        *place = book;
        Ok(changed)
    }
}
