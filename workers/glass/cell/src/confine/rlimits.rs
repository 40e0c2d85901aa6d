//! Limits of the kernel on what a jailed process may use (setrlimit(2)).

use airlock_proto::limits::CHILD_DATA_BYTES;
use rustix::process::{Resource, Rlimit, setrlimit};

/// Stack in bytes: the walk nests to the depth limit, and a frame of the deepest decoder is some hundred KiB.
const STACK_BYTES: u64 = 64 * 1024 * 1024;
/// Data segment while rules are compiled, in bytes: trusted input, four times a child's.
const COMPILE_DATA_BYTES: u64 = 4 * CHILD_DATA_BYTES;
/// CPU seconds of a zygote in its whole life: it forks for about half a millisecond a file.
const ZYGOTE_CPU_SECONDS: u64 = 24 * 3600;
/// Descriptors: three standard ones, the job's socket, its memfd, and a few to spare.
const DESCRIPTORS: u64 = 16;

/// All limits of a zygote; its children inherit them.
///
/// # Errors
/// Which limit and why, in words.
pub fn zygote() -> Result<(), String> {
    // A core file would hold the scanned file.
    set(Resource::Core, 0, "RLIMIT_CORE")?;
    // Nothing spills to disk.
    set(Resource::Fsize, 0, "RLIMIT_FSIZE")?;
    set(Resource::Nofile, DESCRIPTORS, "RLIMIT_NOFILE")?;
    // Memory that RLIMIT_DATA does not count.
    set(Resource::Memlock, 0, "RLIMIT_MEMLOCK")?;
    set(Resource::Msgqueue, 0, "RLIMIT_MSGQUEUE")?;
    set(Resource::Stack, STACK_BYTES, "RLIMIT_STACK")?;
    set(Resource::Data, COMPILE_DATA_BYTES, "RLIMIT_DATA")?;
    set(Resource::Cpu, ZYGOTE_CPU_SECONDS, "RLIMIT_CPU")
}

/// The data segment of a child. It counts private writable memory only: the filter refuses the shared kind.
///
/// # Errors
/// What the kernel says, in words.
pub fn data() -> Result<(), String> {
    set(Resource::Data, CHILD_DATA_BYTES, "RLIMIT_DATA")
}

/// CPU seconds of a child: SIGXCPU at the limit, SIGKILL a second later should that be caught.
///
/// # Errors
/// What the kernel says, in words.
pub fn cpu(seconds: u64) -> Result<(), String> {
    let hard = lowered(Resource::Cpu, seconds.saturating_add(1));
    let limit = Rlimit {
        current: Some(hard.min(seconds)),
        maximum: Some(hard),
    };
    setrlimit(Resource::Cpu, limit).map_err(|error| format!("RLIMIT_CPU: {error}"))
}

fn set(resource: Resource, most: u64, name: &str) -> Result<(), String> {
    let hard = lowered(resource, most);
    let limit = Rlimit {
        current: Some(hard),
        maximum: Some(hard),
    };
    setrlimit(resource, limit).map_err(|error| format!("{name}: {error}"))
}

/// A container may have set a lower hard limit, which an unprivileged process cannot raise: the lower one stands.
fn lowered(resource: Resource, most: u64) -> u64 {
    rustix::process::getrlimit(resource).maximum.map_or(most, |hard| hard.min(most))
}
