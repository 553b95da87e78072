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
    /// Bytes as they came, of quotes that don't say them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<RawTick>,
}

/// The message behind one quote of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawTick {
    /// Place of its quote in [`TickBatch::ticks`], from 0.
    pub index: u32,
    /// Its frames, as bytes.
    pub frames: Vec<Vec<u8>>,
}
