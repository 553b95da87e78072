//! Whether a gateway remembers a KILL_SWITCH and so refuses every order,
//! however the latch stands here. It is the gateway's own word: in each answer to
//! a heartbeat where it tells, else in its telemetry.

use super::health::of_evidence;
use super::{Freshness, GatewayWord, State};
use crate::domain::Text;

impl State {
    /// What the gateway's last answer said of a KILL_SWITCH; none while it does
    /// not answer, or does not tell.
    #[must_use]
    pub fn remembers_kill(&self, gateway: u16) -> Option<bool> {
        match self.gateway_word(gateway) {
            GatewayWord::Alive | GatewayWord::Late => self.gateway(gateway)?.report.value.killed,
            _ => None,
        }
    }

    /// Whether some gateway tells at all, as ours do and v1.0 does not.
    #[must_use]
    pub fn tells_memory(&self) -> bool {
        self.gateways.iter().any(|pane| pane.report.value.killed.is_some())
    }

    /// Gateways that refuse orders for a kill that is over here; empty under a
    /// latch that holds, where they do as they should.
    #[must_use]
    pub fn refusing(&self) -> Vec<Text> {
        if self.breaker_phase().is_engaged() {
            return Vec::new();
        }
        let count = u16::try_from(self.gateways.len()).unwrap_or(u16::MAX);
        if (0..count).any(|gateway| self.remembers_kill(gateway).is_some()) {
            let killed = (0..count).filter(|gateway| self.remembers_kill(*gateway) == Some(true));
            return killed.map(|gateway| self.gateway_name(gateway)).collect();
        }
        let believed = |at| of_evidence(self.age(at)) != Freshness::Unknown;
        let desks = self.obey.desks.values().filter(|desk| desk.value.killed && believed(desk.at));
        desks.map(|desk| desk.value.gateway.clone()).collect()
    }

    /// The same as a sentence without an end; none where nobody refuses.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let names = self.refusing();
        let verb = if names.len() == 1 {
            "remembers a kill and refuses"
        } else {
            "remember a kill and refuse"
        };
        let names: Vec<&str> = names.iter().map(Text::as_str).collect();
        (!names.is_empty()).then(|| format!("{} {verb} orders", names.join(", ")))
    }
}
