//! The newest word of each consumer, until it is handed on.

use crate::domain::{Evidence, Text};
use crate::event::{Event, EvidenceReport, GatewayStatusReport, Sender};
use crate::wire::GatewayStatus;
use std::collections::BTreeMap;

/// Consumers that one endpoint may speak for.
pub(super) const CONSUMERS: usize = 16;

/// What came since the last time.
pub(super) struct Newest {
    feed: u16,
    evidence: BTreeMap<(Text, Text), Evidence>,
    status: Option<GatewayStatusReport>,
}

impl Newest {
    pub(super) const fn new(feed: u16) -> Self {
        Self { feed, evidence: BTreeMap::new(), status: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.evidence.is_empty() && self.status.is_none()
    }

    /// Keeps it, or gives the word for why not.
    pub(super) fn evidence(&mut self, said: Evidence) -> Result<(), &'static str> {
        if said.consumer.is_empty() || said.host.is_empty() {
            return Err("nameless");
        }
        let key = (said.consumer.clone(), said.host.clone());
        if self.evidence.len() >= CONSUMERS && !self.evidence.contains_key(&key) {
            return Err("too many consumers");
        }
        self.evidence.insert(key, said);
        Ok(())
    }

    pub(super) fn status(&mut self, said: GatewayStatus) {
        self.status = Some(GatewayStatusReport {
            feed: self.feed,
            gateway: said.gateway,
            killed: said.killed,
            kill_id: said.kill_id,
            orders_accepted: said.orders_accepted,
            orders_refused: said.orders_refused,
            positions: said.positions,
            pending: said.pending,
            fault: said.fault,
            said: said.time_us,
        });
    }

    pub(super) fn hand_on(&mut self, sender: &Sender) {
        for evidence in std::mem::take(&mut self.evidence).into_values() {
            let report = EvidenceReport { feed: Some(self.feed), evidence };
            sender.send(Event::Evidence(Box::new(report)));
        }
        if let Some(status) = self.status.take() {
            sender.send(Event::GatewayStatus(Box::new(status)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::channel_pair;

    fn said(consumer: &str, engaged: bool) -> Evidence {
        let (consumer, host) = (Text::new(consumer), Text::new("inf"));
        Evidence { consumer, host, engaged: Some(engaged), ..Evidence::default() }
    }

    #[test]
    fn only_the_newest_word_of_each_is_handed_on_and_only_so_many() {
        let (sender, receiver) = channel_pair();
        let mut newest = Newest::new(3);
        assert_eq!(newest.evidence(said("", true)), Err("nameless"));
        assert!(newest.is_empty());
        for _ in 0..1_000 {
            for n in 0..CONSUMERS {
                assert_eq!(newest.evidence(said(&format!("c{n:02}"), false)), Ok(()));
            }
        }
        assert_eq!(newest.evidence(said("one more", true)), Err("too many consumers"));
        assert_eq!(newest.evidence(said("c00", true)), Ok(()));
        newest.hand_on(&sender);
        let handed: Vec<Event> = receiver.urgent.try_iter().collect();
        assert_eq!(handed.len(), CONSUMERS);
        let first = EvidenceReport { feed: Some(3), evidence: said("c00", true) };
        assert_eq!(handed[0], Event::Evidence(Box::new(first)));
        assert!(newest.is_empty());
    }
}
