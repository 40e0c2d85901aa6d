//! What must hold in every world: the released glass is ready and every wall refuses; a misbehaving child is a gap; the bench
//! goes on.

use std::time::{Duration, Instant};

use airlock_jail::{Bench, Config, JailError, Level, Outcome, SealedFile, check_rules};
use airlock_proto::control::Attempt;
use airlock_proto::frame::{JobHeader, RuleSource};
use airlock_proto::limits::CHILD_DATA_BYTES;
use airlock_proto::{Coverage, GapKind, Limits};

use crate::world::{World, beside};

/// A test that runs in every world: its name, and what it does there.
pub type Case = (&'static str, fn(World));

pub const TESTS: &[Case] = &[
    ("released_glass_holds", released_glass_holds),
    ("landlock_is_asked_for", landlock_is_asked_for),
    ("every_attempt_fails", every_attempt_fails),
    ("a_spinning_child_is_stopped", a_spinning_child_is_stopped),
    ("a_child_has_a_memory_cap", a_child_has_a_memory_cap),
    ("a_fallen_child_is_a_gap", a_fallen_child_is_a_gap),
    ("a_lying_child_is_a_gap", a_lying_child_is_a_gap),
    ("a_crash_replaces_the_zygote", a_crash_replaces_the_zygote),
    ("nobody_looks_into_a_child", nobody_looks_into_a_child),
    ("a_killed_zygote_is_replaced", a_killed_zygote_is_replaced),
    ("a_hundred_jobs_with_heartbeat", a_hundred_jobs_with_heartbeat),
    ("a_rule_for_ever_times_out", a_rule_for_ever_times_out),
    ("rules_are_checked_behind_walls", rules_are_checked_behind_walls),
];

fn config(world: World, glass: &str) -> Config {
    Config {
        glass: beside(glass),
        level: if world.is_hidden() {
            Level::Seccomp
        } else {
            Level::LandlockSeccomp
        },
        ..Config::default()
    }
}

fn header(name: &str, file: &SealedFile) -> JobHeader {
    JobHeader {
        name: name.to_owned(),
        declared_type: Some(file.sha256().to_owned()),
        content_encoding: vec![],
        passwords: vec!["secret".into()],
        limits: Limits {
            deadline_ms: 20_000,
            ..Limits::default()
        },
        input_cut_bytes: 0,
        sha256: None,
    }
}

fn faulty(world: World) -> Bench {
    Bench::start(config(world, "walls"), &[]).expect("ready")
}

fn job(bench: &Bench, fault: &str) -> Outcome {
    let file = SealedFile::from_bytes(b"some bytes").unwrap();
    bench.inspect(header(fault, &file), &file).expect("our own side works")
}

fn assert_well(bench: &Bench) {
    let outcome = job(bench, "well");
    assert_eq!((outcome.report.coverage, outcome.tries), (Coverage::Complete, 1), "{outcome:?}");
}

fn gap_of(outcome: &Outcome) -> (GapKind, String) {
    let gap = outcome.report.nodes[0]
        .gaps
        .first()
        .unwrap_or_else(|| panic!("no gap: {outcome:?}"));
    (gap.kind, gap.detail.clone())
}

fn released_glass_holds(world: World) {
    let bench = Bench::start(config(world, "airlock-glass"), &[rule("rule a { condition: filesize < 3 }")]).expect("ready");
    assert_eq!(bench.landlock_abi() == 0, world.is_hidden());
    assert_eq!(bench.kernel_refuses_exec_gain(), crate::alone::kernel_knows_exec_gain());
    let names: Vec<&str> = bench.walls().iter().map(|wall| wall.name).collect();
    let all: Vec<&str> = Attempt::ALL.iter().map(|attempt| attempt.name()).collect();
    assert_eq!(names, all);
    for wall in bench.walls() {
        assert!(wall.refused, "{wall:?}");
    }
    let file = SealedFile::from_bytes(b"\x80").unwrap();
    let outcome = bench.inspect(header("x", &file), &file).unwrap();
    assert_eq!(outcome.report.coverage, Coverage::Complete);
    assert!(
        outcome.report.findings.iter().any(|f| f.source.starts_with("rule:a@")),
        "{outcome:?}"
    );
    let empty = SealedFile::from_bytes(b"").unwrap();
    let outcome = bench.inspect(header("x", &empty), &empty).unwrap();
    assert_eq!(outcome.report.coverage, Coverage::Complete, "{outcome:?}");
}

fn landlock_is_asked_for(world: World) {
    let config = Config {
        level: Level::LandlockSeccomp,
        ..config(world, "airlock-glass")
    };
    match Bench::start(config, &[]) {
        Ok(_) => assert!(!world.is_hidden(), "a kernel without Landlock was accepted"),
        Err(JailError::Refused(why)) => assert!(world.is_hidden() && why.contains("no Landlock"), "{why}"),
        Err(error) => panic!("{error}"),
    }
}

fn every_attempt_fails(world: World) {
    let bench = faulty(world);
    for attempt in Attempt::ALL.iter().filter(|&&a| a != Attempt::Spin) {
        let outcome = job(&bench, attempt.name());
        let polite = outcome.report.notes.first().map(String::as_str);
        match attempt {
            Attempt::OpenFile | Attempt::WriteFile | Attempt::StatFile => {
                assert!(matches!(polite, Some("errno 1" | "errno 13")), "{attempt:?}: {outcome:?}");
            }
            Attempt::MapTooMuch => assert_eq!(polite, Some("errno 12"), "{outcome:?}"),
            _ => {
                let (kind, detail) = gap_of(&outcome);
                assert_eq!((kind, outcome.tries), (GapKind::ChildDied, 2), "{attempt:?}: {outcome:?}");
                assert!(detail.contains("signal 31"), "{attempt:?}: {detail}");
            }
        }
    }
    assert_well(&bench);
}

fn a_spinning_child_is_stopped(world: World) {
    let bench = faulty(world);
    let file = SealedFile::from_bytes(b"x").unwrap();
    let mut short = header("spin", &file);
    short.limits.deadline_ms = 400;
    let start = Instant::now();
    let outcome = bench.inspect(short, &file).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let (kind, detail) = gap_of(&outcome);
    assert_eq!((kind, outcome.tries), (GapKind::Time, 1));
    assert!(detail.contains("500 ms"), "{detail}");
    // What was said before stands; it cannot be replayed.
    assert_eq!((outcome.report.coverage, outcome.report.replayable), (Coverage::Partial, false));
    assert_well(&bench);
    // Behind the host's clock stands the kernel's.
    let bench = Bench::start(
        Config {
            cpu_seconds: 1,
            ..config(world, "walls")
        },
        &[],
    )
    .unwrap();
    let outcome = job(&bench, "spin");
    let (kind, detail) = gap_of(&outcome);
    assert!(kind == GapKind::Time && detail.contains("computing time"), "{outcome:?}");
    assert!(outcome.cpu_us < 3_000_000, "{outcome:?}");
}

fn a_child_has_a_memory_cap(world: World) {
    let bench = faulty(world);
    let outcome = job(&bench, "allocate");
    let (kind, _) = gap_of(&outcome);
    assert_eq!((kind, outcome.tries), (GapKind::Memory, 1), "{outcome:?}");
    let most = CHILD_DATA_BYTES + 64 * 1024 * 1024;
    assert!(
        outcome.peak_rss_bytes > CHILD_DATA_BYTES / 2 && outcome.peak_rss_bytes < most,
        "{outcome:?}"
    );
    assert_well(&bench);
}

fn a_fallen_child_is_a_gap(world: World) {
    let bench = faulty(world);
    for (fault, words) in [
        ("address", "signal 11"),
        ("abort", "signal 6"),
        ("stack", "signal"),
        ("panic", "status 101"),
        ("leave", "status 0"),
    ] {
        let outcome = job(&bench, fault);
        let (kind, detail) = gap_of(&outcome);
        assert_eq!((kind, outcome.tries), (GapKind::ChildDied, 2), "{fault}: {outcome:?}");
        assert!(detail.contains(words), "{fault}: {detail}");
        assert!(!outcome.report.replayable);
    }
    assert_well(&bench);
    // The walk may nest to its depth limit.
    let outcome = job(&bench, "nest");
    assert_eq!(outcome.report.coverage, Coverage::Complete, "{outcome:?}");
}

fn a_lying_child_is_a_gap(world: World) {
    let bench = faulty(world);
    for (fault, words) in [
        ("flood", "more bytes than the limit"),
        ("long-frame", "longer than the limit"),
        ("no-json", "cannot be decoded"),
    ] {
        let outcome = job(&bench, fault);
        let (kind, detail) = gap_of(&outcome);
        assert_eq!(kind, GapKind::ChildDied, "{fault}: {outcome:?}");
        assert!(detail.contains(words), "{fault}: {detail}");
    }
    let file = SealedFile::from_bytes(b"some bytes").unwrap();
    let mut other = header("well", &file);
    other.declared_type = Some("0".repeat(64));
    let outcome = bench.inspect(other, &file).unwrap();
    assert!(gap_of(&outcome).1.contains("not the file"), "{outcome:?}");
    assert_eq!(outcome.report.nodes[0].sha256, file.sha256());
    assert_well(&bench);
}

fn a_crash_replaces_the_zygote(world: World) {
    let bench = faulty(world);
    assert_well(&bench);
    let before = settled_children();
    let _ = job(&bench, "panic");
    assert!(settled_children().iter().any(|pid| before.contains(pid)), "an exit is no crash");
    let _ = job(&bench, "address");
    assert_well(&bench);
    let after = settled_children();
    assert!(
        !after.is_empty() && after.iter().all(|pid| !before.contains(pid)),
        "{before:?} {after:?}"
    );
}

/// A process of the same user reads neither the memory nor the descriptors of a child.
fn nobody_looks_into_a_child(world: World) {
    let _bench = Bench::start(config(world, "airlock-glass"), &[]).unwrap();
    let children = settled_children();
    assert_eq!(children.len(), 3);
    for pid in children {
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{pid}/mem")).unwrap());
        // The kernel gives the files of a process that may not be dumped to root.
        assert_eq!(owner, 0, "{pid}");
        if world.is_nobody() {
            let refused = std::fs::File::open(format!("/proc/{pid}/mem")).unwrap_err();
            assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
        }
    }
}

fn a_killed_zygote_is_replaced(world: World) {
    let bench = faulty(world);
    let zygote = settled_children().first().expect("a zygote").parse().unwrap();
    let zygote = rustix::process::Pid::from_raw(zygote).unwrap();
    rustix::process::kill_process(zygote, rustix::process::Signal::KILL).unwrap();
    for _ in 0..5 {
        assert_well(&bench);
    }
    drop(bench);
    assert_eq!(
        crate::hosts::children_of("self"),
        Vec::<String>::new(),
        "a dropped bench leaves nobody"
    );
}

/// The zygote and its idle children, once there are as many as there should be.
fn settled_children() -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let children = crate::hosts::children_of("self");
        if children.len() == 1 + Config::default().idle || Instant::now() > deadline {
            return children;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn a_hundred_jobs_with_heartbeat(world: World) {
    let config = Config {
        jobs: 4,
        idle: 4,
        ..config(world, "airlock-glass")
    };
    let bench = Bench::start(config, &[rule("rule a { strings: $a = \"nowhere\" condition: $a }")]).unwrap();
    let file = SealedFile::from_bytes(&[0x80; 4096]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let outcome = bench.inspect(header("x.bin", &file), &file).expect("our own side works");
                    assert_eq!((outcome.report.coverage, outcome.tries), (Coverage::Complete, 1), "{outcome:?}");
                }
            });
        }
    });
}

fn a_rule_for_ever_times_out(world: World) {
    let slow = "rule slow { condition: for all i in (0..100000000000) : ( uint8(i % 4096) < 256 ) }";
    let bench = Bench::start(config(world, "airlock-glass"), &[rule(slow)]).unwrap();
    let file = SealedFile::from_bytes(&[0x80; 4096]).unwrap();
    let mut header = header("x.bin", &file);
    header.limits.rule_timeout_s = 2;
    let outcome = bench.inspect(header, &file).unwrap();
    let (kind, _) = gap_of(&outcome);
    assert_eq!((kind, outcome.tries), (GapKind::RuleTimeout, 1), "{outcome:?}");
    assert_eq!(outcome.report.coverage, Coverage::None);
}

fn rules_are_checked_behind_walls(world: World) {
    let sources = [
        rule("rule good { strings: $a = /ab+c/ condition: $a }"),
        RuleSource {
            path: "bad.yar".into(),
            text: "rule x {\n condition:\n  nonsense\n}".into(),
            builtin: false,
        },
    ];
    // More broken files than a frame can name: the rest is counted.
    let many: Vec<RuleSource> = (0..800)
        .map(|n| RuleSource {
            path: format!("broken/{n:060}.yar"),
            text: "rule".into(),
            builtin: false,
        })
        .collect();
    let ready = check_rules(&config(world, "airlock-glass"), &many).unwrap();
    let last = ready.broken.last().unwrap();
    let counted: usize = last.message.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(counted + ready.broken.len() - 1, 800, "{last:?}");
    let ready = check_rules(&config(world, "airlock-glass"), &sources).expect("the compiler works behind its walls");
    assert_eq!(ready.rules, 1);
    assert_eq!((ready.broken[0].path.as_str(), ready.broken[0].line), ("bad.yar", 3), "{ready:?}");
}

fn rule(text: &str) -> RuleSource {
    RuleSource {
        path: "test.yar".into(),
        text: text.into(),
        builtin: false,
    }
}
