//! The walls of the jail, tried as root, as nobody, and on a kernel that hides Landlock; and each wall alone.
//!
//! One program in three parts, told apart by its first argument: `inspect` is a glass whose jobs misbehave, behind the released
//! confinement (the released `airlock-glass` has no switch for it); `as` runs one test in another world; else it is the harness.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

mod alone;
mod faults;
mod glass;
mod hosts;
mod world;

use std::process::ExitCode;

use airlock_cell::alloc::CappedAlloc;

#[global_allocator]
static ALLOCATOR: CappedAlloc = CappedAlloc;

/// A test: its name, and what it does; it panics when it fails.
type Test = (String, Box<dyn Fn()>);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("inspect") => faults::serve(&arguments),
        Some("host") => hosts::spin_for_ever(&arguments),
        Some("as") => world::enter_and_run(&arguments),
        _ => harness(&arguments),
    }
}

fn tests() -> Vec<Test> {
    let mut tests = alone::tests();
    tests.extend(hosts::tests());
    for world in world::World::ALL {
        for (name, _) in glass::TESTS {
            let (world, name) = (*world, *name);
            tests.push((format!("{}::{name}", world.name()), Box::new(move || world::run_in(world, name))));
        }
    }
    tests
}

/// As much of libtest's command line as cargo and nextest use.
fn harness(arguments: &[String]) -> ExitCode {
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    let tests = tests();
    if has("--list") {
        if !has("--ignored") {
            for (name, _) in &tests {
                println!("{name}: test");
            }
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| {
        filters.is_empty()
            || filters.iter().any(|filter| {
                if has("--exact") {
                    name == filter.as_str()
                } else {
                    name.contains(filter.as_str())
                }
            })
    };
    let mut failed = Vec::new();
    let mut ran = 0;
    for (name, test) in tests.iter().filter(|(name, _)| wanted(name)) {
        let start = std::time::Instant::now();
        let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {} ({:?})", if passed { "ok" } else { "FAILED" }, start.elapsed());
        ran += 1;
        if !passed {
            failed.push(name);
        }
    }
    println!("{ran} tests, {} failed {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
