//! Logs to standard error, as text or as JSON, and traces to an OpenTelemetry collector.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;

use airlock_queue::Incoming;
use airlock_queue::topology::StageName;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::Outcome;

/// `[telemetry]`: what a running line tells of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySection {
    /// Form of the log on standard error: `text` (default) or `json`, one object a line. `AIRLOCK_LOG` says what is logged.
    pub log: String,
    /// Where spans are sent by OTLP over HTTP, `http://collector:4318/v1/traces`; empty: nowhere.
    pub traces_url: String,
    /// Part of the requests without a trace of their own that are traced, 0 to 1 (default 1); a caller's own choice is kept.
    pub traces_ratio: f64,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        TelemetrySection {
            log: "text".to_owned(),
            traces_url: String::new(),
            traces_ratio: 1.0,
        }
    }
}

impl TelemetrySection {
    /// Settings that nobody could mean: the key and what is wrong with it.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !matches!(self.log.as_str(), "text" | "json") {
            faults.push((
                "telemetry.log",
                format!("telemetry.log = {:?}: choose \"text\" or \"json\"", self.log),
            ));
        }
        let http = url::Url::parse(&self.traces_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !self.traces_url.is_empty() && !http {
            let message = format!("telemetry.traces_url = {:?}: no http:// or https:// address", self.traces_url);
            faults.push(("telemetry.traces_url", message));
        }
        if !(0.0..=1.0).contains(&self.traces_ratio) {
            let message = format!("telemetry.traces_ratio = {}: must lie between 0 and 1", self.traces_ratio);
            faults.push(("telemetry.traces_ratio", message));
        }
        faults
    }
}

/// Name of the span of a delivery.
const JOB: &str = "job";

/// What must be flushed before the process ends.
#[must_use]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// For a command of a person: warnings, as text.
pub fn plain() {
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours());
    let chosen = chosen(said().as_deref(), "warn").unwrap_or_else(|why| {
        anstream::eprintln!("warning: {why}");
        EnvFilter::new("warn")
    });
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter(chosen))).try_init();
}

/// For a running line; `service` is its name in traces.
///
/// # Errors
/// `AIRLOCK_LOG` cannot be read, or the exporter cannot be made, in words.
pub fn line(section: &TelemetrySection, service: &str) -> Outcome<Telemetry> {
    let chosen = chosen(said().as_deref(), "warn,airlock=info")?;
    let text = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours());
    let log = if section.log == "json" {
        text.json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed()
    } else {
        text.boxed()
    };
    let provider = if section.traces_url.is_empty() {
        None
    } else {
        Some(provider(section, service)?)
    };
    // Only our own spans: what the libraries do inside of them is not ours to tell.
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("airlock"));
        layer.with_filter(filter_fn(|what| what.is_span() && what.name() == JOB))
    });
    let _ = tracing_subscriber::registry()
        .with(log.with_filter(filter(chosen)))
        .with(spans)
        .try_init();
    Ok(Telemetry(provider))
}

fn provider(section: &TelemetrySection, service: &str) -> Outcome<SdkTracerProvider> {
    // Its client takes the provider of the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&section.traces_url)
        .build()
        .map_err(|e| format!("telemetry.traces_url = {}: {e}", section.traces_url))?;
    let ours = Sampler::TraceIdRatioBased(section.traces_ratio);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(ours)))
        .with_resource(Resource::builder().with_service_name(service.to_owned()).build())
        .build())
}

/// What is logged: events. Their own fields say of which request they speak, so spans are nothing to it.
fn filter<S>(chosen: EnvFilter) -> impl Filter<S> + use<S> {
    chosen.and(filter_fn(|what| what.is_event()))
}

/// What `AIRLOCK_LOG` says, or the default where it says nothing.
fn chosen(said: Option<&OsStr>, default: &str) -> Result<EnvFilter, String> {
    let said = said.map(OsStr::to_string_lossy).unwrap_or_default();
    if said.trim().is_empty() {
        return Ok(EnvFilter::new(default));
    }
    let wrong = |e| format!("environment variable AIRLOCK_LOG = {said:?}: {e}; write a level, as info, or airlock=debug,warn");
    EnvFilter::try_new(&said).map_err(wrong)
}

fn said() -> Option<OsString> {
    std::env::var_os("AIRLOCK_LOG")
}

/// Escape codes are for eyes: a log that goes to a file or a collector has none.
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The span in which a stage works on a delivery, a child of the one that sent it.
pub fn span(stage: StageName, message: &Incoming) -> tracing::Span {
    let span = tracing::info_span!(
        JOB,
        otel.name = %format_args!("{stage} {}", message.kind),
        otel.kind = "consumer",
        messaging.message.id = %message.id,
        airlock.request = %message.request_id,
        airlock.lane = %message.lane,
        airlock.attempt = message.attempt,
    );
    if let Some(parent) = message.trace.as_deref().and_then(parse) {
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
    }
    span
}

/// The `traceparent` of a span (W3C Trace Context, section 3.2); `None` when nobody traces it.
pub fn traceparent(span: &tracing::Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid()
        .then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

/// Reads a `traceparent`; what is none is nothing, for a click service may send anything.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(flags & 1),
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let good = parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(good.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(good.is_sampled() && good.is_remote());
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-zbf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_filter_is_told() {
        assert!(chosen(None, "warn").is_ok() && chosen(Some(OsStr::new("")), "warn").is_ok());
        assert_eq!(
            chosen(Some(OsStr::new("airlock=debug,warn")), "warn").unwrap().to_string(),
            "airlock=debug,warn"
        );
        let why = chosen(Some(OsStr::new("airlock=loud")), "warn").unwrap_err();
        assert!(why.contains("AIRLOCK_LOG = \"airlock=loud\""), "{why}");
    }

    #[test]
    fn wrong_settings_are_named() {
        let section = TelemetrySection {
            log: "xml".to_owned(),
            traces_url: "collector:4318".to_owned(),
            traces_ratio: 2.0,
        };
        assert_eq!(section.check().len(), 3);
        assert!(TelemetrySection::default().check().is_empty());
    }
}
