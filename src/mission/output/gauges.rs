//! What was read and what was lost, as figures for `/metrics`.

use super::Output;
use super::counts::Counts;
use crate::mission::parts::{Gauge, Gauges};

/// Name, what it is, and where it is counted.
type Row = (&'static str, &'static str, fn(&Counts) -> u64);

const ROWS: [Row; 6] = [
    ("output_lines", "Lines that were read of a process.", |c| c.lines),
    ("output_bytes", "Bytes that were read of a process.", |c| c.bytes),
    ("output_cut_lines", "Lines that were too long, or never ended.", |c| c.cut),
    ("output_left_out_lines", "Lines of a flood that listeners were not told.", |c| c.left_out),
    ("output_lost_lines", "Lines that the disk did not take.", |c| c.lost),
    ("output_disk_faults", "Times the disk began to take no output.", |c| c.faults),
];

impl Gauges for Output {
    fn gauges(&self) -> Vec<Gauge> {
        let counts = self.counts();
        let all = ROWS.iter().flat_map(|(name, help, of)| {
            counts.iter().map(move |(process, counts)| gauge(name, help, process, of(counts)))
        });
        let mut all: Vec<Gauge> = all.collect();
        for (process, lines, hangs) in self.disks() {
            all.push(gauge(
                "output_waiting_lines",
                "Lines that wait for the disk, now.",
                &process,
                lines,
            ));
            all.push(gauge(
                "output_disk_hangs",
                "1 while the disk does not answer, or has lost lines and not said so yet.",
                &process,
                u64::from(hangs),
            ));
        }
        all
    }
}

fn gauge(name: &'static str, help: &'static str, process: &str, count: u64) -> Gauge {
    Gauge { name, help, labels: vec![("process", process.to_owned())], value: figure(count) }
}

/// Exact up to 2^53, which no count here reaches.
#[expect(clippy::cast_precision_loss, reason = "figures of the exposition format are floats")]
const fn figure(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;
    use crate::domain::mission::LineLevel;
    use crate::mission::lines::Reads as _;
    use crate::mission::output::tests::{Heard, until};
    use crate::mission::spec::Mission;
    use std::sync::Arc;

    #[test]
    fn each_process_has_its_figures() {
        let dir = tempfile::tempdir().unwrap();
        let heard = Arc::<Heard>::default();
        let output = Output::start(&Mission::default(), dir.path(), heard, None).unwrap();
        output.note("engine", LineLevel::Info, &Text::new("word"));
        until(|| output.last() == 1, "it is read");
        until(|| output.disks().len() == 1, "it is on its way to the disk");
        let all = output.gauges();
        assert_eq!(all.len(), ROWS.len() + 2);
        let lines = all.iter().find(|gauge| gauge.name == "output_lines").unwrap();
        assert_eq!(lines.labels, [("process", String::from("engine"))]);
        assert!((lines.value - 1.0).abs() < 1e-9);
    }
}
