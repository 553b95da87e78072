//! What an events feed counts, and when it says so.

use crate::domain::{Endpoint, LinkState, Text};
use crate::event::{Event, EventsReport, Sender};

/// Counters that move are reported this often; changes of the link at once.
const REPORT_NS: u64 = 1_000_000_000;

/// Counters of one feed since it began.
pub(super) struct Tally {
    report: EventsReport,
    moved: bool,
    told: u64,
}

impl Tally {
    pub(super) fn new(feed: u16, endpoint: &Endpoint) -> Self {
        let endpoint = Text::new(&endpoint.to_string());
        let report = EventsReport { feed, endpoint, ..EventsReport::default() };
        Self { report, moved: false, told: 0 }
    }

    pub(super) const fn received(&mut self) {
        self.report.received = self.report.received.saturating_add(1);
        self.moved = true;
    }

    /// Counts under `cause`, a word of ours; of each only the first is told.
    pub(super) fn refused(&mut self, cause: &'static str, why: &str) {
        let count = self.report.refused.entry(Text::new(cause)).or_insert(0);
        *count = count.saturating_add(1);
        if *count == 1 {
            let at = &self.report.endpoint;
            tracing::warn!("events {at}: first message refused for: {cause}: {why}");
        }
    }

    pub(super) const fn link(&mut self, state: LinkState) {
        self.report.link = state;
    }

    pub(super) fn rebuilt(&mut self, reason: &str) {
        self.report.rebuilds = self.report.rebuilds.saturating_add(1);
        self.report.rebuilt_for = Text::new(reason);
    }

    /// When [`Tally::report_due`] has something to do (monotonic ns).
    pub(super) const fn due(&self) -> u64 {
        if self.moved { self.told + REPORT_NS } else { u64::MAX }
    }

    pub(super) fn report_due(&mut self, sender: &Sender, now: u64) {
        if now >= self.due() {
            self.told = now;
            self.report(sender);
        }
    }

    pub(super) fn report(&mut self, sender: &Sender) {
        self.moved = false;
        sender.send(Event::Events(Box::new(self.report.clone())));
    }
}
