//! What a feed counts, and when it says so.

use crate::domain::{LinkState, Text, Tick};
use crate::event::{Event, FeedReport, Sender};
use crate::wire::ticks::TickFault;

/// Counters that move are reported this often; changes of the link at once.
const REPORT_NS: u64 = 500_000_000;

/// Counters of one feed since it began.
pub(super) struct Tally {
    report: FeedReport,
    refused: [u64; TickFault::ALL.len()],
    seq: Option<u64>,
    moved: bool,
    told: u64,
    /// Of the dropped ones, those that the diagnostics know of.
    told_dropped: u64,
}

impl Tally {
    pub(super) fn new(feed: u16) -> Self {
        let report = FeedReport { feed, ..FeedReport::default() };
        let refused = [0; TickFault::ALL.len()];
        Self { report, refused, seq: None, moved: false, told: 0, told_dropped: 0 }
    }

    /// A sound tick, and the hole before it where the gateway numbers.
    pub(super) fn tick(&mut self, tick: &Tick) {
        self.report.received += 1;
        self.moved = true;
        let Some(seq) = tick.seq else { return };
        // A smaller number than before is a gateway that began anew.
        let hole =
            self.seq.and_then(|last| seq.checked_sub(last)).map_or(0, |d| d.saturating_sub(1));
        self.report.missed = self.report.missed.saturating_add(hole);
        self.seq = Some(seq);
    }

    pub(super) fn refused(&mut self, fault: TickFault) {
        self.report.received += 1;
        self.moved = true;
        if let Some(count) = self.refused.get_mut(fault.index()) {
            *count += 1;
            // The first of its kind only: every one is counted on the screen.
            if *count == 1 {
                tracing::warn!("feed {}: first message refused for: {fault}", self.report.feed);
            }
        }
    }

    pub(super) const fn dropped(&mut self, ticks: u64) {
        self.report.dropped += ticks;
        self.moved |= ticks > 0;
    }

    pub(super) const fn link(&mut self, state: LinkState) {
        self.report.link = state;
    }

    pub(super) fn rebuilt(&mut self, reason: &str) {
        self.report.rebuilds += 1;
        self.report.rebuilt_for = Text::new(reason);
    }

    /// When [`Tally::report_due`] has something to do (monotonic ns).
    pub(super) const fn due(&self) -> u64 {
        if self.moved { self.told + REPORT_NS } else { u64::MAX }
    }

    pub(super) fn report_due(&mut self, sender: &Sender, now: u64) {
        if now >= self.due() {
            self.told = now;
            let fresh = self.report.dropped - self.told_dropped;
            if fresh > 0 {
                self.told_dropped = self.report.dropped;
                tracing::warn!("feed {}: {fresh} ticks dropped, too fast", self.report.feed);
            }
            self.report(sender);
        }
    }

    pub(super) fn report(&mut self, sender: &Sender) {
        self.moved = false;
        let counted = TickFault::ALL.iter().zip(self.refused).filter(|(_, count)| *count > 0);
        self.report.refused =
            counted.map(|(fault, count)| (Text::new(&fault.to_string()), count)).collect();
        sender.send(Event::Feed(Box::new(self.report.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Price, Symbol, TickShape};
    use crate::event::{Receiver, channel_pair};

    fn numbered(seq: Option<u64>) -> Tick {
        let symbol = Symbol::new("EURUSD").unwrap();
        let price = Price::from_raw(1);
        Tick { symbol, bid: price, ask: price, time: None, seq, shape: TickShape::T7 }
    }

    fn last(receiver: &Receiver) -> FeedReport {
        match receiver.urgent.try_iter().last() {
            Some(Event::Feed(report)) => *report,
            other => panic!("no report: {other:?}"),
        }
    }

    #[test]
    fn holes_are_counted_and_restarts_are_not_holes() {
        let (sender, receiver) = channel_pair();
        let mut tally = Tally::new(0);
        for seq in [Some(5), Some(6), Some(9), None, Some(9), Some(1), Some(2), Some(4)] {
            tally.tick(&numbered(seq));
        }
        tally.report(&sender);
        let report = last(&receiver);
        assert_eq!((report.missed, report.received), (3, 8));
    }

    #[test]
    fn moving_counters_are_told_twice_a_second_and_resting_ones_not_at_all() {
        let (sender, receiver) = channel_pair();
        let mut tally = Tally::new(0);
        assert_eq!(tally.due(), u64::MAX);
        tally.refused(TickFault::Crossed);
        for ms in 0..2_000 {
            tally.refused(TickFault::BadJson);
            tally.report_due(&sender, 1_000_000_000 + ms * 1_000_000);
        }
        assert_eq!(receiver.urgent.len(), 4);
        let refused = last(&receiver).refused;
        assert_eq!(refused.get(&Text::new("crossed")), Some(&1));
        assert!(refused.get(&Text::new("bad json")) > Some(&1_000));
        assert_eq!(refused.len(), 2);
    }
}
