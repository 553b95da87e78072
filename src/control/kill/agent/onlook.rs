//! Orders are blocked and no kill runs: what is open is read now and then, and
//! a position that was not there before is told. Nobody is killed for it.

use super::core::Core;
use super::crew::Crew;
use crate::domain::{EngageId, Intent, KillIntent, LatchPhase, Position, Text, Ticket};
use crate::host::{Identity, clock};
use std::collections::{BTreeMap, BTreeSet};

/// A proof on demand that nobody has asked for again for so long is over.
const ASKED: u64 = 60_000_000_000;

/// What is known of each gateway.
#[derive(Debug, Default)]
pub(super) struct Onlook {
    /// Under this identity the drivers look on.
    pub id: Option<EngageId>,
    gateways: BTreeMap<Text, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What was open at the first read, and what was told since.
    tickets: Option<BTreeSet<Ticket>>,
    /// That it can't be read was told.
    blind: bool,
}

impl Onlook {
    /// Hears one read; what must be told of it.
    fn hear(&mut self, gateway: &Text, read: &Result<Vec<Position>, Text>) -> Vec<Text> {
        let known = self.gateways.entry(gateway.clone()).or_default();
        let open = match read {
            Ok(open) => open,
            Err(_) if std::mem::replace(&mut known.blind, true) => return Vec::new(),
            Err(why) => {
                let words =
                    format!("{gateway}: positions can't be read while orders are blocked: {why}");
                return vec![Text::new(&words)];
            }
        };
        known.blind = false;
        let Some(tickets) = &mut known.tickets else {
            known.tickets = Some(open.iter().map(|p| p.ticket).collect());
            return Vec::new();
        };
        let news = open.iter().filter(|p| tickets.insert(p.ticket));
        let words = news.map(|p| {
            Text::new(&format!(
                "{gateway}: position {} {} {} appeared while orders are blocked: somebody does \
                 not obey; kill or close it",
                p.ticket, p.symbol, p.lots
            ))
        });
        words.collect()
    }
}

impl<C: Crew> Core<C> {
    /// Begins to look on, or ends it, as what is in force demands.
    pub(super) fn look_on(&mut self) {
        if !self.is_only_blocked() {
            if self.onlook.id.is_some() && self.running.is_empty() && self.proving.is_none() {
                self.crew.end();
            }
            self.onlook = Onlook::default();
            return;
        }
        let now = clock::mono_ns();
        if self.proving.is_some() && now.saturating_sub(self.proof_asked_at) > ASKED {
            self.proving = None;
            self.proofs.clear();
        }
        if self.proving.is_some() || self.onlook.id.is_some() {
            return;
        }
        let intent = self.reader("looking on while orders are blocked");
        let mut all = true;
        for gateway in self.config.gateways.clone() {
            self.hire(&gateway);
            all &= self.crew.look_on(&gateway.cmd.to_string(), intent.clone());
        }
        self.onlook.id = all.then_some(intent.engage_id);
    }

    /// A block or somebody else's latch is in force, and no kill is, nor any
    /// decision that may turn out to be one.
    fn is_only_blocked(&self) -> bool {
        let by = |intent: Intent| self.active.values().any(|i| i.intent == intent);
        let foreign = self.verdict.seen.phase == LatchPhase::EngagedExternal;
        let strange = self.verdict.engaged.iter().any(|id| !self.active.contains_key(id));
        !by(Intent::Kill) && (by(Intent::Block) || (foreign && !strange)) && !self.is_settling()
    }

    /// A gateway was read and nothing else.
    pub(super) fn looked(&mut self, gateway: &Text, read: &Result<Vec<Position>, Text>) {
        if self.is_only_blocked() {
            for words in self.onlook.hear(gateway, read) {
                self.alarm(words.as_str());
            }
        }
    }

    /// What a driver is told that only reads.
    pub(super) fn reader(&self, reason: &str) -> KillIntent {
        let (latch, targets) = (&self.config.home.latch, &self.config.gateways);
        Identity::here().decide(Intent::Block, Text::new(reason), None, latch, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lots, Money, Price, Side};

    fn open(tickets: &[u64]) -> Vec<Position> {
        let one = |ticket: &u64| Position {
            ticket: Ticket(*ticket),
            symbol: Text::new("EURUSD"),
            side: Side::Buy,
            lots: Lots::parse("0.1").unwrap(),
            open: Price::parse("1.1").unwrap(),
            current: None,
            profit: Money::default(),
            sl: None,
            tp: None,
        };
        tickets.iter().map(one).collect()
    }

    #[test]
    fn what_was_not_there_at_the_first_read_is_told_once_and_so_is_a_gateway_that_is_blind() {
        let mut onlook = Onlook::default();
        let (a, b) = (Text::new("a"), Text::new("b"));
        let blind = Err(Text::new("no terminal"));
        assert_eq!(onlook.hear(&a, &blind).len(), 1);
        assert_eq!(onlook.hear(&a, &blind).len(), 0);
        assert_eq!(onlook.hear(&a, &Ok(open(&[1, 2]))).len(), 0, "the base");
        assert_eq!(onlook.hear(&b, &Ok(open(&[]))).len(), 0);
        assert_eq!(onlook.hear(&a, &blind).len(), 1, "news again");
        let told = onlook.hear(&a, &Ok(open(&[2, 7])));
        assert_eq!(
            told[0].as_str(),
            "a: position 7 EURUSD 0.1 appeared while orders are blocked: somebody does not \
             obey; kill or close it"
        );
        assert_eq!(onlook.hear(&a, &Ok(open(&[2, 7]))).len(), 0);
        assert_eq!(onlook.hear(&a, &Ok(open(&[]))).len(), 0);
        assert_eq!(onlook.hear(&a, &Ok(open(&[1, 7]))).len(), 0, "told, or there from the first");
        assert_eq!(onlook.hear(&b, &Ok(open(&[7]))).len(), 1);
    }
}
