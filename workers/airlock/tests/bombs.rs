//! Bombs: each ends by its budget, the child stays under its cap, what fits is looked at, the rest is a gap.

mod common;

use std::time::{Duration, Instant};

use airlock_forge::catalog;
use common::{gaps, put, scan};

#[test]
fn every_bomb_ends_by_its_budget() {
    let dir = tempfile::tempdir().expect("folder");
    for (name, bytes) in catalog::bombs() {
        let path = put(dir.path(), name, &bytes);
        let started = Instant::now();
        let (_, results) = scan(&[&path]);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(30), "{name} took {took:?}");
        let result = &results[0];
        let gaps = gaps(result);
        for unwanted in ["child_died", "time", "memory"] {
            assert!(!gaps.iter().any(|g| g == unwanted), "{name}: {gaps:?}");
        }
        // The quine holds nothing but itself, the lying size is read to its true end, and a thousand entries over the same bytes are one.
        let whole = ["quine.zip", "lying-size.zip", "overlap-full-1000.zip"].contains(&name);
        assert_eq!(result["coverage"] == "complete", whole, "{name}: {} {gaps:?}", result["coverage"]);
    }
}
