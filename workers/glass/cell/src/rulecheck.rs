//! The role `rules`: compiles sources that may be hostile, behind the walls, and says what is wrong with them.

use airlock_inspector::RuleSet;
use airlock_proto::control::Hello;
use airlock_proto::frame::{Ready, encode};

use crate::confine;
use crate::frames::write_all;
use crate::stdio;
use crate::zygote::{Settings, host, sources, tell_failure};

/// Compiles the sources on descriptor 1 and answers with one [`Hello`] frame.
///
/// # Errors
/// Why it cannot, in words; the host has been told.
pub fn run(settings: Settings) -> Result<(), String> {
    tell_failure(|| {
        confine::begin(host()?)?;
        let sources = sources()?;
        stdio::forget_rules().map_err(|e| format!("closing the rules: {e}"))?;
        let standing = confine::lock_compiler(settings.level, settings.cpu_seconds)?;
        let (_, mut ready) = RuleSet::compile(&sources);
        loop {
            let hello = Hello::Ready {
                ready: Ready { ..ready.clone() },
                landlock_abi: standing.landlock_abi,
                mdwe: standing.mdwe,
            };
            match encode(&hello) {
                Some(frame) => return write_all(&frame).map_err(|e| format!("the host does not listen: {e}")),
                // A frame holds some hundred broken files; of more the first ones are named.
                None => ready.broken.truncate(ready.broken.len() / 2),
            }
        }
    })
}
