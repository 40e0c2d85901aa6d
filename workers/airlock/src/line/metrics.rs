//! What Prometheus reads: jobs by outcome, how long they took, which consumers live. No hostile text is ever a label.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use airlock_queue::topology::{Lane, StageName};
use airlock_queue::{Incoming, Observer, Served};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::telemetry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    stage: String,
    lane: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: String,
    lane: String,
}

/// The metrics of this process.
pub struct Metrics {
    registry: Registry,
    jobs: Family<JobLabels, Counter>,
    seconds: Family<StageLabels, Histogram>,
    alive: Family<StageLabels, Gauge>,
    consumers: Mutex<BTreeMap<(StageName, Lane), bool>>,
}

impl Metrics {
    /// A registry of its own.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("airlock");
        let jobs = Family::<JobLabels, Counter>::default();
        let seconds = Family::<StageLabels, Histogram>::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 18)));
        let alive = Family::<StageLabels, Gauge>::default();
        registry.register("jobs", "Deliveries that a stage has settled, by outcome", jobs.clone());
        registry.register("stage_duration_seconds", "Time from a delivery to its settlement", seconds.clone());
        registry.register("consumer_alive", "1 while the broker has confirmed the consumer", alive.clone());
        Metrics {
            registry,
            jobs,
            seconds,
            alive,
            consumers: Mutex::default(),
        }
    }

    /// For metrics of other rooms.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// In the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    /// Consumers that are cut off right now.
    pub fn cut_off(&self) -> Vec<String> {
        let consumers = self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        consumers
            .iter()
            .filter(|(_, alive)| !**alive)
            .map(|((stage, lane), _)| format!("{stage}.{lane}"))
            .collect()
    }
}

impl Observer for Metrics {
    fn served(&self, stage: StageName, lane: Lane, what: Served, took: Duration) {
        let outcome = match what {
            Served::Done => "done",
            Served::Retried => "retried",
            Served::Dead => "dead",
            Served::Returned => "returned",
        };
        let labels = JobLabels {
            stage: stage.to_string(),
            lane: lane.to_string(),
            outcome: outcome.to_owned(),
        };
        self.jobs.get_or_create(&labels).inc();
        let labels = StageLabels {
            stage: labels.stage,
            lane: labels.lane,
        };
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    fn alive(&self, stage: StageName, lane: Lane, alive: bool) {
        self.consumers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((stage, lane), alive);
        let labels = StageLabels {
            stage: stage.to_string(),
            lane: lane.to_string(),
        };
        self.alive.get_or_create(&labels).set(i64::from(alive));
    }

    fn span(&self, stage: StageName, message: &Incoming) -> tracing::Span {
        telemetry::span(stage, message)
    }

    fn traceparent(&self, span: &tracing::Span) -> Option<String> {
        telemetry::traceparent(span)
    }
}
