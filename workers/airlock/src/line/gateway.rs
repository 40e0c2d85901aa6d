//! The gateway in this process: its keys, its records, its services, its counters.

use std::sync::Arc;

use airlock_gateway::{Gateway, ServiceKey, serve};
use airlock_records::Records;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::parts::Place;
use crate::Outcome;
use crate::clock::now_ms;
use crate::config::Config;

/// Makes it ready, and gives the records that it asks; the future serves until `stop`.
pub async fn start(
    config: &Config,
    place: &Place,
    listener: TcpListener,
    registry: &mut Registry,
    stop: watch::Receiver<bool>,
) -> Outcome<(Records, impl Future<Output = Result<(), String>> + Send + 'static + use<>)> {
    let mut settings = airlock_gateway::Config {
        grace_ms: config.line.grace_ms,
        max_connections: config.gateway.max_connections,
        header_timeout_ms: config.gateway.header_timeout_ms,
        send_timeout_ms: config.gateway.send_timeout_ms,
        ..airlock_gateway::Config::default()
    };
    let dir = &config.gateway.service_keys_dir;
    if !dir.as_os_str().is_empty() {
        let entries = std::fs::read_dir(dir).map_err(|e| format!("gateway.service_keys_dir {}: {e}", dir.display()))?;
        for entry in entries {
            let path = entry?.path();
            // Mounted secrets have a folder beside the files that point into it.
            if path.is_file() {
                settings.services.push(ServiceKey {
                    service: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                    key_file: path,
                });
            }
        }
    }
    let records = place.records(config, "gateway").await?;
    let gateway = Gateway::new(
        settings,
        place.store(config)?,
        records.clone(),
        place.keyring(config)?,
        Arc::new(now_ms),
    )?;
    registry.register_collector(Box::new(Downloads(gateway.clone())));
    let serving = async move {
        serve(listener, gateway, stop).await;
        Ok(())
    };
    Ok((records, serving))
}

/// The counters of the gateway as Prometheus reads them.
struct Downloads(Gateway);

impl std::fmt::Debug for Downloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Downloads")
    }
}

impl Collector for Downloads {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let c = self.0.counters();
        let all = [
            ("downloads_started", "Downloads that began", &c.started),
            ("download_bytes", "Bytes that were handed to clients", &c.bytes),
            ("tokens_forged", "Tokens that were forged or broken", &c.forged),
            ("tokens_gone", "Tokens that were expired, revoked, or whose file is gone", &c.gone),
            ("objects_changed", "ALERT: the stored object is not what was scanned", &c.changed),
            ("gateway_trouble", "Answers that failed by trouble of ours", &c.trouble),
        ];
        for (name, help, value) in all {
            let counter = ConstCounter::new(value.load(std::sync::atomic::Ordering::Relaxed));
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let crowded = c.connections.crowded_out.load(std::sync::atomic::Ordering::Relaxed);
        let crowded = ConstCounter::new(crowded);
        let help = "Idle connections of the gateway that were closed because all places were taken";
        crowded.encode(encoder.encode_descriptor("connections_crowded_out", help, None, crowded.metric_type())?)?;
        let open = c.connections.open.load(std::sync::atomic::Ordering::Relaxed);
        let open = ConstGauge::new(open);
        let help = "Connections of the gateway that are open";
        open.encode(encoder.encode_descriptor("connections_open", help, None, open.metric_type())?)?;
        Ok(())
    }
}
