//! Ticks on their way to the sequencer, in batches.

use crate::domain::{Heard, RawTicks, Stamp, Tick, TickBatch, UtcMicros};
use crate::event::Sender;

/// A tick after a quiet moment goes at once; one that follows closely waits
/// so long for company.
const GATHER_NS: u64 = 10_000_000;
/// Ticks kept while the sequencer's lane is full. Beyond that the oldest half
/// goes: new prices matter more.
const MOST: usize = 65_536;

/// The batch that is being gathered.
pub(super) struct Bundle {
    batch: TickBatch,
    sent: u64,
}

impl Bundle {
    pub(super) fn new(feed: u16) -> Self {
        Self { batch: TickBatch { feed, ..TickBatch::default() }, sent: 0 }
    }

    /// Adds a tick heard now, and the message behind it.
    pub(super) fn push(&mut self, tick: Tick, frames: &[&[u8]], now: impl FnOnce() -> Stamp) {
        let now = now();
        if self.batch.ticks.is_empty() {
            self.batch.base = now;
        }
        // Not where some are missing already.
        if self.batch.raw.len() == self.batch.ticks.len() {
            self.batch.raw.push(frames.iter().copied());
        }
        let after = now.since(self.batch.base).as_micros();
        let after_us = u32::try_from(after).unwrap_or(u32::MAX);
        self.batch.ticks.push(Heard { after_us, tick });
    }

    /// When [`Bundle::flush_due`] has something to do (monotonic ns).
    pub(super) const fn due(&self) -> u64 {
        if self.batch.ticks.is_empty() { u64::MAX } else { self.sent + GATHER_NS }
    }

    /// Hands the batch over when it is due; the count of ticks given up.
    pub(super) fn flush_due(&mut self, sender: &Sender, now: u64) -> u64 {
        if now >= self.due() { self.flush(sender, now) } else { 0 }
    }

    /// Hands the batch over; the count of ticks given up.
    pub(super) fn flush(&mut self, sender: &Sender, now: u64) -> u64 {
        if self.batch.ticks.is_empty() {
            return 0;
        }
        self.sent = now;
        let next = TickBatch { feed: self.batch.feed, ..TickBatch::default() };
        let Err(kept) = sender.send_ticks(std::mem::replace(&mut self.batch, next)) else {
            return 0;
        };
        self.batch = kept;
        let dropped = self.thin();
        sender.drop_ticks(dropped);
        dropped
    }

    /// Gives up the oldest half of a batch that has grown too large.
    fn thin(&mut self) -> u64 {
        if self.batch.ticks.len() < MOST {
            return 0;
        }
        let gone = self.batch.ticks.len() - MOST / 2;
        self.batch.ticks.drain(..gone);
        self.batch.raw = RawTicks::default();
        let shift = self.batch.ticks.first().map_or(0, |h| h.after_us);
        for heard in &mut self.batch.ticks {
            heard.after_us -= shift;
        }
        let Stamp { mono_ns, utc } = self.batch.base;
        let utc = UtcMicros(utc.0 + i64::from(shift));
        self.batch.base = Stamp { mono_ns: mono_ns + u64::from(shift) * 1_000, utc };
        u64::try_from(gone).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Price, Symbol, TickShape};
    use crate::event::channel_pair;

    fn tick(bid: i64) -> Tick {
        let (bid, ask) = (Price::from_raw(bid), Price::from_raw(bid + 1));
        let symbol = Symbol::new("EURUSD").unwrap();
        Tick { symbol, bid, ask, time: None, seq: None, shape: TickShape::T2 }
    }

    fn at(us: u64) -> Stamp {
        Stamp { mono_ns: us * 1_000, utc: UtcMicros(i64::try_from(us).unwrap()) }
    }

    #[test]
    fn a_lone_tick_goes_at_once_and_its_followers_together() {
        let (sender, receiver) = channel_pair();
        let mut bundle = Bundle::new(3);
        let start = 10 * GATHER_NS;
        bundle.push(tick(1), &[b"{1}"], || at(100));
        assert_eq!(bundle.flush_due(&sender, start), 0);
        bundle.push(tick(2), &[b"{2}"], || at(200));
        bundle.push(tick(3), &[b"EURUSD", b"{3}"], || at(207));
        assert_eq!(bundle.flush_due(&sender, start + 1), 0);
        assert_eq!(receiver.data.len(), 1);
        assert_eq!(bundle.due(), start + GATHER_NS);
        bundle.flush_due(&sender, start + GATHER_NS);
        let batches: Vec<TickBatch> = receiver.data.try_iter().collect();
        let shape: Vec<_> =
            batches.iter().map(|b| (b.feed, b.base.mono_ns, b.ticks.len())).collect();
        assert_eq!(shape, [(3, 100_000, 1), (3, 200_000, 2)]);
        assert_eq!(batches[1].ticks[1].after_us, 7);
        assert!(batches[1].raw.get(1).eq([&b"EURUSD"[..], b"{3}"]));
    }

    #[test]
    fn a_full_lane_keeps_the_newest_and_counts_the_rest() {
        let (sender, receiver) = channel_pair();
        let mut bundle = Bundle::new(0);
        while sender.send_ticks(TickBatch::default()).is_ok() {}
        let mut dropped = 0;
        let total = u64::try_from(MOST).unwrap() + 10;
        for i in 0..total {
            bundle.push(tick(i64::try_from(i).unwrap()), &[], || at(1_000 + i));
            dropped += bundle.flush(&sender, i);
        }
        assert!(dropped > 0 && sender.dropped_ticks() == dropped);
        receiver.data.try_recv().unwrap();
        assert_eq!(bundle.flush(&sender, 0), 0);
        let last = receiver.data.try_iter().last().unwrap();
        assert_eq!(u64::try_from(last.ticks.len()).unwrap() + dropped, total);
        assert!(last.raw.is_empty(), "messages of some of its ticks are gone");
        // Times are still those of their ticks.
        for heard in &last.ticks {
            let us = last.base.mono_ns / 1_000 + u64::from(heard.after_us);
            assert_eq!(us, 1_000 + u64::try_from(heard.tick.bid.raw()).unwrap());
        }
    }
}
