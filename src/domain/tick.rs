//! Quotes as they were heard.

use super::{Price, Stamp, Symbol};
use serde::{Deserialize, Serialize};

/// Which of the seven shapes on port 5556 a tick came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TickShape {
    /// One frame, `time` in integer ms of the broker's clock.
    T1,
    /// One frame without a time.
    T2,
    /// Two frames, topic `EURUSD`, fields may be null.
    T3,
    /// Two frames, topic `tick.EURUSD`.
    T4,
    /// One frame, `EURUSD {json}`, naive local ISO-8601 time.
    T5,
    /// One frame with volume and spread, float seconds.
    T6,
    /// One frame, float seconds: what the documents' gateway publishes.
    T7,
}

/// The time a peer claims for a tick, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerTime {
    /// Since the epoch on the peer's clock, which is often not UTC.
    Epoch(i64),
    /// A local wall clock without a zone, read as if it were UTC.
    Naive(i64),
}

/// One quote. Bid and ask are both above zero and `bid <= ask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Instrument.
    pub symbol: Symbol,
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
    /// The peer's claim, absent in T2: its lag is unknown, never zero.
    pub time: Option<PeerTime>,
    /// Sequence number, which only our own gateway adds.
    pub seq: Option<u64>,
    /// How it was written.
    pub shape: TickShape,
}

/// A tick and when it was received, in microseconds after its batch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Microseconds after [`TickBatch::base`].
    pub after_us: u32,
    /// The quote.
    pub tick: Tick,
}

/// Ticks drained from one feed in one go, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickBatch {
    /// Index of the feed in the configuration.
    pub feed: u16,
    /// When the first of them was received.
    pub base: Stamp,
    /// The quotes.
    pub ticks: Vec<Heard>,
    /// The messages behind them.
    #[serde(default, skip_serializing_if = "RawTicks::is_empty")]
    pub raw: RawTicks,
}

/// The messages behind the quotes of a batch, as they came: of all of them,
/// or of none where nobody kept them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawTicks {
    /// All frames, one after the other.
    bytes: Vec<u8>,
    /// Where each frame ends in `bytes`.
    ends: Vec<u32>,
    /// Where each message ends in `ends`.
    messages: Vec<u32>,
}

impl RawTicks {
    /// Adds the message behind the next quote.
    pub fn push<'a>(&mut self, frames: impl IntoIterator<Item = &'a [u8]>) {
        for frame in frames {
            self.bytes.extend_from_slice(frame);
            self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        }
        self.messages.push(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
    }

    /// Messages kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.messages.len()
    }

    /// Nobody kept them.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The frames of message `index`, from 0; none where it was not kept.
    pub fn get(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let end = |list: &[u32], index: usize| {
            index.checked_sub(1).and_then(|at| list.get(at)).map_or(0, |end| *end as usize)
        };
        let to = if index < self.messages.len() { end(&self.messages, index + 1) } else { 0 };
        let from = end(&self.messages, index).min(to);
        (from..to).filter_map(move |frame| {
            self.bytes.get(end(&self.ends, frame)..end(&self.ends, frame + 1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_kept_frame_by_frame() {
        let mut raw = RawTicks::default();
        assert!(raw.is_empty() && raw.get(0).next().is_none());
        let messages: [&[&[u8]]; 4] = [&[b"EURUSD", b"{}"], &[], &[b""], &[b"{1}"]];
        for message in messages {
            raw.push(message.iter().copied());
        }
        assert_eq!(raw.len(), 4);
        for (index, message) in messages.iter().enumerate() {
            assert!(raw.get(index).eq(message.iter().copied()), "{index}");
        }
        assert!(raw.get(4).next().is_none());
    }
}
