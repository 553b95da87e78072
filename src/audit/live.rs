//! What an arming for real money is bound to, as the log keeps it.

use super::record::ForeignLatch;
use crate::domain::{Account, EngageId, GatewayAddr, Mode, Text, TradeMode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One account behind one gateway, by everything that Protocol v1.0 says of
/// its identity; it has no login number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveAccount {
    /// Gateway's name in the configuration.
    pub gateway: Text,
    /// Its command address.
    pub address: Text,
    /// Server, where the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Text>,
    /// Account currency.
    pub currency: Text,
    /// Demo, contest or real, where the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_mode: Option<TradeMode>,
}

impl LiveAccount {
    /// What `gateway` says of its account.
    #[must_use]
    pub fn of(gateway: &GatewayAddr, account: &Account) -> Self {
        Self {
            gateway: gateway.name.clone(),
            address: Text::new(&gateway.cmd.to_string()),
            server_name: account.server_name.clone(),
            currency: account.currency.clone(),
            trade_mode: account.trade_mode,
        }
    }
}

impl fmt::Display for LiveAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server_name.as_ref().map_or("server ?", |s| s.as_str());
        let mode = self.trade_mode.map_or(Mode::LiveUnknown, |_| Mode::Live).word();
        let Self { gateway, address, currency, .. } = self;
        write!(f, "{gateway} at {address} ({server}, {currency}, {mode})")
    }
}

/// An arming for real money. It holds for this account under this
/// configuration, and as long as the log knows of no stop but these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveArming {
    /// For whom.
    pub account: LiveAccount,
    /// SHA-256 over what matters of the configuration, hexadecimal.
    pub config_sha: String,
    /// Every decision that was over by then, and every reset's own token.
    #[serde(default)]
    pub known: Vec<EngageId>,
    /// Every foreign latch that was reset by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_foreign: Vec<ForeignLatch>,
}
