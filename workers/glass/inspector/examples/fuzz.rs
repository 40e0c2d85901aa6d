//! Bounded fuzzing of the whole walk: mutated seeds, the same for the same `--seed`, under small limits.
//! `fuzz [--seconds N] [--corpus DIR] [--seed N] [--crashes DIR]`. A crash, a hang or growing memory is written there as a
//! file, so that it can become a golden case.
#![allow(clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use airlock_inspector::{Surroundings, inspect};
use airlock_proto::Limits;
use airlock_proto::frame::{Frame, JobHeader};

/// Longest seed: longer ones say nothing new and take long.
const MAX_SEED_BYTES: usize = 256 * 1024;
/// An input that takes longer is a hang.
const TOO_LONG: Duration = Duration::from_secs(5);
/// Growth of the process over one input, in bytes, that the limits do not explain.
const TOO_MUCH: u64 = 256 * 1024 * 1024;

fn main() {
    let options = Options::read();
    let seeds = seeds(options.corpus.as_deref());
    assert!(!seeds.is_empty(), "there are no seeds");
    std::panic::set_hook(Box::new(|_| {}));
    watch_for_hangs(options.crashes.clone());
    let mut random = Random(options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut worst: Vec<(Duration, String)> = Vec::new();
    let (mut runs, mut panics_caught, mut crashes) = (0_u64, 0_u64, 0_u64);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    while Instant::now() < end {
        let (name, bytes) = mutant(&seeds, &mut random);
        begin(runs, &name, &bytes);
        let before = resident();
        let started = Instant::now();
        let outcome = std::panic::catch_unwind(|| look(&name, &bytes));
        let took = started.elapsed();
        let grown = peak_since(before);
        finish();
        runs += 1;
        let fault = match outcome {
            Err(_) => Some("panic".to_owned()),
            Ok(seen) if !seen.ended => Some("no-end".to_owned()),
            Ok(seen) => {
                panics_caught += u64::from(seen.panicked);
                if seen.panicked {
                    keep(&options.crashes, "caught", runs, &name, &bytes);
                }
                (took > TOO_LONG)
                    .then(|| format!("{}s", took.as_secs()))
                    .or((grown > TOO_MUCH).then(|| format!("{}mib", grown >> 20)))
            }
        };
        if let Some(fault) = fault {
            crashes += 1;
            let path = keep(&options.crashes, &fault, runs, &name, &bytes);
            println!("fuzz: {fault} on a mutant of {name}: {}", path.display());
        }
        worst.push((took, name));
        worst.sort_by(|a, b| b.cmp(a));
        worst.truncate(5);
    }
    println!(
        "fuzz: {runs} executions from {} seeds in {} s with --seed {}: {crashes} crashes, {panics_caught} panics of readers caught",
        seeds.len(),
        options.seconds,
        options.seed
    );
    for (took, name) in &worst {
        println!("  slowest: {:.3} s, a mutant of {name}", took.as_secs_f64());
    }
    if crashes > 0 {
        std::process::exit(1);
    }
}

struct Options {
    seconds: u64,
    corpus: Option<PathBuf>,
    seed: u64,
    crashes: PathBuf,
}

impl Options {
    fn read() -> Options {
        let mut out = Options {
            seconds: 60,
            corpus: None,
            seed: 1,
            crashes: std::env::temp_dir().join("airlock-fuzz"),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().expect("each option takes a value");
            match word.as_str() {
                "--seconds" => out.seconds = value.parse().expect("a number of seconds"),
                "--corpus" => out.corpus = Some(value.into()),
                "--seed" => out.seed = value.parse().expect("a number"),
                "--crashes" => out.crashes = value.into(),
                _ => panic!("fuzz [--seconds N] [--corpus DIR] [--seed N] [--crashes DIR]"),
            }
        }
        out
    }
}

/// What the walk said, as far as it matters here.
struct Seen {
    ended: bool,
    panicked: bool,
}

fn look(name: &str, bytes: &[u8]) -> Seen {
    let job = JobHeader {
        name: name.to_owned(),
        declared_type: None,
        content_encoding: vec![],
        passwords: vec!["infected".to_owned()],
        limits: Limits {
            max_unpacked_bytes: 32 << 20,
            max_member_bytes: 8 << 20,
            max_alive_bytes: 16 << 20,
            max_members: 500,
            max_depth: 6,
            max_nodes: 2_000,
            max_findings: 500,
            ..Limits::default()
        },
        input_cut_bytes: 0,
        sha256: None,
    };
    let mut seen = Seen {
        ended: false,
        panicked: false,
    };
    let started = Instant::now();
    inspect(
        bytes,
        Surroundings {
            job: &job,
            matcher: None,
            // Later than a hang: the walk must not need its clock to end.
            expired: &|| started.elapsed() > TOO_LONG * 4,
            emit: &mut |frame| {
                match frame {
                    Frame::End { .. } => seen.ended = true,
                    Frame::Gap { gap, .. } if gap.detail.contains("gave up on contradictory data") => seen.panicked = true,
                    _ => {}
                }
                true
            },
        },
    );
    seen
}

fn seeds(corpus: Option<&Path>) -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = airlock_forge::catalog::all()
        .into_iter()
        .map(|s| (format!("{}-{}", s.family, s.name.replace('/', "_")), s.bytes))
        .collect();
    let mut folders: Vec<PathBuf> = corpus.map(Path::to_owned).into_iter().collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                out.push((
                    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
                    bytes,
                ));
            }
        }
    }
    out.retain(|(_, bytes)| !bytes.is_empty() && bytes.len() <= MAX_SEED_BYTES);
    out
}

/// One to six changes of a seed.
fn mutant(seeds: &[(String, Vec<u8>)], random: &mut Random) -> (String, Vec<u8>) {
    let (name, bytes) = &seeds[random.below(seeds.len())];
    let mut out = bytes.clone();
    for _ in 0..=random.below(6) {
        if out.is_empty() {
            break;
        }
        let at = random.below(out.len());
        match random.below(8) {
            0 => out[at] ^= 1 << random.below(8),
            1 => out[at] = random.next() as u8,
            2 => out.truncate(at.max(1)),
            3 => length_field(&mut out, at, random),
            4 => drop(out.splice(at..at, (0..random.below(64)).map(|n| n as u8 ^ 0xa5).collect::<Vec<u8>>())),
            5 => {
                let end = (at + random.below(256)).min(out.len());
                let part = out[at..end].to_vec();
                let to = random.below(out.len());
                drop(out.splice(to..to, part));
            }
            6 => {
                let end = (at + random.below(64)).min(out.len());
                drop(out.splice(at..end, std::iter::empty()));
            }
            _ => {
                let (_, other) = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let end = (from + random.below(2048)).min(other.len());
                let until = (at + end - from).min(out.len());
                drop(out.splice(at..until, other[from..end].iter().copied()));
            }
        }
    }
    (name.clone(), out)
}

/// A value that lengths, offsets and counts go wrong with, in one of the usual widths and orders.
fn length_field(out: &mut [u8], at: usize, random: &mut Random) {
    const ODD: [u64; 12] = [
        0,
        1,
        0x7f,
        0xff,
        0x7fff,
        0xffff,
        0x10000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_fffe,
        0xffff_ffff,
        u64::MAX,
    ];
    let value = ODD[random.below(ODD.len())];
    let width = [1, 2, 4, 8][random.below(4)];
    let little = value.to_le_bytes();
    let mut field = little[..width].to_vec();
    if random.below(2) == 0 {
        field.reverse();
    }
    for (place, byte) in out.iter_mut().skip(at).zip(field) {
        *place = byte;
    }
}

/// xorshift (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn keep(folder: &Path, fault: &str, run: u64, name: &str, bytes: &[u8]) -> PathBuf {
    let _ = std::fs::create_dir_all(folder);
    let path = folder.join(format!("{fault}-{run}-{name}"));
    let _ = std::fs::write(&path, bytes);
    path
}

/// The input that is being looked at, for the watcher.
/// The input that is being looked at: since when, its number, its name, its bytes.
type Looking = (Instant, u64, String, Vec<u8>);

static NOW: std::sync::Mutex<Option<Looking>> = std::sync::Mutex::new(None);

fn begin(run: u64, name: &str, bytes: &[u8]) {
    reset_peak();
    *NOW.lock().expect("never poisoned") = Some((Instant::now(), run, name.to_owned(), bytes.to_vec()));
}

fn finish() {
    *NOW.lock().expect("never poisoned") = None;
}

/// An endless loop cannot be caught from inside: a second thread writes the input down and ends the process.
fn watch_for_hangs(crashes: PathBuf) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = NOW.lock().expect("never poisoned");
            if let Some((since, run, name, bytes)) = &*now
                && since.elapsed() > TOO_LONG * 6
            {
                let path = keep(&crashes, "hang", *run, name, bytes);
                println!("fuzz: hang on a mutant of {name}: {}", path.display());
                std::process::exit(1);
            }
        }
    });
}

/// Sets the kernel's peak of this process to what it has now (proc_pid_clear_refs(5), value 5).
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak_since(before: u64) -> u64 {
    status("VmHWM:").saturating_sub(before)
}

fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|l| l.strip_prefix(key)?.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
