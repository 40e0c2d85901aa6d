//! The jail without the front door, and what it costs: `jailed GLASS FILE…` prints the reports; `jailed GLASS --bench N` looks
//! at N files of 4 KiB; `jailed --self --bench N` does so with this program as the glass, which starts no heartbeat; `jailed
//! --filter` says what the last filter of a child costs, and `jailed --in-process --bench N` what the same files cost without a jail.

#![allow(clippy::disallowed_methods, reason = "a tool of the host side")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use airlock_cell::alloc::CappedAlloc;
use airlock_cell::confine::{process, seccomp_a, seccomp_b, seccomp_soft};
use airlock_cell::zygote::{Settings, run_without_heartbeat};
use airlock_inspector::{RuleSet, Surroundings, inspect};
use airlock_jail::{Bench, Config, Level, SealedFile};
use airlock_proto::Limits;
use airlock_proto::frame::{JobHeader, encode};

#[global_allocator]
static ALLOCATOR: CappedAlloc = CappedAlloc;

fn main() {
    let mut words = std::env::args().skip(1);
    let first = words.next().expect("the path of airlock-glass, or --self");
    if first == "inspect" {
        let settings = Settings {
            level: Level::LandlockSeccomp,
            cpu_seconds: 75,
        };
        return run_without_heartbeat(settings).unwrap_or_else(|why| eprintln!("{why}"));
    }
    if first == "--filter" {
        return filter_cost();
    }
    if first == "--in-process" {
        return in_process(words.nth(1).and_then(|n| n.parse().ok()).expect("a number"));
    }
    let glass = if first == "--self" {
        std::env::current_exe().expect("a path")
    } else {
        PathBuf::from(first)
    };
    let config = Config {
        glass,
        ..Config::default()
    };
    let start = Instant::now();
    let bench = match Bench::start(config, &[]) {
        Ok(bench) => bench,
        Err(error) => return eprintln!("{error}"),
    };
    println!("started in {:?}, landlock {}", start.elapsed(), bench.landlock_abi());
    let rest: Vec<String> = words.collect();
    if let [flag, count] = rest.as_slice()
        && flag == "--bench"
    {
        return measure(bench, count.parse().expect("a number"));
    }
    for wall in bench.walls() {
        println!(
            "{:<5} {:<10} {:<32} {}",
            if wall.refused { "holds" } else { "HOLE" },
            wall.name,
            wall.what,
            wall.how
        );
    }
    for path in rest {
        let bytes = std::fs::read(&path).expect("readable");
        let file = SealedFile::from_bytes(&bytes).expect("memory");
        let outcome = bench.inspect(header(&path), &file).expect("our own side works");
        println!("{}", serde_json::to_string_pretty(&outcome.report).expect("encodes"));
        println!("peak {} bytes, {} µs of CPU", outcome.peak_rss_bytes, outcome.cpu_us);
    }
}

/// Installs the filters of a zygote and then, timed, that of a child.
fn filter_cost() {
    process::no_new_privs()
        .and_then(|()| seccomp_soft::eperm())
        .and_then(|()| seccomp_soft::enosys())
        .and_then(|()| seccomp_a::install())
        .expect("filters");
    let start = Instant::now();
    seccomp_b::install().expect("filter B");
    println!("filter B: {} µs", start.elapsed().as_micros());
}

/// What the walk alone costs: the part that is not the jail's.
fn in_process(count: u32) {
    let (rules, _) = RuleSet::compile(&[]);
    let mut matcher = rules.matcher();
    let job = header("x.bin");
    let before = process_cpu();
    for _ in 0..count {
        inspect(
            &[0x80_u8; 4096],
            Surroundings {
                job: &job,
                matcher: Some(&mut matcher),
                expired: &|| false,
                emit: &mut |frame| std::hint::black_box(encode(&frame)).is_some(),
            },
        );
    }
    println!("{count} files: CPU each, in process: {:?}", (process_cpu() - before) / count.max(1));
}

/// CPU time of this process, which has one thread here (proc_pid_schedstat(5)).
fn process_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("proc");
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).expect("a number"))
}

fn measure(bench: Bench, count: u32) {
    let file = SealedFile::from_bytes(&[0x80_u8; 4096]).expect("memory");
    let start = Instant::now();
    let mut cpu = 0;
    for _ in 0..count {
        let outcome = bench.inspect(header("x.bin"), &file).expect("our own side works");
        assert!(outcome.report.nodes.iter().all(|node| node.gaps.is_empty()), "{outcome:?}");
        cpu += outcome.cpu_us;
    }
    let wall = start.elapsed();
    // Reaped children, the zygote and its forks included.
    drop(bench);
    println!(
        "{count} files: {:?} each by the clock; CPU each: {} µs in the child, {:?} with the zygote's share",
        wall / count.max(1),
        cpu / u64::from(count.max(1)),
        children_cpu() / count.max(1)
    );
}

/// CPU time of all children that were waited for.
fn children_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").expect("proc");
    let fields: Vec<i64> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|w| w.parse().ok())
        .collect();
    // cutime and cstime, in ticks of 10 ms (proc_pid_stat(5)).
    let ticks: i64 = fields.iter().skip(12).take(2).sum();
    Duration::from_millis(u64::try_from(ticks).unwrap_or_default() * 10)
}

fn header(name: &str) -> JobHeader {
    JobHeader {
        name: name.to_owned(),
        declared_type: None,
        content_encoding: vec![],
        passwords: vec![],
        limits: Limits::default(),
        input_cut_bytes: 0,
        sha256: None,
    }
}
