//! What a command costs: wall clock, CPU of itself and of its children, peak memory of all its processes together.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The cost of one run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Wall clock in seconds.
    pub wall: f64,
    /// CPU seconds of the process itself.
    pub own: f64,
    /// CPU seconds of the descendants that it waited for.
    pub children: f64,
    /// Most proportional set size of the process and its descendants together, in bytes, sampled every 20 ms.
    pub peak: u64,
    /// Exit status; `None` when a signal ended it.
    pub status: Option<i32>,
}

impl Cost {
    /// All CPU seconds.
    pub fn cpu(&self) -> f64 {
        self.own + self.children
    }
}

/// Runs a command with its output thrown away and measures it.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> io::Result<Cost> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let pid = child.id();
    let mut cost = Cost::default();
    let mut sampled = Instant::now();
    loop {
        // A zombie still tells what it used; once it is waited for, it does not.
        let stat = Stat::of(pid);
        if stat.as_ref().is_none_or(|s| s.zombie) {
            cost.wall = started.elapsed().as_secs_f64();
            if let Some(stat) = stat {
                (cost.own, cost.children) = (stat.own, stat.children);
            }
            break;
        }
        if sampled.elapsed() > Duration::from_millis(20) {
            cost.peak = cost.peak.max(family_memory(pid));
            sampled = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    cost.status = child.wait()?.code();
    Ok(cost)
}

/// The fields of proc_pid_stat(5) that are needed here.
struct Stat {
    parent: u32,
    zombie: bool,
    own: f64,
    children: f64,
}

/// Clock ticks a second of every Linux that Rust runs on (`USER_HZ`).
const TICKS: f64 = 100.0;

impl Stat {
    fn of(pid: u32) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold anything, so what follows its last bracket is counted.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
        Some(Stat {
            parent: fields.get(1)?.parse().ok()?,
            zombie: matches!(*fields.first()?, "Z" | "X"),
            own: ticks(11) + ticks(12),
            children: ticks(13) + ticks(14),
        })
    }
}

/// Proportional set sizes of a process and its descendants together, in bytes.
pub fn family_memory(root: u32) -> u64 {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let all: Vec<(u32, u32)> = entries
        .filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, Stat::of(pid)?.parent)))
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    family.into_iter().map(share).sum()
}

/// Memory of a process with what it shares divided by its sharers; its resident size where that is hidden.
fn share(pid: u32) -> u64 {
    let line = |file: &str, key: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
        let line = text.lines().find_map(|l| l.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    line("smaps_rollup", "Pss:").or_else(|| line("status", "VmRSS:")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_status_and_memory_of_a_shell_with_a_child_are_seen() {
        let script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 0.2 & wait; exit 3";
        let cost = run(Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(cost.status, Some(3));
        assert!(cost.wall >= 0.2 && cost.cpu() > 0.0 && cost.peak > 100_000, "{cost:?}");
    }
}
