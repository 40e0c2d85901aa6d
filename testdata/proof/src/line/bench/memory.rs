//! Memory of the six processes over many requests: it must be flat.

use super::{SIZES, Stand, Try};
use crate::bench::Goal;
use crate::line::site::{PROCESSES, Site};
use crate::text::mib;
use crate::{measure, table};

/// How often memory is looked at.
const LOOKS: usize = 10;

/// Runs the part.
pub fn run(requests: usize) -> Try<Vec<Goal>> {
    println!(
        "\n== memory over {requests} requests for {} files through six processes",
        SIZES[0].name
    );
    let stand = Stand::on(Site::cluster()?)?;
    let mut rows = Vec::new();
    let mut sums = Vec::new();
    for look in 0..=LOOKS {
        let each: Vec<u64> = PROCESSES
            .iter()
            .map(|name| stand.site.pid(name).map_or(0, measure::family_memory))
            .collect();
        let sum: u64 = each.iter().sum();
        sums.push(mib(sum));
        let cells = each.iter().chain([&sum]).map(|bytes| format!("{:.1}", mib(*bytes)));
        rows.push(std::iter::once((look * requests / LOOKS).to_string()).chain(cells).collect());
        if look < LOOKS {
            stand.flow(&SIZES[0], &format!("memory-{look}"), requests / LOOKS)?;
        }
    }
    let heads: Vec<&str> = ["requests"].into_iter().chain(PROCESSES).chain(["together"]).collect();
    println!("proportional set sizes in MiB, children included");
    table::print(&heads, &[0, 1, 2, 3, 4, 5, 6, 7], &rows);
    // What is warm after a fifth of them is the measure: pools, caches and the heap have their size.
    let warm = sums.get(LOOKS / 5).copied().unwrap_or(0.0).max(1.0);
    let end = sums.last().copied().unwrap_or(0.0);
    Ok(vec![Goal {
        what: format!("memory after {requests} requests against after a fifth of them"),
        got: format!("{:.2} times", end / warm),
        goal: "at most 1.1 times",
        met: end <= warm * 1.1,
    }])
}
