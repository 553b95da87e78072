//! A session by hand: what the sequencer and the loop do.

use crs::domain::{Stamp, Text, UtcMicros};
use crs::event::{Event, Level, LogLine, Receiver, RecordingReport, Stamped, channel_pair};
use crs::journal::{Journal, Recorder, RingConfig, Running, ring};
use crs::state::State;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest wait for a recorder.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Something else each time, and now and then much of it.
pub fn record(seq: u64) -> Stamped {
    let us = i64::try_from(seq).unwrap() * 10_000;
    let at = Stamp { mono_ns: seq * 10_000_000, utc: UtcMicros(1_768_399_018_000_000 + us) };
    let text =
        Text::new(&format!("line {seq} {}", "x".repeat(usize::try_from(seq % 300).unwrap())));
    let line = LogLine { level: Level::Info, source: Text::new("test"), text, when: None };
    let event = if seq.is_multiple_of(3) { Event::Beat } else { Event::Log(line) };
    Stamped { seq, at, event }
}

/// A ring that hands over at once.
pub fn config(dir: &Path) -> RingConfig {
    RingConfig { flush: Duration::from_millis(10), ..RingConfig::new(dir.to_owned()) }
}

/// Recorder and State.
pub struct Desk {
    pub recorder: Recorder,
    pub running: Running,
    receiver: Receiver,
    pub state: State,
    pub reports: Vec<RecordingReport>,
    /// What comes next.
    pub make: fn(u64) -> Stamped,
    /// Records between two looks.
    pub pace: u64,
}

impl Desk {
    pub fn open(config: RingConfig) -> Self {
        let (sender, receiver) = channel_pair();
        let (recorder, running) = Recorder::start(config, sender).unwrap();
        let (state, reports) = (State::default(), Vec::new());
        Self { recorder, running, receiver, state, reports, make: record, pace: 1 }
    }

    pub fn put(&mut self, count: u64) {
        for _ in 0..count {
            let record = (self.make)(self.state.seq + 1);
            self.recorder.record(&record);
            self.state.apply(&record).unwrap();
            if self.recorder.wants_whole() {
                self.recorder.whole(&self.state);
            }
        }
    }

    /// Puts some now and then until `done`.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < end, "{what}: {:?}", self.reports);
            self.put(self.pace);
            for event in self.receiver.urgent.try_iter() {
                if let Event::Recording(report) = event {
                    self.reports.push(*report);
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn last(&self) -> &RecordingReport {
        self.reports.last().unwrap()
    }

    pub fn end(self) -> (ring::Session, State) {
        let session = self.recorder.session().clone();
        assert!(self.running.stop(LIMIT));
        (session, self.state)
    }
}
