//! Worlds in which the same tests run: as root, as uid 65532 without any capability, and where Landlock is hidden.

#![allow(unsafe_code)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

use crate::glass;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Whoever runs the tests.
    Self_,
    /// Uid and gid 65532, no group, no capability, no_new_privs.
    Nobody,
    /// The kernel says that it has no Landlock.
    Hidden,
    /// Both.
    NobodyHidden,
}

impl World {
    pub const ALL: &'static [World] = &[World::Self_, World::Nobody, World::Hidden, World::NobodyHidden];

    pub fn name(self) -> &'static str {
        match self {
            World::Self_ => "self",
            World::Nobody => "nobody",
            World::Hidden => "hidden",
            World::NobodyHidden => "nobody-hidden",
        }
    }

    pub fn is_hidden(self) -> bool {
        matches!(self, World::Hidden | World::NobodyHidden)
    }

    pub fn is_nobody(self) -> bool {
        matches!(self, World::Nobody | World::NobodyHidden)
    }
}

/// Runs one test of `glass` in a process of its own, in that world.
pub fn run_in(world: World, test: &str) {
    // SAFETY: takes no argument.
    if world.is_nobody() && unsafe { libc::geteuid() } != 0 {
        println!("not root: already a user like any other, {} is not run", world.name());
        return;
    }
    // A place that nobody may read: the target folder may be below a private home.
    let folder = tempfile::Builder::new().prefix("airlock-walls").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let own = folder.path().join("walls");
    std::fs::copy(std::env::current_exe().unwrap(), &own).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_airlock-glass"), folder.path().join("airlock-glass")).unwrap();
    for file in ["walls", "airlock-glass"] {
        std::fs::set_permissions(folder.path().join(file), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let status = Command::new(&own)
        .args(["as", world.name(), test])
        .current_dir("/")
        .status()
        .unwrap();
    assert!(status.success(), "{} in the world {}: {status}", test, world.name());
}

/// The other side: changes the world for good, then runs the test.
pub fn enter_and_run(arguments: &[String]) -> ExitCode {
    let world = World::ALL.iter().find(|w| w.name() == arguments[1]).copied().expect("a world");
    if world.is_nobody() {
        become_nobody();
    }
    if world.is_hidden() {
        hide_landlock();
    }
    let (_, test) = glass::TESTS.iter().find(|(name, _)| *name == arguments[2]).expect("a test");
    test(world);
    ExitCode::SUCCESS
}

fn become_nobody() {
    let id: libc::uid_t = 65532;
    // SAFETY: numbers and a null list of length 0 only.
    unsafe {
        assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
        assert_eq!(libc::setresgid(id, id, id), 0);
        assert_eq!(libc::setresuid(id, id, id), 0);
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
        let line = status.lines().find(|l| l.starts_with(set)).unwrap();
        assert!(line.ends_with("\t0000000000000000"), "{line}");
    }
}

/// What an older kernel or gVisor answers.
fn hide_landlock() {
    let rows = [
        libc::SYS_landlock_create_ruleset,
        libc::SYS_landlock_add_rule,
        libc::SYS_landlock_restrict_self,
    ]
    .map(|syscall| (syscall, vec![]));
    let errno = SeccompAction::Errno(u32::try_from(libc::ENOSYS).unwrap());
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rows.into_iter().collect(), SeccompAction::Allow, errno, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    apply_filter(&program).unwrap();
}

/// A program in the folder of this one.
pub fn beside(name: &str) -> PathBuf {
    std::env::current_exe().unwrap().with_file_name(name)
}
