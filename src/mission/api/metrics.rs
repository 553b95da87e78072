//! `/metrics`: made anew for each question, so that nothing is in it that is
//! not there any more.

use super::server::Parts;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

type Labels = Vec<(&'static str, String)>;
type Float = Gauge<f64, AtomicU64>;
type Floats = Family<Labels, Float>;

/// Collects figures by their names.
#[derive(Default)]
struct Sheet {
    plain: BTreeMap<&'static str, (&'static str, f64)>,
    labelled: BTreeMap<&'static str, (&'static str, Floats)>,
}

impl Sheet {
    fn put(&mut self, name: &'static str, help: &'static str, labels: &Labels, value: f64) {
        if labels.is_empty() {
            self.plain.insert(name, (help, value));
            return;
        }
        let (_, family) = self.labelled.entry(name).or_insert_with(|| (help, Floats::default()));
        family.get_or_create(labels).set(value);
    }

    fn registry(self) -> Registry {
        let mut registry = Registry::with_prefix("mission");
        for (name, (help, family)) in self.labelled {
            registry.register(name, help, family);
        }
        for (name, (help, value)) in self.plain {
            let gauge = Float::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
        registry
    }
}

/// The page, as `OpenMetrics` has it.
pub fn page(parts: &Parts) -> String {
    let mut sheet = Sheet::default();
    let whole = parts.hub.status();
    let status = &whole.told.status;
    for p in &status.processes {
        let label = vec![("process", p.name.to_string())];
        let mut put = |name, help, value: Option<f64>| {
            if let Some(value) = value {
                sheet.put(name, help, &label, value);
            }
        };
        let flag = |on: bool| Some(if on { 1.0 } else { 0.0 });
        put("process_cpu_percent", "CPU of one core", p.cpu_centi.map(|c| f64::from(c) / 100.0));
        put("process_memory_bytes", "Resident memory", p.memory.map(float));
        put("process_open_files", "Open file handles", p.files.map(f64::from));
        put(
            "process_restarts",
            "Restarts since it was last wanted anew",
            Some(f64::from(p.restart_count)),
        );
        put("process_ready", "It runs and is ready", flag(p.state.ready()));
        put("process_wanted", "The mode or an operator wants it up", flag(p.wanted));
        let start = p.start_time.map(crate::domain::UtcMicros::as_wire_seconds);
        put("process_start_time_seconds", "When this run began", start);
        let mut label = label.clone();
        label.push(("state", p.state.word().to_owned()));
        sheet.put("process_state", "1 for the state it is in", &label, 1.0);
    }
    for host in &status.hosts {
        if let Some(up) = host.reachable {
            let label = vec![("host", host.name.to_string())];
            sheet.put("host_reachable", "The machine answers", &label, if up { 1.0 } else { 0.0 });
        }
    }
    let mode = vec![("mode", status.mode.to_string())];
    sheet.put("mode", "1 for the mode in force", &mode, 1.0);
    let mut open: BTreeMap<String, f64> =
        ["low", "medium", "high", "critical"].map(|word| (word.to_owned(), 0.0)).into();
    for alert in &whole.told.open {
        let word = format!("{:?}", alert.severity).to_lowercase();
        *open.entry(word).or_default() += 1.0;
    }
    for (severity, count) in open {
        sheet.put(
            "alerts_open",
            "Alerts that nobody acknowledged",
            &vec![("severity", severity)],
            count,
        );
    }
    if let Some(figures) = parts.switch.figures() {
        let none = Vec::new();
        sheet.put("gateway_positions", "Open positions", &none, float(figures.positions));
        if let Some(orders) = figures.orders {
            sheet.put(
                "gateway_trades",
                "Orders accepted since the gateway's start",
                &none,
                float(orders),
            );
        }
        sheet.put(
            "gateway_profit",
            "Floating profit or loss, in the account's currency",
            &none,
            scaled(figures.profit, 1e4),
        );
        sheet.put("gateway_exposure_lots", "Open volume", &none, scaled(figures.exposure, 1e8));
        sheet.put(
            "gateway_read_time_seconds",
            "When this was read",
            &none,
            figures.at.as_wire_seconds(),
        );
    }
    for gauge in parts.gauges.iter().flat_map(|gauges| gauges.gauges()) {
        sheet.put(gauge.name, gauge.help, &gauge.labels, gauge.value);
    }
    let counts = parts.hub.counts();
    sheet.put("listeners", "Who hears what happens, now", &Vec::new(), float_of(counts.listeners));
    let mut registry = sheet.registry();
    for (name, help, value) in [
        ("lines", "Lines of all processes since the start", counts.lines),
        ("lines_dropped", "Lines that a listener was too slow for", counts.dropped),
    ] {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    let mut page = String::new();
    // Writing into a string does not fail.
    let _ = encode(&mut page, &registry);
    page
}

#[expect(clippy::cast_precision_loss, reason = "figures of Prometheus are floats")]
const fn float(value: u64) -> f64 {
    value as f64
}

fn float_of(value: usize) -> f64 {
    float(u64::try_from(value).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "figures of Prometheus are floats")]
fn scaled(value: i64, by: f64) -> f64 {
    value as f64 / by
}
