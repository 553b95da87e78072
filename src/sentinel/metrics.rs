//! Counters for Prometheus, under the documented names. The encoder adds
//! `_total` to counters, so they are registered without it.

use crate::domain::{Decision, Side};
use crate::host::clock;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

type Labelled = Family<Vec<(&'static str, String)>, Counter>;
type Float = Gauge<f64, AtomicU64>;

/// Bounds of the histograms, in seconds.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// Where bars come from, as a label.
pub const EODHD: &str = "eodhd";
/// The model server, as a label.
pub const HUB: &str = "hub";

/// All of them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    began_ns: u64,
    /// Cycles begun.
    pub cycles: Counter,
    /// Cycles with a symbol that was skipped or failed.
    pub cycles_failed: Counter,
    /// Bars that could not be had, retries included.
    pub fetch_failed: Counter,
    /// Questions to the model.
    pub predictions: Counter,
    /// Those without an answer that can be used.
    pub predictions_failed: Counter,
    /// Orders that did not reach the gateway or got no answer.
    pub send_failed: Counter,
    /// Largest of the model's last three shares.
    pub confidence: Float,
    /// A whole cycle.
    pub cycle_seconds: Histogram,
    /// Bars, retries included.
    pub fetch_seconds: Histogram,
    /// Features.
    pub feature_seconds: Histogram,
    /// The model.
    pub predict_seconds: Histogram,
    /// An order, reads before and after it included.
    pub send_seconds: Histogram,
    signals: Labelled,
    executed: Labelled,
    calls: Labelled,
    errors: Labelled,
    decisions: Labelled,
    uptime: Float,
    last_cycle: Float,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sentinel");
        let r = &mut registry;
        let histogram = || Histogram::new(SECONDS);
        let new = Self {
            began_ns: clock::mono_ns(),
            cycles: put(r, "trading_cycles", "Cycles begun", Counter::default()),
            cycles_failed: put(
                r,
                "trading_cycles_failed",
                "Cycles with a symbol that was skipped or failed",
                Counter::default(),
            ),
            fetch_failed: put(r, "data_fetch_failed", "Bars not had", Counter::default()),
            predictions: put(r, "prediction_requests", "Asked the model", Counter::default()),
            predictions_failed: put(
                r,
                "prediction_failures",
                "No usable answer of the model",
                Counter::default(),
            ),
            signals: put(r, "trading_signals", "Shares above the threshold", Family::default()),
            executed: put(
                r,
                "trading_signals_executed",
                "Orders filled, none in a dry run",
                Family::default(),
            ),
            send_failed: put(
                r,
                "zmq_send_failures",
                "Orders that did not reach the gateway or got no answer",
                Counter::default(),
            ),
            calls: put(r, "api_calls", "Requests over HTTP", Family::default()),
            errors: put(r, "api_errors", "Those that failed", Family::default()),
            decisions: put(
                r,
                "decisions",
                "Decisions, as the log and telemetry have them",
                Family::default(),
            ),
            confidence: put(
                r,
                "last_prediction_confidence",
                "Largest of the last three shares",
                Float::default(),
            ),
            uptime: put(r, "daemon_uptime_seconds", "Since the start", Float::default()),
            last_cycle: put(
                r,
                "last_cycle_timestamp_unix",
                "When the last cycle ended",
                Float::default(),
            ),
            cycle_seconds: put(r, "trading_cycle_duration_seconds", "A cycle", histogram()),
            fetch_seconds: put(r, "data_fetch_duration_seconds", "Fetching bars", histogram()),
            feature_seconds: put(r, "feature_build_duration_seconds", "Features", histogram()),
            predict_seconds: put(r, "prediction_latency_seconds", "The model", histogram()),
            send_seconds: put(r, "zmq_send_latency_seconds", "An order", histogram()),
            registry,
        };
        // What never happened is 0, not absent.
        for side in [Side::Buy, Side::Sell] {
            let label = vec![("action", side.word().to_owned())];
            drop(new.signals.get_or_create(&label));
            drop(new.executed.get_or_create(&label));
        }
        for endpoint in [EODHD, HUB] {
            drop(new.calls.get_or_create(&vec![("endpoint", endpoint.to_owned())]));
        }
        new
    }
}

/// Registers a metric and keeps a handle on it.
fn put<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// A share above the threshold.
    pub fn signal(&self, side: Side) {
        self.signals.get_or_create(&vec![("action", side.word().to_owned())]).inc();
    }

    /// An order that was filled.
    pub fn executed(&self, side: Side) {
        self.executed.get_or_create(&vec![("action", side.word().to_owned())]).inc();
    }

    /// A request to [`EODHD`] or [`HUB`].
    pub fn call(&self, endpoint: &'static str) {
        self.calls.get_or_create(&vec![("endpoint", endpoint.to_owned())]).inc();
    }

    /// It failed; `code` is of a closed list.
    pub fn error(&self, endpoint: &'static str, code: &'static str) {
        let labels = vec![("endpoint", endpoint.to_owned()), ("error_code", code.to_owned())];
        self.errors.get_or_create(&labels).inc();
    }

    /// A decision that is told.
    pub fn decision(&self, decision: &Decision) {
        let labels = vec![("action", decision.action.to_string())];
        self.decisions.get_or_create(&labels).inc();
    }

    /// A cycle ended.
    pub fn cycle(&self, took: Duration, failed: bool) {
        self.cycle_seconds.observe(took.as_secs_f64());
        self.last_cycle.set(clock::utc().as_wire_seconds());
        if failed {
            self.cycles_failed.inc();
        }
    }

    /// The page, as `OpenMetrics` has it.
    #[must_use]
    pub fn page(&self) -> String {
        let up = Duration::from_nanos(clock::mono_ns().saturating_sub(self.began_ns));
        self.uptime.set(up.as_secs_f64());
        let mut page = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_name_is_there_once() {
        let metrics = Metrics::default();
        metrics.error(EODHD, "timeout");
        metrics.cycle(Duration::from_millis(3), true);
        let page = metrics.page();
        for name in [
            "trading_cycles_total",
            "trading_cycles_failed_total",
            "data_fetch_failed_total",
            "prediction_requests_total",
            "prediction_failures_total",
            "trading_signals_total{action=\"BUY\"}",
            "trading_signals_executed_total{action=\"SELL\"}",
            "zmq_send_failures_total",
            "api_calls_total{endpoint=\"hub\"}",
            "api_errors_total{endpoint=\"eodhd\",error_code=\"timeout\"}",
            "last_prediction_confidence",
            "daemon_uptime_seconds",
            "last_cycle_timestamp_unix",
            "trading_cycle_duration_seconds_bucket{le=\"0.005\"}",
            "data_fetch_duration_seconds_count",
            "feature_build_duration_seconds_sum",
            "prediction_latency_seconds_count",
            "zmq_send_latency_seconds_count",
        ] {
            let row = format!("\nsentinel_{name} ");
            assert_eq!(page.matches(&row).count(), 1, "{name}\n{page}");
        }
        assert!(!page.contains("total_total"), "{page}");
        assert!(page.contains("\nsentinel_trading_cycles_failed_total 1\n"), "{page}");
    }
}
