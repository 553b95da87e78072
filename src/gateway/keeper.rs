//! The threads in the background: what ticks changed goes to disk, resets
//! are taken, telemetry goes out once a second.

use super::floor::Floor;
use super::publish::TelemetryPublisher;
use super::reset;
use crate::wire::Telemetry;
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

/// Publishes both shapes until the halt.
pub fn publish(floor: &Floor, publisher: &TelemetryPublisher) {
    loop {
        publisher.publish(&Telemetry::LatchEvidence(floor.latch.evidence()));
        publisher.publish(&Telemetry::GatewayStatus(floor.status()));
        if floor.halt.wait(PUBLISH_EVERY) {
            return;
        }
    }
}
