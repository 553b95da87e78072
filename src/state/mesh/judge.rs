//! How each part of the mesh stands, in a word, and what to do about it.

use super::super::health::of_evidence;
use super::super::obey::{self, Says};
use super::super::{FeedWord, Freshness, GatewayWord, Pulse, State, Trader};
use super::Standing;
use crate::domain::{LatchPhase, LinkState, Text};
use std::time::Duration;

/// A judgement.
pub(super) struct Found {
    pub(super) standing: Standing,
    pub(super) word: Text,
    pub(super) next: &'static str,
}

fn found(standing: Standing, word: &str, next: &'static str) -> Found {
    Found { standing, word: Text::limited(word, 40), next }
}

impl State {
    pub(super) fn heartbeat(&self, index: u16, known: bool) -> Found {
        match self.gateway_word(index) {
            GatewayWord::NotV1 => {
                found(Standing::Bad, "NOT v1.0", "something else listens: check host and port")
            }
            GatewayWord::NoAnswer if known => {
                found(Standing::Unknown, "no answer", "crs heartbeat asks once")
            }
            GatewayWord::NoAnswer => found(Standing::Unknown, "not asked yet", ""),
            GatewayWord::Alive => found(Standing::Good, "v1.0", ""),
            GatewayWord::Late => {
                found(Standing::Late, "late", "slower than it uses to be: see Lag")
            }
            GatewayWord::Down => {
                found(Standing::Bad, "DOWN", "is the gateway running? crs heartbeat")
            }
            GatewayWord::Lost => {
                found(Standing::Bad, "LOST", "is the gateway running? crs heartbeat")
            }
        }
    }

    pub(super) fn reads(&self, index: u16) -> Found {
        let worst = self.positions_freshness(index).max(self.account_freshness(index));
        let asked = self
            .gateway(index)
            .is_some_and(|pane| pane.positions.is_some() || !pane.positions_fault.is_empty());
        match worst {
            Freshness::Fresh => found(Standing::Good, "read", ""),
            Freshness::Stale => {
                found(Standing::Late, "old", "positions or account wait: see Gateway")
            }
            Freshness::Unknown if !asked => found(Standing::Unknown, "not read yet", ""),
            Freshness::Unknown => {
                found(Standing::Bad, "UNKNOWN", "positions or account can't be read: see Positions")
            }
        }
    }

    pub(super) fn latch_check(&self) -> Found {
        let phase = self.breaker_phase();
        match phase {
            LatchPhase::Safe => found(Standing::Good, phase.word(), ""),
            LatchPhase::Disarmed => {
                found(Standing::Late, phase.word(), "crs arm, when trading may go on")
            }
            LatchPhase::Blocked => found(Standing::Late, phase.word(), "crs status says why"),
            _ => found(Standing::Bad, phase.word(), "see Kill; crs reset when it is over"),
        }
    }

    /// Whether a gateway remembers a kill, by its own telemetry. Under a latch
    /// that holds it does as it should.
    pub(super) fn memory_check(&self, killed: bool, age: Duration) -> Found {
        match (killed, of_evidence(age)) {
            (_, Freshness::Unknown) => found(Standing::Unknown, "not heard", "see Who obeys"),
            (false, _) => found(Standing::Good, "none", ""),
            (true, _) if self.breaker_phase().is_engaged() => {
                found(Standing::Good, "remembered", "")
            }
            (true, _) => found(
                Standing::Bad,
                "REMEMBERED",
                "it refuses orders: crs gateway reset, on its host",
            ),
        }
    }

    /// What a consumer of the latch does with orders. The console's own word is
    /// the switch's: without a latch it may still deny them.
    pub(super) fn obeys(&self, row: &obey::Row, here: bool) -> Found {
        if row.told.is_some() && !row.alarm {
            return found(Standing::Late, "no evidence", "it runs: which latch does it watch?");
        }
        let phase = self.breaker_phase();
        match (row.alarm, row.freshness) {
            (true, _) => found(Standing::Bad, "DISOBEYS", "stop it by hand: see Who obeys"),
            (_, Freshness::Unknown) => found(Standing::Unknown, "not heard", "see Who obeys"),
            (_, Freshness::Stale) => found(Standing::Late, "late", "see Who obeys"),
            (_, Freshness::Fresh) => match row.says {
                _ if row.killed && !phase.is_engaged() => found(
                    Standing::Late,
                    "refuses",
                    "it remembers a kill: crs gateway reset, on its host",
                ),
                Says::NotEngaged if here && row.consumer.as_str() == "console" => match phase {
                    LatchPhase::Safe => found(Standing::Good, "orders pass", ""),
                    LatchPhase::Disarmed => {
                        found(Standing::Late, phase.word(), "crs arm, when trading may go on")
                    }
                    _ => found(Standing::Late, phase.word(), "crs status says why"),
                },
                Says::Engaged => found(Standing::Good, "denies orders", ""),
                Says::NotEngaged if row.killed => found(Standing::Good, "killed", ""),
                Says::NotEngaged => found(Standing::Good, "no latch seen", ""),
                Says::Doubt => found(Standing::Late, "in doubt", "it denies orders: see Who obeys"),
                Says::Nothing => found(Standing::Unknown, "says nothing", ""),
            },
        }
    }

    pub(super) fn agent_check(&self) -> Found {
        let agent = &self.agent.value;
        match (agent.present, agent.fault.is_empty()) {
            (true, _) => found(Standing::Good, "ready", ""),
            (false, true) => found(Standing::Unknown, "none met yet", ""),
            (false, false) => {
                found(Standing::Bad, "LOST", "crs doctor; a kill needs this console now")
            }
        }
    }

    /// Whether a trader works, by its own word.
    pub(super) fn trader_check(&self, trader: &Trader) -> Found {
        let status = &trader.value.status;
        if self.trader_freshness(trader) == Freshness::Unknown {
            return found(Standing::Bad, "LOST", "see on its host whether it runs");
        }
        if matches!(self.pulse(trader), Pulse::Late(_)) {
            return found(Standing::Bad, "OVERDUE", "see its log for what it waits for");
        }
        match (status.live, self.trader_freshness(trader)) {
            (_, Freshness::Stale) => found(Standing::Late, "late", "see Decisions"),
            (true, _) => found(Standing::Good, "live", ""),
            (false, _) => found(Standing::Good, "dry run", ""),
        }
    }
}

pub(super) fn link(link: LinkState, next: &'static str) -> Found {
    match link {
        LinkState::Up => found(Standing::Good, "up", ""),
        LinkState::Connecting => found(Standing::Unknown, "connecting", ""),
        LinkState::Down => found(Standing::Bad, "DOWN", next),
    }
}

pub(super) fn feed(word: FeedWord) -> Found {
    match word {
        FeedWord::Live => found(Standing::Good, "live", ""),
        FeedWord::Quiet => found(Standing::Good, "quiet", ""),
        FeedWord::Closed => found(Standing::Good, "closed", ""),
        FeedWord::Connecting => found(Standing::Unknown, "connecting", ""),
        FeedWord::Waiting => found(Standing::Unknown, "no tick yet", ""),
        FeedWord::Silent => found(Standing::Late, "silent", "does the market trade? crs ticks"),
        FeedWord::Dead => found(Standing::Bad, "DEAD", "the link is down: is the gateway running?"),
    }
}
