//! Landlock with no grants: no file, no TCP, no signal or abstract socket to anybody outside (Linux 5.13, landlock(7)).

#![allow(unsafe_code)]

use airlock_proto::control::Level;
use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Denies everything that the running kernel's version of Landlock knows and returns that version; 0 where there is none and
/// the level does not ask for it.
///
/// # Errors
/// That the kernel has no Landlock although the level asks for it, or what it says to our rule set, in words.
pub fn deny_all(level: Level) -> Result<u32, String> {
    let version = version();
    if version == 0 {
        return match level {
            Level::Seccomp => Ok(0),
            Level::LandlockSeccomp => Err(format!(
                "this kernel has no Landlock, and the jail level {level} asks for it: boot with lsm=landlock,… on Linux 5.13 or newer, \
                 or choose the level seccomp"
            )),
        };
    }
    restrict(version).map_err(|error| format!("Landlock version {version}: {error}"))?;
    Ok(version)
}

/// Sees for itself that files are refused. It must stand between Landlock and the soft filter, behind which nobody could tell
/// which of the two refuses.
///
/// # Errors
/// In words, when a file can be opened or is refused by something else.
pub fn prove() -> Result<(), String> {
    match rustix::fs::open("/", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::ACCESS) => Ok(()),
        Err(other) => Err(format!("Landlock: opening / gives {other} where it should be refused")),
        Ok(_) => Err("Landlock: / can still be opened".to_owned()),
    }
}

fn restrict(version: u32) -> Result<(), String> {
    let abi = known(version);
    let text = |error: landlock::RulesetError| error.to_string();
    // A hard requirement: what this version of the kernel knows must all be enforced.
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    rules = rules.handle_access(AccessFs::from_all(abi)).map_err(text)?;
    if version >= 4 {
        rules = rules.handle_access(AccessNet::from_all(abi)).map_err(text)?;
    }
    if version >= 6 {
        rules = rules.scope(Scope::from_all(abi)).map_err(text)?;
    }
    let status = rules.create().map_err(text)?.restrict_self().map_err(text)?;
    if status.ruleset == RulesetStatus::FullyEnforced {
        Ok(())
    } else {
        Err(format!("only {:?}", status.ruleset))
    }
}

/// The newest version whose rights we name; a newer kernel enforces these all the same.
fn known(version: u32) -> ABI {
    match version {
        1 => ABI::V1,
        2 => ABI::V2,
        3 => ABI::V3,
        4 => ABI::V4,
        5 => ABI::V5,
        _ => ABI::V6,
    }
}

/// The kernel's version of Landlock; 0 when it has none, it is switched off, or a filter hides it.
pub fn version() -> u32 {
    const CREATE_RULESET_VERSION: u32 = 1;
    let nothing: *const libc::c_void = std::ptr::null();
    // SAFETY: with this flag the kernel takes a null attribute of length 0 and returns a number (landlock_create_ruleset(2)).
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, CREATE_RULESET_VERSION) };
    u32::try_from(version).unwrap_or_default()
}
