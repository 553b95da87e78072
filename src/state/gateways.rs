//! Fold of links, heartbeats and reads: one [`GatewayPane`] per gateway.

use super::lag::Series;
use super::quotes::Meter;
use super::{Aged, Freshness, State};
use crate::domain::{Account, Mode, Position, Stamp, Text};
use crate::event::{
    AccountRead, FeedReport, Fingerprint, GatewayReport, GatewayStatusReport, Level, LinkState,
    PositionsRead, Read,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Gateways beyond the session's own are kept up to this index; a record that
/// names a higher one is a fault of its writer and is ignored.
const MAX_GATEWAYS: u16 = 64;
/// An account's word on what kind of money it holds stands this long.
const MODE_STANDS: Duration = Duration::from_mins(1);

/// One gateway: link, feed, account, positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayPane {
    /// The last heartbeat's outcome.
    pub report: Aged<GatewayReport>,
    /// When a heartbeat was last answered well.
    pub alive: Option<Stamp>,
    /// The feed's link and counters.
    pub feed: Aged<FeedReport>,
    /// When the last tick of this feed came.
    pub last_tick: Option<Stamp>,
    /// Ticks per second over the last whole second.
    pub tick_rate: u32,
    /// Counts the second that is not whole yet.
    pub meter: Meter,
    /// The last good read of the positions; its age is that of the request.
    pub positions: Option<Aged<Vec<Position>>>,
    /// Why the newest read of the positions failed, empty when it did not.
    pub positions_fault: Text,
    /// The last good read of the account.
    pub account: Option<Aged<Account>>,
    /// Why the newest read of the account failed, empty when it did not.
    pub account_fault: Text,
    /// What kind of money it holds, and when it said so; forgotten when its
    /// link was lost, since another peer may answer there now.
    pub claimed_mode: Option<Aged<Mode>>,
    /// When its positions were last compared with what was ordered.
    #[serde(default)]
    pub compared: Option<Stamp>,
    /// Round trips of its own heartbeats: what is this gateway's habit is no
    /// other one's.
    #[serde(default)]
    pub rtt: Series,
}

impl GatewayPane {
    /// The mode its account claims, `LiveUnknown` without a fresh claim.
    #[must_use]
    pub fn mode(&self, now: Stamp) -> Mode {
        match &self.claimed_mode {
            Some(claim) if now.since(claim.at) <= MODE_STANDS => claim.value,
            _ => Mode::LiveUnknown,
        }
    }

    /// How the feed's link stands: a tick that came after the last report is
    /// the better witness.
    #[must_use]
    pub fn feed_link(&self) -> LinkState {
        let reported = self.feed.at.mono_ns;
        match self.last_tick {
            Some(last) if last.mono_ns > reported => LinkState::Up,
            _ => self.feed.value.link,
        }
    }

    /// The gateway's own words, empty while nothing is wrong with it.
    #[must_use]
    pub fn fault(&self) -> &Text {
        &self.report.value.fault
    }
}

impl State {
    /// One gateway's pane.
    #[must_use]
    pub fn gateway(&self, index: u16) -> Option<&GatewayPane> {
        self.gateways.get(usize::from(index))
    }

    /// Its name from the configuration, `#3` when that does not know it.
    #[must_use]
    pub fn gateway_name(&self, index: u16) -> Text {
        self.session
            .gateways
            .get(usize::from(index))
            .map_or_else(|| Text::new(&format!("#{index}")), |g| g.name.clone())
    }

    /// What the paper gateway of this index says of itself by telemetry: the one
    /// of its name, or the only one there is.
    #[must_use]
    pub fn desk(&self, index: u16) -> Option<&Aged<GatewayStatusReport>> {
        let (name, mut desks) = (self.gateway_name(index), self.obey.desks.values());
        let only = self.gateways.len() == 1 && self.obey.desks.len() == 1;
        desks.find(|desk| only || desk.value.gateway == name)
    }

    /// Whether its word about itself may be believed.
    #[must_use]
    pub fn desk_freshness(&self, desk: &Aged<GatewayStatusReport>) -> Freshness {
        super::health::of_evidence(self.age(desk.at))
    }

    pub(super) fn gateway_mut(&mut self, index: u16) -> Option<&mut GatewayPane> {
        let at = usize::from(index);
        if index < MAX_GATEWAYS && self.gateways.len() <= at {
            self.gateways.resize_with(at + 1, GatewayPane::default);
        }
        self.gateways.get_mut(at)
    }

    pub(super) fn on_feed(&mut self, report: &FeedReport) {
        let next = self.aged(report.clone());
        let Some(pane) = self.gateway_mut(report.feed) else { return };
        let before = std::mem::replace(&mut pane.feed, next).value;
        let name = self.gateway_name(report.feed);
        if before.link != report.link {
            match report.link {
                LinkState::Up => self.say(Level::Info, "feed", &format!("{name}: link up")),
                LinkState::Down => self.say(Level::Warn, "feed", &format!("{name}: link down")),
                LinkState::Connecting => {}
            }
        }
        if report.rebuilds > before.rebuilds {
            let why = format!("{name}: socket rebuilt: {}", report.rebuilt_for);
            self.say(Level::Info, "feed", &why);
        }
        if report.dropped > 0 && before.dropped == 0 {
            let text = format!("{name}: ticks come faster than they can be taken; some dropped");
            self.say(Level::Warn, "feed", &text);
        }
    }

    /// The polls tell the log what a heartbeat meant; here it is only kept.
    pub(super) fn on_heartbeat(&mut self, report: &GatewayReport) {
        let now = self.now;
        let next = self.aged(report.clone());
        let Some(pane) = self.gateway_mut(report.gateway) else { return };
        let before = std::mem::replace(&mut pane.report, next).value;
        let good = report.fingerprint == Fingerprint::V1 && report.rtt_us.is_some();
        if good {
            pane.alive = Some(now);
        }
        if let (true, Some(rtt)) = (good, report.rtt_us) {
            pane.rtt.record(rtt);
        }
        let returned = before.link == LinkState::Down && report.link != LinkState::Down;
        if returned || report.fingerprint == Fingerprint::NotV1 {
            pane.claimed_mode = None;
        }
        if let (true, Some(rtt)) = (good, report.rtt_us) {
            self.lag.heartbeat.record(rtt);
        }
    }

    pub(super) fn on_positions(&mut self, read: &PositionsRead) {
        let Some(pane) = self.gateway_mut(read.gateway) else { return };
        let newest = pane.positions.as_ref().is_none_or(|p| p.at.mono_ns <= read.asked.mono_ns);
        let fault = match &read.read {
            Read::Good(list) if newest => {
                pane.positions = Some(Aged { at: read.asked, value: list.clone() });
                Text::default()
            }
            // The answer to an older question proves nothing new.
            Read::Good(_) => return,
            Read::Fault(cause) => told(cause),
        };
        let before = std::mem::replace(&mut pane.positions_fault, fault.clone());
        self.say_read(read.gateway, "positions", &before, &fault);
        self.compare(read);
    }

    pub(super) fn on_account(&mut self, read: &AccountRead) {
        let Some(pane) = self.gateway_mut(read.gateway) else { return };
        let newest = pane.account.as_ref().is_none_or(|a| a.at.mono_ns <= read.asked.mono_ns);
        let fault = match &read.read {
            Read::Good(account) if newest => {
                let mode = Mode::of_account(account);
                pane.claimed_mode = Some(Aged { at: read.asked, value: mode });
                pane.account = Some(Aged { at: read.asked, value: account.clone() });
                Text::default()
            }
            Read::Good(_) => return,
            Read::Fault(cause) => told(cause),
        };
        let before = std::mem::replace(&mut pane.account_fault, fault.clone());
        self.say_read(read.gateway, "account", &before, &fault);
    }

    fn say_read(&mut self, index: u16, what: &str, before: &Text, fault: &Text) {
        let name = self.gateway_name(index);
        match (before.is_empty(), fault.is_empty()) {
            (true, false) => {
                self.say(Level::Warn, "read", &format!("{name}: {what} unknown: {fault}"));
            }
            (false, true) => {
                self.say(Level::Info, "read", &format!("{name}: {what} known again"));
            }
            _ => {}
        }
    }
}

/// A fault without words must still be one.
fn told(cause: &Text) -> Text {
    if cause.is_empty() { Text::new("no reason given") } else { cause.clone() }
}
