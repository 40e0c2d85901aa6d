//! A definition as requests refer to it: its texts are made when the book is read, not for each click.

use std::sync::{Arc, LazyLock};

use crate::cells::Action;
use crate::definition::{Definition, digest};
use crate::facts::Route;

/// A definition with what a request records of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// All its settings.
    pub definition: Definition,
    /// See [`digest`].
    pub digest: String,
    /// See [`Definition::text`].
    pub text: String,
    /// See [`Definition::settings`].
    pub settings: String,
}

impl From<Definition> for InForce {
    fn from(definition: Definition) -> Self {
        InForce {
            digest: digest(&definition),
            text: definition.text(),
            settings: definition.settings(),
            definition,
        }
    }
}

impl std::ops::Deref for InForce {
    type Target = Definition;
    fn deref(&self) -> &Definition {
        &self.definition
    }
}

/// What is in force where no definition fits; for journal and outbound it asks the sandbox.
pub(crate) fn otherwise(route: Route) -> Arc<InForce> {
    static INBOUND: LazyLock<Arc<InForce>> = LazyLock::new(|| Arc::new(Definition::default().into()));
    static JOURNAL: LazyLock<Arc<InForce>> = LazyLock::new(|| sandboxed(Route::Journal));
    static OUTBOUND: LazyLock<Arc<InForce>> = LazyLock::new(|| sandboxed(Route::Outbound));
    let place = match route {
        Route::Inbound => &INBOUND,
        Route::Journal => &JOURNAL,
        Route::Outbound => &OUTBOUND,
    };
    Arc::clone(place)
}

fn sandboxed(route: Route) -> Arc<InForce> {
    let definition = Definition {
        name: "default-sandbox".to_owned(),
        action: Action::Sandbox,
        routes: vec![route],
        ..Definition::default()
    };
    Arc::new(definition.into())
}
