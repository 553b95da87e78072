//! The threads in the background: what ticks changed goes to disk, resets
//! are taken, telemetry goes out once a second and at every change.

use super::floor::Floor;
use super::publish::TelemetryPublisher;
use super::reset;
use crate::wire::{GatewayStatus, LatchEvidence, Telemetry};
use std::time::{Duration, Instant};

/// Between two looks for work.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Between two tries to write a memory that could not be written.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Between two telemetry messages of a kind.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// Writes and resets until the halt, and writes once more then.
pub fn keep(floor: &Floor) {
    let mut tried = Instant::now();
    while !floor.halt.wait(LOOK_EVERY) {
        let may_try = floor.fault().is_empty() || tried.elapsed() >= RETRY_EVERY;
        if floor.is_dirty() && may_try {
            tried = Instant::now();
            // What failed is in the fault, in the log and in telemetry.
            let _ = floor.save();
        }
        reset::take(floor);
    }
    let _ = floor.save();
}

/// Publishes both shapes until the halt: once a second, and each at once when
/// what matters in it has changed.
pub fn publish(floor: &Floor, publisher: &TelemetryPublisher) {
    let mut last: Option<(Instant, LatchEvidence, GatewayStatus)> = None;
    loop {
        let (evidence, status) = (floor.latch.evidence(), floor.status());
        let due = last.as_ref().is_none_or(|(at, ..)| at.elapsed() >= PUBLISH_EVERY);
        let (seen, stands) = last.as_ref().map_or((true, true), |(_, before, was)| {
            (sight(before) != sight(&evidence), standing(was) != standing(&status))
        });
        if due || seen {
            publisher.publish(&Telemetry::LatchEvidence(evidence.clone()));
        }
        if due || stands {
            publisher.publish(&Telemetry::GatewayStatus(status.clone()));
        }
        let at = last.filter(|_| !due).map_or_else(Instant::now, |(at, ..)| at);
        last = Some((at, evidence, status));
        if floor.halt.wait(LOOK_EVERY) {
            return;
        }
    }
}

/// What in evidence does not wait for its second.
fn sight(e: &LatchEvidence) -> impl PartialEq {
    let file = (e.dev, e.ino, e.dir_dev, e.dir_ino);
    (e.engaged, e.fault.is_empty(), file, e.last_blocked)
}

/// What in a status does not wait for its second.
fn standing(s: &GatewayStatus) -> impl PartialEq {
    (s.killed, s.kill_id.clone(), s.fault.is_empty())
}
