//! Which world the screen shows.

use super::{Account, TradeMode};
use serde::{Deserialize, Serialize};

/// How our own paper gateway begins its `server_name`.
pub const PAPER_SERVER_PREFIX: &str = "crs-paper";
/// How it begins while its ticks come from the simulator.
pub const SIM_SERVER_PREFIX: &str = "crs-paper-sim";

/// The mode word of the truth strip. They can't be mistaken for each other:
/// each has its own word, and what is unknown counts as live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `crs demo`: everything embedded.
    Sim,
    /// Our paper gateway.
    Paper,
    /// A broker's demo account (`trade_mode` 0 or 1).
    DemoAccount,
    /// Real money (`trade_mode` 2).
    Live,
    /// Nobody said which: treated as live.
    #[default]
    LiveUnknown,
    /// A rehearsal of the kill.
    Drill,
    /// A recording.
    Replay,
}

impl Mode {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "SIM",
            Self::Paper => "PAPER",
            Self::DemoAccount => "DEMO ACCT",
            Self::Live => "LIVE",
            Self::LiveUnknown => "LIVE?",
            Self::Drill => "DRILL",
            Self::Replay => "REPLAY",
        }
    }

    /// What an account's own words make of it.
    #[must_use]
    pub fn of_account(account: &Account) -> Self {
        // A claim of real money outranks any name a server gives itself.
        match account.trade_mode {
            Some(TradeMode::Real | TradeMode::Other(_)) => return Self::Live,
            Some(TradeMode::Demo | TradeMode::Contest) | None => {}
        }
        let server = account.server_name.as_ref().map_or("", |s| s.as_str());
        if server.starts_with(PAPER_SERVER_PREFIX) {
            Self::Paper
        } else if account.trade_mode.is_some() {
            Self::DemoAccount
        } else {
            Self::LiveUnknown
        }
    }

    /// Whether real money may move.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::LiveUnknown)
    }
}
