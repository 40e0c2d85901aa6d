//! A glass whose jobs do what the job's name says, behind the released walls.

#![allow(unsafe_code)]

use std::process::ExitCode;

use airlock_cell::canary;
use airlock_cell::confine;
use airlock_cell::frames::{Frames, write_all};
use airlock_cell::stdio;
use airlock_cell::zygote::{Job, Settings, host, lock_and_serve, say_starting, tell_failure};
use airlock_proto::Node;
use airlock_proto::control::Attempt;
use airlock_proto::frame::{Frame, JobHeader, Ready};

pub fn serve(arguments: &[String]) -> ExitCode {
    stdio::close_leaks();
    let mut settings = Settings {
        level: arguments[2].parse().expect("a level"),
        cpu_seconds: arguments[4].parse().expect("seconds"),
    };
    settings.cpu_seconds = settings.cpu_seconds.max(1);
    let ready = Ready { rules: 0, broken: vec![] };
    let done = tell_failure(|| {
        let host = host()?;
        confine::begin(host)?;
        say_starting();
        stdio::forget_rules().map_err(|e| e.to_string())?;
        lock_and_serve(settings, host, ready, &mut Faults)
    });
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(113) }
}

struct Faults;

impl Job for Faults {
    /// The real one has a heartbeat thread: so has this.
    fn arm(&mut self) {
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        });
    }

    fn run(&mut self, header: &JobHeader, bytes: &[u8], frames: &mut Frames) {
        let root = Node {
            index: 0,
            parent: None,
            name: header.name.clone(),
            path: String::new(),
            format: "bin".into(),
            layer: "raw".into(),
            size: u64::try_from(bytes.len()).unwrap(),
            // The tests hand the digest over, for want of a hash here.
            sha256: header.declared_type.clone().unwrap_or_default(),
            gaps: vec![],
        };
        frames.emit(&Frame::Node(root));
        frames.emit(&Frame::RootMatched);
        misbehave(&header.name, frames);
        frames.emit(&Frame::End {
            unpacked_bytes: 1,
            replayable: true,
        });
    }
}

fn misbehave(fault: &str, frames: &mut Frames) {
    if let Some(attempt) = Attempt::ALL.iter().find(|a| a.name() == fault) {
        let errno = canary::attempt_errno(*attempt);
        frames.emit(&Frame::Note(format!("errno {errno}")));
        return;
    }
    match fault {
        "well" => {}
        "allocate" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1024 * 1024]);
                std::hint::black_box(&kept);
            }
        }
        "address" => {
            // SAFETY: none: that is the fault. It must end the process.
            unsafe { std::ptr::write_volatile(std::ptr::without_provenance_mut::<u8>(8), 1) }
        }
        "abort" => std::process::abort(),
        "panic" => panic!("a panic"),
        "stack" => {
            std::hint::black_box(deep(0, u64::MAX));
        }
        "nest" => {
            // 32 MiB of the stack's 64.
            std::hint::black_box(deep(0, 8 * 1024));
        }
        "leave" => {
            // SAFETY: does not return.
            unsafe { libc::_exit(0) }
        }
        "flood" => {
            let note = airlock_proto::frame::encode(&Frame::RootMatched).unwrap();
            while write_all(&note).is_ok() {}
        }
        "long-frame" => drop(write_all(&[0xff, 0xff, 0xff, 0x7f, 1])),
        "no-json" => drop(write_all(&[3, 0, 0, 0, b'{', b'}', b'x'])),
        "hang" => std::thread::sleep(std::time::Duration::from_secs(600)),
        other => panic!("no such fault: {other}"),
    }
}

fn deep(level: u64, most: u64) -> u64 {
    let room = [level; 512];
    std::hint::black_box(&room);
    if level >= most { level } else { deep(level + 1, most) + room[511] }
}
