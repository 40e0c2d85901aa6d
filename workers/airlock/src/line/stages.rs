//! Builds stages and sets them to work on both lanes; the front door's one place that knows all of them.

use std::sync::Arc;
use std::time::Duration;

use airlock_jail::Bench;
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Broker, Stage, serve};
use airlock_records::{Fairness, Records};
use airlock_verdict::{Chores, DeadLetters, Judge, Verdicts};
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::config::LineSection;
use super::metrics::Metrics;
use super::parts::Place;
use super::policies;
use crate::clock::{Clock, now_ms};
use crate::config::Config;
use crate::{Outcome, pack, scan};

/// Children of bulk, at most: with those for clicks they are as many as a bench has.
const MOST_BULK: u16 = 170;

/// Everything that runs in this process.
pub struct Line {
    /// The configuration in force.
    pub config: Config,
    /// Where the state is.
    pub place: Place,
    /// The clock of deadlines, tokens and re-clicks.
    pub clock: Clock,
    /// Metrics of all stages.
    pub metrics: Arc<Metrics>,
    /// Turns true when it is time to stop.
    pub stop: watch::Receiver<bool>,
    /// Connections of the stages, to be closed at the end.
    pub brokers: Vec<Arc<dyn Broker>>,
    /// What runs.
    pub tasks: JoinSet<Result<(), String>>,
}

impl Line {
    /// Starts a stage.
    pub async fn start(&mut self, stage: StageName, base_url: &str) -> Outcome<()> {
        match stage {
            StageName::Intake => self.intake().await,
            StageName::Fetch => self.fetch().await,
            StageName::Scan => self.scan().await,
            StageName::Sandbox => self.sandbox().await,
            StageName::Verdict => self.verdict(base_url).await,
        }
    }

    async fn intake(&mut self) -> Outcome<()> {
        let records = self.records("intake").await?;
        let broker = self.broker("intake").await?;
        let policies = airlock_intake::Policies::default();
        let dir = self.config.line.policies_dir.clone();
        if !dir.as_os_str().is_empty() {
            policies::load(&dir, &policies)?;
            let every = Duration::from_millis(self.config.line.policies_every_ms.clamp(100, 60_000));
            let watch = policies::watch(dir, every, policies.clone(), self.stop.clone());
            self.background(watch);
        }
        let settings = airlock_intake::Settings { fairness: self.fairness() };
        let stage = Arc::new(airlock_intake::Intake::new(
            records.clone(),
            policies,
            settings,
            Arc::clone(&self.clock),
        ));
        for topic in [airlock_intake::TOPIC, airlock_intake::BEHIND, airlock_intake::WAITS] {
            let (records, relay, stop, door) = (records.clone(), Arc::clone(&broker), self.stop.clone(), Arc::clone(&stage));
            self.background(async move {
                let message = |row, _| std::future::ready(airlock_intake::PlainRow::message(&row).into()).boxed();
                let lull = || {
                    let door = Arc::clone(&door);
                    async move {
                        if topic == airlock_intake::WAITS {
                            door.lull().await;
                        }
                    }
                    .boxed()
                };
                airlock_verdict::relay(&records, relay.as_ref(), topic, message, lull, stop).await;
            });
        }
        self.serve(stage, &broker, self.config.line.intake_jobs);
        Ok(())
    }

    async fn fetch(&mut self) -> Outcome<()> {
        let broker = self.broker("fetch").await?;
        let fetcher = airlock_fetch::Fetcher::new(self.config.fetch.clone())?;
        let store = self.place.store(&self.config)?;
        let stage = Arc::new(airlock_fetch::Fetch::new(fetcher, store, Arc::clone(&broker), now_ms));
        self.serve(stage, &broker, self.config.line.fetch_jobs);
        Ok(())
    }

    async fn scan(&mut self) -> Outcome<()> {
        let broker = self.broker("scan").await?;
        let store = self.place.store(&self.config)?;
        let pack = pack::load(&self.config.rules.dirs)?;
        let mut jail = scan::jail_config(&self.config)?;
        // Bulk may have a child for each core, so that nothing idles while nobody clicks; clicks find half as many more in any case.
        let bulk = u16::try_from(jail.jobs).unwrap_or(MOST_BULK).min(MOST_BULK);
        let jobs = bulk + bulk.div_ceil(2);
        jail.jobs = usize::from(jobs);
        let ids = airlock_scan::Ids {
            bundle: pack.id.clone(),
            engine: scan::ENGINE.to_owned(),
        };
        // Compiling the rules takes seconds of computing, which must not hold the heartbeats of the broker up.
        let bench = tokio::task::spawn_blocking(move || Bench::start(jail, &pack.sources)).await??;
        if bench.ready().rules == 0 {
            return Err(scan::no_rules(&bench).into());
        }
        let broken = &bench.ready().broken;
        let notes = broken
            .iter()
            .map(|b| format!("rule file skipped: {}:{}: {}", b.path, b.line, b.message));
        let notes: Vec<String> = notes.collect();
        for note in &notes {
            tracing::error!("{note}");
        }
        let limits = self.config.scan.clone();
        let stage = airlock_scan::Scan::new(Arc::new(bench), store, Arc::clone(&broker), limits, ids, notes, now_ms);
        let stage: Arc<dyn Stage> = Arc::new(stage);
        self.serve_queue(Arc::clone(&stage), &broker, Queue::Work(StageName::Scan, Lane::Click), jobs);
        self.serve_queue(stage, &broker, Queue::Work(StageName::Scan, Lane::Bulk), bulk);
        Ok(())
    }

    async fn sandbox(&mut self) -> Outcome<()> {
        let broker = self.broker("sandbox").await?;
        self.serve(Arc::new(airlock_sandbox::Sandbox), &broker, self.config.line.other_jobs);
        Ok(())
    }

    async fn verdict(&mut self, base_url: &str) -> Outcome<()> {
        let records = self.records("verdict").await?;
        let broker = self.broker("verdict").await?;
        let store = self.place.store(&self.config)?;
        let key = Arc::new(self.place.signing_key(&self.config)?);
        let settings = airlock_verdict::Settings {
            token_life_ms: i64::try_from(self.config.token.life_ms).unwrap_or(i64::MAX),
            base_url: base_url.to_owned(),
            fairness: self.fairness(),
            bulk: usize::try_from(self.config.records.max_connections / 2).unwrap_or(1),
        };
        let judge = Judge::new(records, store, key, settings, Arc::clone(&self.clock));
        let chores = Arc::new(Chores {
            judge: judge.clone(),
            broker: Arc::clone(&broker),
        });
        let (relay, sweep, collect) = (Arc::clone(&chores), Arc::clone(&chores), chores);
        let stop = self.stop.clone();
        self.background(async move { relay.relay(stop).await });
        let stop = self.stop.clone();
        self.background(async move { sweep.sweep(stop).await });
        let stop = self.stop.clone();
        self.background(async move { collect.collect(stop).await });
        let keep = Duration::from_secs(u64::from(self.config.records.keep_days) * 86_400);
        self.background(airlock_verdict::forget(judge.clone(), keep, self.stop.clone()));
        self.serve(Arc::new(Verdicts(judge.clone())), &broker, self.config.line.other_jobs);
        self.serve_queue(Arc::new(DeadLetters(judge)), &broker, Queue::VerdictDead, 4);
        Ok(())
    }

    async fn broker(&mut self, user: &str) -> Outcome<Arc<dyn Broker>> {
        let broker = self.place.broker(&self.config, user).await?;
        self.brokers.push(Arc::clone(&broker));
        Ok(broker)
    }

    async fn records(&self, role: &str) -> Outcome<Records> {
        let records = self.place.records(&self.config, role).await?;
        let schema = records.check().await?;
        if !schema.is_ready() {
            return Err("the database is not at the version of this program; run `airlock db migrate`".into());
        }
        Ok(records)
    }

    fn fairness(&self) -> Fairness {
        let line = &self.config.line;
        Fairness {
            first: line.tenant_first,
            in_flight: in_flight(line, matches!(self.place, Place::Folder(..))),
            queued: line.tenant_queued,
        }
    }

    fn background(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            work.await;
            Ok(())
        });
    }

    /// Both lanes of a stage.
    fn serve(&mut self, stage: Arc<dyn Stage>, broker: &Arc<dyn Broker>, jobs: u16) {
        for lane in Lane::ALL {
            // A backlog of bulk never takes more than half of the places.
            let jobs = if lane == Lane::Bulk { jobs.div_ceil(2) } else { jobs };
            self.serve_queue(Arc::clone(&stage), broker, Queue::Work(stage.name(), lane), jobs);
        }
    }

    fn serve_queue(&mut self, stage: Arc<dyn Stage>, broker: &Arc<dyn Broker>, queue: Queue, jobs: u16) {
        let serving = serve(stage, Arc::clone(broker), queue, jobs, self.metrics.clone(), self.stop.clone());
        self.tasks.spawn(async move { serving.await.map_err(|e| e.to_string()) });
    }
}

/// Requests of a tenant under way at once. With one process for all, that is half of its fetch slots at most: slow links of one tenant
/// must not make another wait.
fn in_flight(line: &LineSection, alone: bool) -> u32 {
    let half = u32::from(line.fetch_jobs / 2).max(1);
    if alone {
        half.min(line.tenant_in_flight)
    } else {
        line.tenant_in_flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_never_takes_all_fetch_slots_of_one_process() {
        let of = |fetch_jobs, tenant_in_flight, alone| {
            let line = LineSection {
                fetch_jobs,
                tenant_in_flight,
                ..LineSection::default()
            };
            in_flight(&line, alone)
        };
        assert_eq!((of(16, 64, true), of(16, 64, false)), (8, 64));
        assert_eq!((of(16, 3, true), of(1, 64, true)), (3, 1));
    }
}
