//! The role `rules`: compiles sources that may be hostile, behind the walls, and says what is wrong with them.

use airlock_inspector::RuleSet;

use crate::confine;
use crate::frames::write_all;
use crate::stdio;
use crate::zygote::{Settings, greeting, host, say_starting, sources, tell_failure};

/// Compiles the sources on descriptor 1 and answers with [`airlock_proto::control::Hello`] frames.
///
/// # Errors
/// Why it cannot, in words; the host has been told.
pub fn run(settings: Settings) -> Result<(), String> {
    tell_failure(|| {
        confine::begin(host()?)?;
        say_starting();
        let sources = sources()?;
        stdio::forget_rules().map_err(|e| format!("closing the rules: {e}"))?;
        let standing = confine::lock_compiler(settings.level, settings.cpu_seconds)?;
        let (_, ready) = RuleSet::compile(&sources);
        write_all(&greeting(ready, standing)?).map_err(|e| format!("the host does not listen: {e}"))
    })
}
