//! What goes wrong in a chaos run, and when: drawn from a seed, and written down as it happens.

use std::time::{Duration, Instant};

use super::site::{PROCESSES, Site, UP};

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A process is killed, and started again as its supervisor would.
    Kill,
    /// RabbitMQ stops in good order, and starts again.
    StopBroker,
    /// RabbitMQ loses its power, and starts again.
    KillBroker,
    /// PostgreSQL stops, for so long.
    StopDatabase(Duration),
    /// PostgreSQL starts again.
    StartDatabase,
    /// S3 answers 500 for a while.
    StoreFails,
    /// S3 answers nothing for a while.
    StoreHangs,
    /// The broker takes nothing from publishers.
    Alarm,
    /// It does again.
    AlarmOver,
}

/// What happened, for the table.
#[derive(Debug, Clone)]
pub struct Event {
    /// When it was over, after the beginning.
    pub at: Duration,
    /// In words.
    pub what: String,
}

/// Small, seeded, good enough to choose with (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// Below `n`.
    pub fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let n = u64::try_from(n.max(1)).unwrap_or(1);
        usize::try_from((z ^ (z >> 31)) % n).unwrap_or(0)
    }
}

/// Names of the processes of a site with so many instances of each stage; the gateway has one door, and so one process.
pub fn names(site: &Site, instances: usize) -> Vec<String> {
    if site.servers.is_none() {
        return vec![UP.to_owned()];
    }
    let mut names: Vec<String> = PROCESSES.iter().map(|n| (*n).to_owned()).collect();
    for instance in 2..=instances {
        names.extend(PROCESSES[..5].iter().map(|n| format!("{n}#{instance}")));
    }
    names
}

/// When what goes wrong, over `span`: the big faults in turn, kills between them.
pub fn plan(six: bool, span: Duration, dice: &mut Dice) -> Vec<(Duration, Fault)> {
    let part = |percent: u32| span * percent / 100;
    let mut plan = Vec::new();
    if six {
        // A bounded run has a third of it.
        let outage = Duration::from_secs(if span < Duration::from_secs(90) { 10 } else { 30 });
        plan = vec![
            (part(8), Fault::StopBroker),
            (part(25), Fault::StopDatabase(outage)),
            (part(25) + outage, Fault::StartDatabase),
            (part(60), Fault::StoreFails),
            (part(68), Fault::Alarm),
            (part(68) + part(5).max(Duration::from_secs(4)), Fault::AlarmOver),
            (part(78), Fault::StoreHangs),
            (part(88), Fault::KillBroker),
        ];
    }
    let every = Duration::from_secs(if six { 3 } else { 7 });
    let mut at = Duration::from_secs(2);
    while at < span {
        plan.push((at, Fault::Kill));
        at += every + Duration::from_millis(u64::try_from(dice.roll(1000)).unwrap_or(0));
    }
    plan.sort_by_key(|(at, _)| *at);
    plan
}

/// Does the plan; at its end everything runs again.
pub fn wreak(site: &mut Site, plan: &[(Duration, Fault)], names: &[String], dice: &mut Dice, begin: Instant) -> Try<Vec<Event>> {
    let mut events = Vec::new();
    let mut outage = Duration::ZERO;
    for (at, fault) in plan {
        // What came before may have taken longer than planned, and the database is away as long all the same.
        let at = match fault {
            Fault::StartDatabase => outage,
            _ => *at,
        };
        // Whoever could not start yet, since what it needs is away, is started again like a pod that crashes at its start.
        while begin.elapsed() < at {
            revive(site, names);
            std::thread::sleep(Duration::from_millis(100));
        }
        let what = strike(site, *fault, names, dice)?;
        let at = begin.elapsed();
        if let Fault::StopDatabase(long) = fault {
            outage = at + *long;
        }
        println!("{:7.1} s  {what}", at.as_secs_f64());
        events.push(Event { at, what });
    }
    let until = Instant::now() + Duration::from_secs(90);
    while !revive(site, names) {
        if Instant::now() > until {
            return Err("a process does not start again after everything is healed".into());
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    Ok(events)
}

/// Starts what is down; whether all runs.
fn revive(site: &mut Site, names: &[String]) -> bool {
    site.reap();
    let running = site.running();
    let down: Vec<&String> = names.iter().filter(|name| !running.contains(name)).collect();
    // Each is tried, whatever became of the one before.
    let failed = down.iter().filter(|name| site.start(name).is_err()).count();
    failed == 0
}

fn strike(site: &mut Site, fault: Fault, names: &[String], dice: &mut Dice) -> Try<String> {
    if fault == Fault::Kill {
        let name = names.get(dice.roll(names.len())).cloned().unwrap_or_default();
        site.kill(&name);
        return Ok(format!("kill -9 {name}"));
    }
    let servers = site.servers.as_mut().ok_or("a fault of servers where there are none")?;
    Ok(match fault {
        Fault::Kill => String::new(),
        Fault::StopBroker => {
            servers.rabbit.stop();
            std::thread::sleep(Duration::from_secs(2));
            servers.rabbit.start_again()?;
            "RabbitMQ stopped and started".to_owned()
        }
        Fault::KillBroker => {
            servers.rabbit.kill();
            std::thread::sleep(Duration::from_secs(2));
            servers.rabbit.start_again()?;
            "RabbitMQ killed and started".to_owned()
        }
        Fault::StopDatabase(_) => {
            servers.postgres.stop();
            "PostgreSQL stopped".to_owned()
        }
        Fault::StartDatabase => {
            servers.postgres.start_again();
            "PostgreSQL started".to_owned()
        }
        Fault::StoreFails => {
            servers.s3.fail_for(Duration::from_secs(4));
            "S3 answers 500 for 4 s".to_owned()
        }
        Fault::StoreHangs => {
            servers.s3.hang_for(Duration::from_secs(6));
            "S3 hangs for 6 s".to_owned()
        }
        Fault::Alarm => {
            servers.rabbit.ctl(&["set_vm_memory_high_watermark", "0.00001"])?;
            "memory alarm: publishers are blocked".to_owned()
        }
        Fault::AlarmOver => {
            servers.rabbit.ctl(&["set_vm_memory_high_watermark", "0.4"])?;
            "memory alarm over".to_owned()
        }
    })
}
