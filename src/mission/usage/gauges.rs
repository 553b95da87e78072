//! This host's figures for `/metrics`.

use super::host::{HostUsage, Rates, sample};
use crate::mission::parts::{Gauge, Gauges};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Looks anew for each question; shares are those since the question before.
#[derive(Debug)]
pub struct HostGauges {
    dir: PathBuf,
    before: Mutex<Option<HostUsage>>,
}

impl HostGauges {
    /// `dir` is where the daemon writes: its file system's room is shown.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), before: Mutex::new(None) }
    }
}

impl Gauges for HostGauges {
    fn gauges(&self) -> Vec<Gauge> {
        let now = sample(&self.dir);
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let rates = before.as_ref().and_then(|before| Rates::between(before, &now));
        let all = figures(&now, rates);
        *before = Some(now);
        all
    }
}

fn figures(now: &HostUsage, rates: Option<Rates>) -> Vec<Gauge> {
    let mut all = Vec::new();
    let mut put = |name, help, labels, value| all.push(Gauge { name, help, labels, value });
    let none = Vec::new;
    if let Some(rates) = rates {
        let percent = f64::from(rates.cpu_centi) / 100.0;
        put("host_cpu_percent", "CPU of all cores since the last look", none(), percent);
    }
    if let Some(cpu) = now.cpu {
        put("host_cores", "Cores", none(), f64::from(cpu.cores));
    }
    if let Some([one, five, fifteen]) = now.load_centi {
        for (minutes, load) in [("1", one), ("5", five), ("15", fifteen)] {
            let labels = vec![("minutes", minutes.to_owned())];
            put("host_load", "Mean of those that run or wait", labels, f64::from(load) / 100.0);
        }
    }
    if let Some(memory) = now.memory {
        put("host_memory_bytes", "Memory", none(), float(memory.total));
        let help = "Memory that can be had without swapping";
        put("host_memory_available_bytes", help, none(), float(memory.available));
        put("host_swapped_bytes", "Swap in use", none(), float(memory.swapped));
    }
    if let Some(space) = now.space {
        let help = "Room where the daemon writes";
        put("host_disk_bytes", help, none(), float(space.total));
        put("host_disk_free_bytes", "Of it, what is free", none(), float(space.free));
    }
    for disk in &now.disks {
        let labels = || vec![("disk", disk.name.clone())];
        put("host_disk_read_bytes", "Read since boot", labels(), float(disk.read));
        put("host_disk_written_bytes", "Written since boot", labels(), float(disk.written));
        let busy = float(disk.busy_ms) / 1_000.0;
        put("host_disk_busy_seconds", "Time with something to do since boot", labels(), busy);
    }
    for net in &now.nets {
        let labels = || vec![("interface", net.name.clone())];
        put("host_net_received_bytes", "Received since boot", labels(), float(net.received));
        put("host_net_sent_bytes", "Sent since boot", labels(), float(net.sent));
        let help = "Packets lost or broken since boot";
        put("host_net_lost", help, labels(), float(net.lost));
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "figures of Prometheus are floats")]
const fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_there_from_the_second_look_on() {
        let gauges = HostGauges::new(&std::env::temp_dir());
        let has = |all: &[Gauge], name: &str| all.iter().any(|gauge| gauge.name == name);
        let first = gauges.gauges();
        assert!(has(&first, "host_memory_available_bytes") && !has(&first, "host_cpu_percent"));
        std::thread::sleep(std::time::Duration::from_millis(30));
        let second = gauges.gauges();
        let cpu = second.iter().find(|gauge| gauge.name == "host_cpu_percent").unwrap();
        assert!((0.0..=100.0).contains(&cpu.value), "{cpu:?}");
    }
}
