//! How long a delivery is in the hands of each stage, by the stages' own metrics.

use std::collections::BTreeMap;

use super::{Stand, Try};
use crate::line::same::get;

/// Seconds and deliveries of each stage so far.
pub type Spent = BTreeMap<String, (f64, f64)>;

/// Reads the metrics of all processes of a stand.
pub fn spent(stand: &Stand) -> Try<Spent> {
    let mut spent = Spent::new();
    for name in stand.site.running() {
        let Some(admin) = stand.site.admin(&name) else { continue };
        let (_, body) = get(admin, "/metrics", "")?;
        for line in String::from_utf8(body)?.lines() {
            let Some((what, value)) = line.rsplit_once(' ') else { continue };
            let Some(stage) = what.split("stage=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let value: f64 = value.parse().unwrap_or(0.0);
            let sums = spent.entry(stage.to_owned()).or_default();
            if what.starts_with("airlock_stage_duration_seconds_sum") {
                sums.0 += value;
            } else if what.starts_with("airlock_stage_duration_seconds_count") {
                sums.1 += value;
            }
        }
    }
    Ok(spent)
}

/// Mean milliseconds of a delivery in each stage between two readings, in words.
pub fn between(before: &Spent, after: &Spent) -> String {
    let mean = |stage: &String, (sum, count): &(f64, f64)| {
        let (old, deliveries) = before.get(stage).copied().unwrap_or_default();
        let many = count - deliveries;
        (many > 0.0).then(|| format!("{stage} {:.1}", (sum - old) * 1000.0 / many))
    };
    after
        .iter()
        .filter_map(|(stage, sums)| mean(stage, sums))
        .collect::<Vec<_>>()
        .join(", ")
}
