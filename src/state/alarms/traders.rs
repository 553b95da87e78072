//! Alarms of automatic traders: only what asks for an act.
//!
//! What does not belong here: a cycle that was skipped, an order that was
//! refused, a dry run; Decisions has those.

use super::causes::Causes;
use crate::event::LinkState;
use crate::state::traders::{Pulse, Trader};
use crate::state::{Freshness, State};
use std::time::Duration;

/// What a trader lost is told for so long after it grew.
const TOLD: Duration = Duration::from_mins(1);

impl State {
    pub(super) fn of_the_traders(&self, causes: &mut Causes) {
        for trader in &self.traders {
            let status = &trader.value.status;
            let id = format!("{}@{} {}", status.source.word(), status.host, status.pid);
            self.of_its_orders(causes, trader, &id);
            self.of_its_silence(causes, trader, &id);
            self.of_its_money(causes, trader, &id);
            self.of_what_was_missed(causes, trader, &id);
            if self.loses(trader, TOLD) {
                let text = format!("{} lost {} entries so far", trader.name(), status.lost);
                let advice = "make room on its disk, or end what reads its telemetry slowly; what \
                              was lost stays missing in Decisions";
                causes.warning(&format!("entries {id}"), &text, advice, 0);
            }
        }
    }

    /// What it told and this console never heard.
    fn of_what_was_missed(&self, causes: &mut Causes, trader: &Trader, id: &str) {
        if self.misses(trader, TOLD) {
            let missed = self.missed(trader);
            let text = format!("{} told {missed} decisions that never came", trader.name());
            let advice = "its own log has them (`decision_logs` shows it here too); the line, or \
                          this host, was too slow for its telemetry";
            causes.warning(&format!("missed {id}"), &text, advice, 0);
        }
    }

    fn of_its_orders(&self, causes: &mut Causes, trader: &Trader, id: &str) {
        let status = &trader.value.status;
        let key = format!("orders {id}");
        let orders = self.orders_under_latch(trader);
        if orders > 0 {
            let how = if status.live { "" } else { "dry " };
            let says = if status.safe { ", and says that they pass" } else { "" };
            let text = format!("{} made {orders} {how}orders under the latch{says}", trader.name());
            let advice = "stop that program on its host by hand; `:who-obeys` shows which latch \
                          it looks at";
            if status.live {
                causes.critical(&key, &text, advice, 0);
            } else {
                causes.warning(&key, &text, advice, 0);
            }
        }
    }

    /// Real money moves by it, and no operator of this host armed that.
    fn of_its_money(&self, causes: &mut Causes, trader: &Trader, id: &str) {
        let status = &trader.value.status;
        let unarmed = self.armed.is_some_and(|armed| armed.accounts == Some(0));
        let passes = status.live && status.safe && self.is_here(&status.host);
        let key = format!("live {id}");
        if self.trader_freshness(trader) == Freshness::Unknown {
            causes.leave_open(&key);
        } else if passes && unarmed && self.mode().is_live() {
            let (name, mode) = (trader.name(), self.mode().word());
            let text = format!("{name} says that orders pass, {mode}, and LIVE is not armed here");
            let advice = "if that is meant, `crs arm --live`; if not, `:block`, and stop that \
                          program by hand";
            causes.critical(&key, &text, advice, 2);
        }
    }

    fn of_its_silence(&self, causes: &mut Causes, trader: &Trader, id: &str) {
        let status = &trader.value.status;
        let (lost, late) = (format!("trader {id}"), format!("cycle {id}"));
        // A link that is down has an alarm of its own, and hides whether the
        // trader goes on.
        let link = self.obey.feeds.get(&trader.value.feed).map(|feed| feed.value.link);
        if link.is_some_and(|link| link != LinkState::Up) {
            causes.leave_open(&lost);
            causes.leave_open(&late);
            return;
        }
        if self.trader_freshness(trader) == Freshness::Unknown {
            let text = format!("{} says nothing any more, pid {}", trader.name(), status.pid);
            let advice = "see on its host whether it runs; what it opened stays open: \
                          `:pane positions`";
            if status.live {
                causes.critical(&lost, &text, advice, 0);
            } else {
                causes.warning(&lost, &text, advice, 0);
            }
            causes.leave_open(&late);
            return;
        }
        if let Pulse::Late(by) = self.pulse(trader) {
            let minutes = by.as_secs() / 60;
            let text = format!("{}: its next cycle is {minutes} min overdue", trader.name());
            let advice = "see its log for what it waits for (market data, model, gateway); until \
                          then nothing tends its positions: `:pane positions`";
            causes.warning(&late, &text, advice, 0);
        }
    }
}
