//! `airlock scan` without its front door, and the price of the jail: `jailed GLASS FILE…` prints the reports,
//! `jailed GLASS --bench N` looks at N files of 4 KiB and says what each cost.

use std::path::PathBuf;
use std::time::Instant;

use airlock_jail::{Bench, Config, SealedFile};
use airlock_proto::Limits;
use airlock_proto::frame::JobHeader;

fn main() {
    let mut words = std::env::args().skip(1);
    let glass = PathBuf::from(words.next().expect("the path of airlock-glass"));
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
    for wall in bench.walls() {
        println!(
            "{:<5} {:<10} {:<32} {}",
            if wall.refused { "holds" } else { "HOLE" },
            wall.name,
            wall.what,
            wall.how
        );
    }
    let rest: Vec<String> = words.collect();
    if let [flag, count] = rest.as_slice()
        && flag == "--bench"
    {
        return measure(&bench, count.parse().expect("a number"));
    }
    for path in rest {
        let bytes = std::fs::read(&path).expect("readable");
        let file = SealedFile::from_bytes(&bytes).expect("memory");
        let outcome = bench.inspect(header(&path), &file).expect("our own side works");
        println!("{}", serde_json::to_string_pretty(&outcome.report).expect("encodes"));
        println!("peak {} bytes, {} ms of CPU", outcome.peak_rss_bytes, outcome.cpu_ms);
    }
}

fn measure(bench: &Bench, count: u32) {
    let bytes = vec![0x80_u8; 4096];
    let start = Instant::now();
    let mut cpu = 0;
    for _ in 0..count {
        let file = SealedFile::from_bytes(&bytes).expect("memory");
        let outcome = bench.inspect(header("x.bin"), &file).expect("our own side works");
        assert!(outcome.report.nodes.iter().all(|node| node.gaps.is_empty()), "{outcome:?}");
        cpu += outcome.cpu_ms;
    }
    let wall = start.elapsed();
    println!(
        "{count} files: {:?} each, {} ms of CPU in children in all",
        wall / count.max(1),
        cpu
    );
}

fn header(name: &str) -> JobHeader {
    JobHeader {
        name: name.to_owned(),
        declared_type: None,
        content_encoding: vec![],
        passwords: vec![],
        limits: Limits::default(),
        input_cut_bytes: 0,
    }
}
