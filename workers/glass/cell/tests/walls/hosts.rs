//! What must hold for the host: no descriptor leaks in, no child outlives it, and without a glass nothing starts.

#![allow(unsafe_code)]

use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use airlock_jail::{Bench, Config, JailError, SealedFile};
use airlock_proto::Limits;
use airlock_proto::frame::JobHeader;

use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        ("host::nothing_leaks_into_a_child".into(), Box::new(nothing_leaks_into_a_child)),
        ("host::a_child_wears_every_wall".into(), Box::new(a_child_wears_every_wall)),
        (
            "host::children_die_with_a_killed_host".into(),
            Box::new(children_die_with_a_killed_host),
        ),
        ("host::an_ignored_sigchld_is_mended".into(), Box::new(an_ignored_sigchld_is_mended)),
        ("host::a_missing_glass_is_named".into(), Box::new(a_missing_glass_is_named)),
        ("host::a_glass_by_hand_says_so".into(), Box::new(a_glass_by_hand_says_so)),
    ]
}

fn config() -> Config {
    Config {
        glass: std::env::current_exe().unwrap(),
        ..Config::default()
    }
}

fn header(name: &str, file: &SealedFile) -> JobHeader {
    JobHeader {
        name: name.into(),
        declared_type: Some(file.sha256().to_owned()),
        content_encoding: vec![],
        passwords: vec![],
        limits: Limits {
            deadline_ms: 4_000,
            ..Limits::default()
        },
        input_cut_bytes: 0,
    }
}

fn nothing_leaks_into_a_child() {
    leak();
    let bench = Bench::start(config(), &[]).unwrap();
    let file = SealedFile::from_bytes(b"x").unwrap();
    std::thread::scope(|scope| {
        let work = scope.spawn(|| bench.inspect(header("hang", &file), &file));
        let holds_file = |pid: &String| descriptors(pid).iter().any(|kind| kind == "/memfd");
        wait_for(|| children_of("self").len() == 4 && children_of("self").iter().any(holds_file));
        let mut memfds = 0;
        for pid in &children_of("self") {
            let kinds = descriptors(pid);
            let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
            match kinds.as_slice() {
                ["pipe", "pipe", "socket"] => {}
                ["/memfd", "pipe", "pipe", "socket"] => memfds += 1,
                other => panic!("{pid} holds {other:?}"),
            }
        }
        assert_eq!(memfds, 1, "the one job has its one file");
        let outcome = work.join().unwrap().unwrap();
        assert_eq!(outcome.report.nodes[0].gaps.len(), 1);
    });
}

/// A careless library of the host: descriptors that stay open across exec, a file and a directory.
fn leak() {
    for path in [c"/etc/passwd", c"/"] {
        // SAFETY: the path ends in a zero byte.
        assert!(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) } > 2);
    }
}

/// The kinds of what a process holds open, sorted.
fn descriptors(pid: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Path::new("/proc")
        .join(pid)
        .join("fd")
        .read_dir()
        .expect("root may look")
        .map(|fd| std::fs::read_link(fd.unwrap().path()).unwrap().to_string_lossy().into_owned())
        .map(|target| target.split([':', ' ']).next().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

/// What the kernel itself says of the released glass and its idle children.
fn a_child_wears_every_wall() {
    let released = Config {
        glass: env!("CARGO_BIN_EXE_airlock-glass").into(),
        ..Config::default()
    };
    leak();
    let _bench = Bench::start(released, &[]).unwrap();
    // A child is locked some milliseconds after it was forked.
    let filters = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status
            .lines()
            .filter_map(|l| l.strip_prefix("Seccomp_filters:\t"))
            .next()
            .map(str::to_owned)
    };
    wait_for(|| {
        children_of("self")
            .iter()
            .filter(|pid| filters(pid).as_deref() == Some("4"))
            .count()
            == 2
    });
    let children = children_of("self");
    assert_eq!(children.len(), 3, "a zygote and two idle children");
    for (place, pid) in children.iter().enumerate() {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
        let zygote = place == 0;
        assert_eq!(descriptors(pid), ["pipe", "pipe", "socket"], "{pid}");
        assert_eq!(read("oom_score_adj").trim(), "1000");
        let status = read("status");
        let field = |name: &str| {
            status
                .lines()
                .find_map(|l| l.strip_prefix(name))
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        assert_eq!(field("NoNewPrivs:"), "1");
        assert_eq!(field("Seccomp:"), "2");
        // Two soft ones, filter A, and in a child filter B.
        assert_eq!(field("Seccomp_filters:"), if zygote { "3" } else { "4" }, "{pid}");
        // The heartbeat runs in the child, never in the zygote.
        assert_eq!(field("Threads:"), if zygote { "1" } else { "2" });
        let limits = read("limits");
        let limit = |name: &str| -> Vec<String> {
            let line = limits.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().take(2).map(str::to_owned).collect()
        };
        for name in ["Max core file size", "Max file size", "Max locked memory", "Max msgqueue size"] {
            assert_eq!(limit(name), ["0", "0"], "{name}");
        }
        assert_eq!(limit("Max open files"), ["16", "16"]);
        assert_eq!(limit("Max data size"), ["536870912", "536870912"]);
        if !zygote {
            assert_eq!(limit("Max cpu time"), ["75", "76"]);
        }
    }
}

fn children_die_with_a_killed_host() {
    let mut host = Command::new(std::env::current_exe().unwrap())
        .arg("host")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0_u8; 1];
    host.stdout.take().unwrap().read_exact(&mut line).unwrap();
    // The job is in the middle of a computation without end.
    std::thread::sleep(Duration::from_millis(500));
    let children = children_of(&host.id().to_string());
    assert!(children.len() >= 4, "a zygote, a job and two idle children: {children:?}");
    // Stopped, the zygote cannot see that its host hangs up: the kernel must end it.
    let zygote = rustix::process::Pid::from_raw(children[0].parse().unwrap()).unwrap();
    rustix::process::kill_process(zygote, rustix::process::Signal::STOP).unwrap();
    host.kill().unwrap();
    host.wait().unwrap();
    let start = Instant::now();
    while children.iter().any(|pid| is_alive(pid)) {
        assert!(start.elapsed() < Duration::from_secs(2), "left over: {children:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The host that will be killed: the other side of the test above.
pub fn spin_for_ever(_: &[String]) -> ExitCode {
    let bench = Bench::start(config(), &[]).unwrap();
    let file = SealedFile::from_bytes(b"x").unwrap();
    println!("!");
    let mut job = header("spin", &file);
    job.limits.deadline_ms = 60_000;
    let _ = bench.inspect(job, &file);
    ExitCode::SUCCESS
}

fn an_ignored_sigchld_is_mended() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let bench = Bench::start(config(), &[]).unwrap();
    let file = SealedFile::from_bytes(b"x").unwrap();
    let outcome = bench.inspect(header("well", &file), &file).unwrap();
    assert!(outcome.report.nodes[0].gaps.is_empty(), "{outcome:?}");
}

fn a_missing_glass_is_named() {
    let missing = Config {
        glass: "/nowhere/airlock-glass".into(),
        ..Config::default()
    };
    let error = Bench::start(missing.clone(), &[]).unwrap_err();
    assert!(
        matches!(&error, JailError::GlassMissing { path } if *path == missing.glass),
        "{error:?}"
    );
    assert!(error.to_string().contains("/nowhere/airlock-glass"), "{error}");
    assert!(error.to_string().contains("install"), "{error}");
}

fn a_glass_by_hand_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_airlock-glass"))
        .arg("inspect")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("started by airlock only"));
}

/// Waits some seconds for something; a test then sees for itself whether it came.
fn wait_for(came: impl Fn() -> bool) {
    let start = Instant::now();
    while !came() && start.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Pids of the children of a process, zombies left out.
pub fn children_of(pid: &str) -> Vec<String> {
    let tasks = Path::new("/proc").join(pid).join("task").read_dir().unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|pid| is_alive(pid))
        .collect()
}

fn is_alive(pid: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"),
        Err(_) => false,
    }
}
