//! Fold of what the consumers of the latch say of it; [`rows`] judges it.
//!
//! Evidence is a claim of the peer that sends it. What is compared with it is
//! this process's own look, which no peer can send.

pub mod rows;

pub use rows::{Row, Says, Sees};

use super::{Aged, State};
use crate::domain::{Evidence, LinkState, Stamp};
use crate::event::{EventsReport, EvidenceReport, GatewayStatusReport, Level};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Consumers kept.
pub const MAX_CONSUMERS: usize = 32;
/// Endpoints kept.
const MAX_FEEDS: u16 = 64;

/// Who obeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obey {
    /// What was heard, in the order of the screen, bounded.
    pub consumers: Vec<Consumer>,
    /// Evidence of consumers beyond [`MAX_CONSUMERS`], which is not kept.
    pub refused: u64,
    /// This process's own look.
    pub own: Option<Aged<Evidence>>,
    /// What paper gateways say of themselves, by endpoint.
    pub desks: BTreeMap<u16, Aged<GatewayStatusReport>>,
    /// The feeds it all comes by, by endpoint.
    pub feeds: BTreeMap<u16, Aged<EventsReport>>,
    /// Since when the latch is seen engaged.
    pub engaged_since: Option<Stamp>,
}

/// The last word of one consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Endpoint it came by: two gateways of one host differ in nothing else.
    pub feed: u16,
    /// When it was heard.
    pub at: Stamp,
    /// What it said.
    pub evidence: Evidence,
    /// That it does not obey was told.
    pub alarmed: bool,
}

impl State {
    pub(super) fn on_evidence(&mut self, report: &EvidenceReport) {
        let evidence = report.evidence.clone();
        let Some(feed) = report.feed else {
            self.obey.own = Some(self.aged(evidence));
            return;
        };
        let at = self.now;
        let same = |c: &&mut Consumer| {
            c.feed == feed
                && c.evidence.consumer == evidence.consumer
                && c.evidence.host == evidence.host
        };
        if let Some(known) = self.obey.consumers.iter_mut().find(same) {
            (known.at, known.evidence) = (at, evidence);
        } else if feed < MAX_FEEDS && self.has_room() {
            let text = format!("{} on {} is heard", evidence.consumer, evidence.host);
            self.say(Level::Info, "obey", &text);
            let consumer = Consumer { feed, at, evidence, alarmed: false };
            self.obey.consumers.push(consumer);
            self.obey.consumers.sort_by_key(rows::order);
        } else {
            self.obey.refused = self.obey.refused.saturating_add(1);
        }
        self.watch_obedience();
    }

    /// Whether one more can be kept, once who went silent longest is gone.
    fn has_room(&mut self) -> bool {
        if self.obey.consumers.len() < MAX_CONSUMERS {
            return true;
        }
        let silent = |c: &Consumer| self.evidence_freshness(c) == super::Freshness::Unknown;
        let all = self.obey.consumers.iter().enumerate().filter(|(_, c)| silent(c));
        let Some((at, _)) = all.min_by_key(|(_, c)| c.at.mono_ns) else { return false };
        self.obey.consumers.remove(at);
        true
    }

    pub(super) fn on_gateway_status(&mut self, report: &GatewayStatusReport) {
        if report.feed < MAX_FEEDS {
            let next = self.aged(report.clone());
            self.obey.desks.insert(report.feed, next);
        }
    }

    pub(super) fn on_events(&mut self, report: &EventsReport) {
        if report.feed >= MAX_FEEDS {
            return;
        }
        let next = self.aged(report.clone());
        let before = self.obey.feeds.insert(report.feed, next).map(|b| b.value);
        let at = &report.endpoint;
        if before.as_ref().map_or(LinkState::Connecting, |b| b.link) != report.link {
            match report.link {
                LinkState::Up => self.say(Level::Info, "events", &format!("{at}: link up")),
                LinkState::Down => self.say(Level::Warn, "events", &format!("{at}: link down")),
                LinkState::Connecting => {}
            }
        }
        if report.rebuilds > before.map_or(0, |b| b.rebuilds) {
            let text = format!("{at}: socket rebuilt: {}", report.rebuilt_for);
            self.say(Level::Info, "events", &text);
        }
    }

    /// Tells once of each consumer that does not obey a latch that holds.
    pub(super) fn watch_obedience(&mut self) {
        let loud: Vec<bool> = self.obey.consumers.iter().map(|c| self.disobeys(c)).collect();
        let mut told = Vec::new();
        for (consumer, loud) in self.obey.consumers.iter_mut().zip(loud) {
            let was = std::mem::replace(&mut consumer.alarmed, loud);
            if loud && !was {
                told.push(format!(
                    "{} on {} says NOT ENGAGED while the latch holds",
                    consumer.evidence.consumer, consumer.evidence.host
                ));
            }
        }
        for text in told {
            self.say(Level::Alarm, "obey", &text);
        }
    }
}
