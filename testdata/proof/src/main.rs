//! `airlock-proof`: the commands behind `make corpus`, `make demo` and `make bench`. It drives the built `airlock` from outside, as a user does.

mod bench;
mod compare;
mod corpus;
mod demo;
mod docs;
mod expect;
mod judge;
mod line;
mod measure;
mod printed;
mod rars;
mod report;
mod scan;
mod second;
mod table;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
airlock-proof: shows what the project promises, with the `airlock` that lies beside it

  airlock-proof corpus [DIR] [--jobs N]   every file of a folder with files.jsonl, held against its ground truth
  airlock-proof second-opinion            the rules' own cases with libyara: the same hits
  airlock-proof demo                      the forge's demo inputs, scanned by URL from a loopback server
  airlock-proof line                      the demo's inputs through `airlock up` and through six processes over
                                          RabbitMQ, PostgreSQL and S3: the same verdicts, and a download of each
  airlock-proof docs config|metrics       CONFIG.md and METRICS.md
  airlock-proof chaos [--requests N] [--seed S] [--kind six|up] [--instances 1|2]
                                          N requests (default 1000) while processes are killed, servers stop, fail
                                          and hang, and poison is fed: N verdicts, as if nothing had been
  airlock-proof forgery                   a stage and a service try what is not theirs: no verdict comes of it
  airlock-proof drain                     SIGTERM under load: each process ends in time, and nothing comes again
  airlock-proof flood [--requests N]      one tenant's flood (default 10,000) does not slow another's click
  airlock-proof tamper                    a released file is changed in the store: no wrong byte is handed out
  airlock-proof bench-line [load|memory]… [--requests N]
                                          the line beside a bare chain of queues, a bare store and a plain scan;
                                          its memory over N requests (default 20,000)
  airlock-proof bench [PART]… [--corpus DIR] [--rules DIR]
                                          parts: clamscan engine unpackers jail (default: all)

Exit status: 0 as promised, 1 not, 2 it could not be tried.
";

/// What a command comes to.
pub type Outcome = Result<bool, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.first().map(String::as_str) {
        Some("corpus") => options(&words[1..]).and_then(|o| corpus::run(&o)),
        Some("demo") => demo::run(),
        Some("docs") => docs::run(words.get(1).map(String::as_str)),
        Some("line") => line::same::run(),
        Some("chaos") => line::chaos::run(&words[1..]),
        Some("forgery") => line::forgery::run(),
        Some("drain") => line::drain::run(),
        Some("flood") => line::flood::run(&words[1..]),
        Some("tamper") => line::tamper::run(),
        Some("bench-line") => line::bench::run(&words[1..]),
        Some("bench") => options(&words[1..]).and_then(|o| bench::run(&o)),
        Some("second-opinion") => second::run(),
        // The libraries in C and C++ read hostile files in a process of their own: this one.
        Some("unrar") => rars::print_members(&words[1..]),
        Some("libyara") => second::print_hits(&words[1..]),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(true)
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("airlock-proof: {error}");
            ExitCode::from(2)
        }
    }
}

/// The words after the command.
pub struct Options {
    /// What is not an option.
    pub words: Vec<String>,
    /// `--jobs`.
    pub jobs: usize,
    /// `--corpus`.
    pub corpus: Option<PathBuf>,
    /// `--rules`.
    pub rules: Option<PathBuf>,
}

fn options(words: &[String]) -> Result<Options, Box<dyn std::error::Error>> {
    let mut out = Options {
        words: Vec::new(),
        jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        corpus: None,
        rules: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
        match word.as_str() {
            "--jobs" => out.jobs = value()?.parse()?,
            "--corpus" => out.corpus = Some(value()?.into()),
            "--rules" => out.rules = Some(value()?.into()),
            _ if word.starts_with('-') => return Err(format!("no option is called {word}; see airlock-proof help").into()),
            _ => out.words.push(word.clone()),
        }
    }
    Ok(out)
}
