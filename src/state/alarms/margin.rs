//! The alarm of an account that nears its margin call.

use super::causes::Causes;
use crate::domain::Text;
use crate::state::{Freshness, GatewayPane, State};

/// One per cent of a margin level, in its raw units.
const PERCENT: i64 = 10_000;

impl State {
    /// Margin level (equity over used margin, in percent, as the gateway gives
    /// it) below a limit that was set. An account without used margin has
    /// none. Only a fresh read raises it; what nobody can read any more is no
    /// recovery.
    pub(super) fn of_the_margin(
        &self,
        causes: &mut Causes,
        index: u16,
        pane: &GatewayPane,
        name: &Text,
    ) {
        let key = format!("margin {name}");
        if self.account_freshness(index) != Freshness::Fresh {
            causes.leave_open(&key);
            return;
        }
        let Some(account) = pane.account.as_ref().map(|read| &read.value) else { return };
        let used = account.used_margin.is_some_and(|used| used.raw() > 0);
        let Some(level) = account.margin_level.filter(|_| used) else { return };
        let below = |percent: u32| level.raw() < i64::from(percent).saturating_mul(PERCENT);
        let rules = &self.session.alarms;
        let advice = "close what loses most (in Positions, `:close-position`) or pay margin in: \
                      below the call the broker closes";
        let text = |limit| format!("{name}: margin level {}%, below {limit}%", level.text(2));
        if below(rules.margin_level_alarm) {
            causes.critical(&key, &text(rules.margin_level_alarm), advice, 0);
        } else if below(rules.margin_level_warn) {
            causes.warning(&key, &text(rules.margin_level_warn), advice, 5);
        }
    }
}
