//! `airlock scan`: many inputs side by side on the bench of jailed children, results in the order of the inputs.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use airlock_jail::Bench;
use airlock_policy::{Definition, Facts, Route};
use airlock_proto::frame::JobHeader;
use airlock_proto::limits::CHILD_CPU_SECONDS;
use airlock_proto::{Delivery, HeaderFacts, Limits};

use crate::Outcome;
use crate::cli::{Global, ScanArgs};
use crate::config::{self, Config};
use crate::exit::Status;
use crate::inputs::{self, Input};
use crate::subject::{self, NotHad, Web};
use crate::{json, pack, tree};

/// Versions of our code and of the rule engine.
pub const ENGINE: &str = concat!("airlock/", env!("CARGO_PKG_VERSION"), " yara-x/1.22.1");

/// Runs the command.
pub fn run(global: &Global, args: &ScanArgs) -> Outcome<Status> {
    let config = in_force(global, args)?;
    let definition = definition(args)?;
    let rules = if args.rules.is_empty() { &config.rules.dirs } else { &args.rules };
    let pack = pack::load(rules)?;
    let ids = json::Ids {
        bundle: pack.id.clone(),
        engine: ENGINE.to_owned(),
        policy: airlock_policy::digest(&definition),
    };
    let inputs = inputs::expand(&args.inputs);
    let bench = Bench::start(jail_config(&config)?, &pack.sources)?;
    if bench.ready().rules == 0 {
        return Err(no_rules(&bench).into());
    }
    for broken in &bench.ready().broken {
        anstream::eprintln!("airlock: rule file skipped: {}:{}: {}", broken.path, broken.line, broken.message);
    }
    let notes = bench
        .ready()
        .broken
        .iter()
        .map(|b| format!("rule file skipped: {}:{}: {}", b.path, b.line, b.message))
        .collect();
    let scanner = Scanner {
        web: Web::new(config.fetch.clone())?,
        config: &config,
        definition,
        bench,
        ids,
        args,
        notes,
    };
    side_by_side(&scanner, &inputs)
}

/// The jail's settings, with the paths and counts that depend on this machine filled in.
pub fn jail_config(config: &Config) -> Outcome<airlock_jail::Config> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = if config.jail.jobs == 0 {
        cores
    } else {
        usize::from(config.jail.jobs)
    };
    Ok(airlock_jail::Config {
        glass: glass(&config.jail.glass),
        level: config.jail.level.parse()?,
        jobs,
        idle: jobs.clamp(2, 64),
        // A scan that may take longer may also compute longer; the clock is the tighter of the two.
        cpu_seconds: CHILD_CPU_SECONDS.max(config.scan.deadline_ms.div_ceil(800)),
        ..airlock_jail::Config::default()
    })
}

/// `airlock-glass`: as configured, else beside this binary. It is not looked for anywhere else: what stands on a PATH is not what we ship.
fn glass(configured: &std::path::Path) -> PathBuf {
    if !configured.as_os_str().is_empty() {
        return configured.to_path_buf();
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(|dir| dir.join("airlock-glass")));
    beside.unwrap_or_else(|| PathBuf::from("airlock-glass"))
}

/// Without a single rule nothing would be looked for, and every file would be clean.
pub fn no_rules(bench: &Bench) -> String {
    let broken: Vec<String> = bench
        .ready()
        .broken
        .iter()
        .map(|b| format!("{}:{}: {}", b.path, b.line, b.message))
        .collect();
    let why = if broken.is_empty() {
        "its files hold none".to_owned()
    } else {
        broken.join("; ")
    };
    format!("the rule pack has no rule that works ({why}); mend it, or leave --rules out for the built-in pack")
}

fn in_force(global: &Global, args: &ScanArgs) -> Outcome<Config> {
    let mut config = config::load(global)?;
    let set = |to: &mut u64, from: Option<u64>| *to = from.unwrap_or(*to);
    set(&mut config.scan.max_unpacked_bytes, args.max_unpacked_bytes);
    set(&mut config.scan.max_members, args.max_members);
    set(&mut config.scan.deadline_ms, args.deadline_ms);
    config.scan.max_depth = args.max_depth.unwrap_or(config.scan.max_depth);
    config.jail.jobs = args.jobs.unwrap_or(config.jail.jobs);
    config.fetch.allow_addresses.extend(args.allow_address.iter().copied());
    Ok(config)
}

fn definition(args: &ScanArgs) -> Outcome<Definition> {
    let Some(path) = &args.policy else {
        return Ok(Definition::default());
    };
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read the policy {}: {e}", path.display()))?;
    Definition::from_toml(&text).map_err(|errors| {
        let named = errors.0.iter().map(|e| match e.line {
            Some(line) => format!("{}:{line}: {}", path.display(), e.message),
            None => format!("{}: {}", path.display(), e.message),
        });
        named.collect::<Vec<_>>().join("\n").into()
    })
}

struct Scanner<'a> {
    web: Web,
    config: &'a Config,
    definition: Definition,
    bench: Bench,
    ids: json::Ids,
    args: &'a ScanArgs,
    notes: Vec<String>,
}

/// Workers take the next input; this thread prints what is finished, in order.
fn side_by_side(scanner: &Scanner<'_>, inputs: &[Input]) -> Outcome<Status> {
    // One more than there are seats on the bench: it reads or fetches the next input while the others are looked at.
    let workers = jobs(scanner.config).saturating_add(1).min(inputs.len()).max(1);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel::<(usize, String, Status)>(workers);
    let mut worst = Status::Clean;
    std::thread::scope(|scope| -> Outcome<()> {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((place, input)) = take(next, inputs) {
                    let (text, status) = scanner.one(input);
                    if sender.send((place, text, status)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let bar = progress(inputs.len());
        let mut waiting: BTreeMap<usize, String> = BTreeMap::new();
        let mut place = 0;
        for (done, text, status) in receiver {
            worst = worst.min(status);
            waiting.insert(done, text);
            while let Some(text) = waiting.remove(&place) {
                let printed = bar.suspend(|| print(&text));
                if printed.is_err() {
                    // Nobody reads any more: take no further input.
                    next.store(inputs.len(), Ordering::Relaxed);
                }
                printed?;
                bar.inc(1);
                place += 1;
            }
        }
        bar.finish_and_clear();
        Ok(())
    })?;
    Ok(worst)
}

fn jobs(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if config.jail.jobs == 0 {
        cores
    } else {
        usize::from(config.jail.jobs)
    }
}

fn take<'i>(next: &AtomicUsize, inputs: &'i [Input]) -> Option<(usize, &'i Input)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, inputs.get(place)?))
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A bar on a terminal, when there is more than one input to wait for.
fn progress(inputs: usize) -> indicatif::ProgressBar {
    if inputs < 2 || !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(u64::try_from(inputs).unwrap_or(u64::MAX));
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:40} {pos}/{len} inputs, {elapsed}") {
        bar.set_style(style);
    }
    bar
}

impl Scanner<'_> {
    fn one(&self, input: &Input) -> (String, Status) {
        let started = Instant::now();
        match subject::have(input, &self.web) {
            Ok(subject) => self.look(input, subject, started),
            Err(why) => self.not_had(input, &why),
        }
    }

    fn look(&self, input: &Input, subject: subject::Subject, started: Instant) -> (String, Status) {
        let headers = subject.headers.unwrap_or_default();
        let header = self.job(subject.name, &headers, subject.file.cut_bytes());
        let mut report = match self.bench.inspect(header, &subject.file) {
            Ok(outcome) => outcome.report,
            Err(error) => {
                return self.not_had(
                    input,
                    &NotHad {
                        fetch: None,
                        text: error.to_string(),
                    },
                );
            }
        };
        report.notes.extend(self.notes.iter().cloned());
        let assessment = airlock_policy::classify(&report);
        let delivery = match input {
            Input::Url(_) => airlock_policy::delivery(&headers, airlock_policy::shown_format(&report, &headers)),
            _ => Delivery::Download,
        };
        let facts = Facts::scanned(&report, &assessment, delivery, Route::Inbound);
        let decision = airlock_policy::decide(&facts, &self.definition);
        let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let shown = input.shown();
        let text = if self.args.json {
            json::scanned(&shown, &report, &assessment, &decision, &self.ids, elapsed) + "\n"
        } else {
            tree::scanned(&shown, &report, &assessment, &decision, elapsed) + "\n"
        };
        (text, Status::of(assessment.classification, report.coverage))
    }

    fn job(&self, name: String, headers: &HeaderFacts, cut: u64) -> JobHeader {
        JobHeader {
            name,
            declared_type: headers.declared_type.clone(),
            content_encoding: headers.content_encoding.clone(),
            passwords: self.args.passwords.clone(),
            limits: Limits {
                ..self.config.scan.clone()
            },
            input_cut_bytes: cut,
            sha256: None,
        }
    }

    fn not_had(&self, input: &Input, why: &NotHad) -> (String, Status) {
        let shown = input.shown();
        let status = if why.fetch.is_some() { Status::NotFetched } else { Status::Failed };
        let text = if self.args.json {
            json::not_had(&shown, why) + "\n"
        } else {
            tree::not_had(&shown, why) + "\n"
        };
        if why.fetch.is_none() {
            anstream::eprintln!(
                "airlock: {}: {}",
                airlock_proto::text::escape(&shown),
                airlock_proto::text::escape(&why.text)
            );
        }
        (text, status)
    }
}
