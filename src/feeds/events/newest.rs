//! The newest word of each consumer, until it is handed on.

use super::HeadTap;
use crate::domain::{AuditHead, Decision, DecisionSource, Evidence, Text, TraderStatus};
use crate::event::{Event, EvidenceReport, GatewayStatusReport, Sender, TraderReport};
use crate::wire::GatewayStatus;
use std::collections::BTreeMap;

/// Consumers that one endpoint may speak for.
pub(super) const CONSUMERS: usize = 16;

/// Audit chains that one endpoint may speak for at a time.
pub(super) const CHAINS: usize = 256;

/// What came since the last time.
pub(super) struct Newest {
    feed: u16,
    evidence: BTreeMap<(Text, Text), Evidence>,
    status: Option<GatewayStatusReport>,
    heads: BTreeMap<(Text, Text), AuditHead>,
    traders: BTreeMap<(DecisionSource, Text, u64), TraderStatus>,
}

impl Newest {
    pub(super) const fn new(feed: u16) -> Self {
        Self {
            feed,
            evidence: BTreeMap::new(),
            status: None,
            heads: BTreeMap::new(),
            traders: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.evidence.is_empty()
            && self.status.is_none()
            && self.heads.is_empty()
            && self.traders.is_empty()
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

    /// Keeps it, or gives the word for why not.
    pub(super) fn head(&mut self, told: AuditHead) -> Result<(), &'static str> {
        let told = told.in_words();
        let key = (told.host.clone(), told.chain.clone());
        if self.heads.len() >= CHAINS && !self.heads.contains_key(&key) {
            return Err("too many chains");
        }
        self.heads.insert(key, told);
        Ok(())
    }

    /// Keeps it, or gives the word for why not.
    pub(super) fn trader(&mut self, said: TraderStatus) -> Result<(), &'static str> {
        if said.host.is_empty() {
            return Err("nameless");
        }
        let key = (said.source, said.host.clone(), said.pid);
        if self.traders.len() >= CONSUMERS && !self.traders.contains_key(&key) {
            return Err("too many traders");
        }
        self.traders.insert(key, said);
        Ok(())
    }

    /// Hands on what waits of the trader of `decision`.
    pub(super) fn before(&mut self, decision: &Decision, sender: &Sender) {
        let Some(pid) = decision.pid.filter(|_| !self.traders.is_empty()) else { return };
        let key = (decision.source, decision.host.clone(), pid);
        if let Some(status) = self.traders.remove(&key) {
            let report = TraderReport { feed: self.feed, status };
            sender.send(Event::Trader(Box::new(report)));
        }
    }

    pub(super) fn hand_on(&mut self, sender: &Sender, heads: &HeadTap) {
        for head in std::mem::take(&mut self.heads).into_values() {
            heads(head);
        }
        for evidence in std::mem::take(&mut self.evidence).into_values() {
            let report = EvidenceReport { feed: Some(self.feed), evidence };
            sender.send(Event::Evidence(Box::new(report)));
        }
        for status in std::mem::take(&mut self.traders).into_values() {
            let report = TraderReport { feed: self.feed, status };
            sender.send(Event::Trader(Box::new(report)));
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
    use std::sync::Arc;

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
        let none: HeadTap = Arc::new(|head| assert_eq!(head, AuditHead::default()));
        newest.hand_on(&sender, &none);
        let handed: Vec<Event> = receiver.urgent.try_iter().collect();
        assert_eq!(handed.len(), CONSUMERS);
        let first = EvidenceReport { feed: Some(3), evidence: said("c00", true) };
        assert_eq!(handed[0], Event::Evidence(Box::new(first)));
        assert!(newest.is_empty());
    }

    #[test]
    fn a_traders_word_is_not_overtaken_by_its_decision() {
        let (sender, receiver) = channel_pair();
        let mut newest = Newest::new(3);
        let word = |pid, told| TraderStatus {
            host: Text::new("inf"),
            pid,
            told,
            ..TraderStatus::default()
        };
        for told in 1..=5 {
            newest.trader(word(7, told)).unwrap();
            newest.trader(word(8, told)).unwrap();
        }
        let of = |pid| Decision { host: Text::new("inf"), pid, ..Decision::default() };
        for pid in [None, Some(9), Some(7), Some(7)] {
            newest.before(&of(pid), &sender);
        }
        let handed: Vec<Event> = receiver.urgent.try_iter().collect();
        let report = TraderReport { feed: 3, status: word(7, 5) };
        assert_eq!(handed, [Event::Trader(Box::new(report))]);
        assert!(!newest.is_empty(), "another's word may wait");
    }

    #[test]
    fn heads_go_to_their_keeper_the_newest_of_each_chain_and_only_so_many() {
        let (sender, receiver) = channel_pair();
        let mut newest = Newest::new(3);
        let head = |chain: usize, n| AuditHead {
            chain: Text::new(&format!("{chain:03}")),
            n,
            ..AuditHead::default()
        };
        for n in 0..10 {
            (0..CHAINS).for_each(|chain| assert_eq!(newest.head(head(chain, n)), Ok(())));
        }
        assert_eq!(newest.head(head(CHAINS, 0)), Err("too many chains"));
        let (keeper, kept) = crossbeam_channel::unbounded();
        let tap: HeadTap = Arc::new(move |head| keeper.send(head).unwrap());
        newest.hand_on(&sender, &tap);
        let kept: Vec<AuditHead> = kept.try_iter().collect();
        assert!(kept.len() == CHAINS && kept.iter().all(|head| head.n == 9));
        assert_eq!(receiver.urgent.try_iter().count(), 0, "State shows no heads");
        assert!(newest.is_empty());
    }
}
