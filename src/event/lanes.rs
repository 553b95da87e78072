//! The lanes from the edges to the sequencer.

use super::{Event, Level, LogLine};
use crate::domain::{Text, TickBatch};
use crossbeam_channel as channel;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ticks waiting for the sequencer, in batches.
const DATA_CAPACITY: usize = 4_096;

/// Where every edge reports.
///
/// Two lanes: what concerns a kill, a key, a command or a read goes through
/// the urgent lane, which never drops; tick batches go through a bounded lane,
/// and what does not fit is counted by [`Sender::dropped_ticks`]. No send
/// ever blocks the sender.
#[derive(Clone)]
pub struct Sender {
    urgent: channel::Sender<Event>,
    data: channel::Sender<TickBatch>,
    dropped: Arc<AtomicU64>,
    tap: Option<Tap>,
}

/// Hears, on the sending thread, what goes through one tapped [`Sender`].
pub type Tap = Arc<dyn Fn(&Event) + Send + Sync>;

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

/// The sequencer's end.
#[derive(Debug)]
pub struct Receiver {
    /// Everything but ticks.
    pub urgent: channel::Receiver<Event>,
    /// Tick batches.
    pub data: channel::Receiver<TickBatch>,
}

/// A new pair.
#[must_use]
pub fn channel_pair() -> (Sender, Receiver) {
    let (urgent, urgent_rx) = channel::unbounded();
    let (data, data_rx) = channel::bounded(DATA_CAPACITY);
    let sender = Sender { urgent, data, dropped: Arc::new(AtomicU64::new(0)), tap: None };
    (sender, Receiver { urgent: urgent_rx, data: data_rx })
}

impl Sender {
    /// The same lanes, with somebody who overhears what this one sends.
    #[must_use]
    pub fn tapped(&self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self.clone() }
    }

    /// Reports anything but ticks. A receiver that is gone means that the
    /// session ends; then nobody is left to tell.
    pub fn send(&self, event: Event) {
        if let Some(tap) = &self.tap {
            tap(&event);
        }
        let _ = self.urgent.send(event);
    }

    /// Reports ticks; returns the batch when the lane is full, so that the
    /// caller may keep it and merge, or give it up with [`Sender::drop_ticks`].
    ///
    /// # Errors
    /// The batch itself, when the lane is full.
    pub fn send_ticks(&self, batch: TickBatch) -> Result<(), TickBatch> {
        match self.data.try_send(batch) {
            Ok(()) | Err(channel::TrySendError::Disconnected(_)) => Ok(()),
            Err(channel::TrySendError::Full(batch)) => Err(batch),
        }
    }

    /// Counts ticks that were given up.
    pub fn drop_ticks(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Ticks given up so far, by all feeds of this process.
    #[must_use]
    pub fn dropped_ticks(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Shorthand for a log line.
    pub fn log(&self, level: Level, source: &str, text: impl AsRef<str>) {
        self.send(Event::Log(LogLine {
            level,
            source: Text::limited(source, 24),
            text: Text::new(text.as_ref()),
            when: None,
        }));
    }
}
