//! The account, as a gateway claims it.

use super::{Money, Ratio, Text};
use serde::{Deserialize, Serialize};

/// MT5's `ACCOUNT_TRADE_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeMode {
    /// 0
    Demo,
    /// 1
    Contest,
    /// 2
    Real,
    /// Anything else: treated as real.
    Other(i64),
}

impl TradeMode {
    /// From the wire's number.
    #[must_use]
    pub const fn from_wire(n: i64) -> Self {
        match n {
            0 => Self::Demo,
            1 => Self::Contest,
            2 => Self::Real,
            other => Self::Other(other),
        }
    }
}

/// A trustworthy answer to `GET_ACCOUNT_INFO`: it had a `balance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Closed profit and deposits.
    pub balance: Money,
    /// Balance plus open profit.
    pub equity: Money,
    /// Equity not bound by positions.
    pub free_margin: Option<Money>,
    /// Equity bound by positions; a proof of flat wants it to be zero.
    pub used_margin: Option<Money>,
    /// Equity over used margin in percent; none when nothing is used.
    pub margin_level: Option<Ratio>,
    /// Account currency, `USD`.
    pub currency: Text,
    /// Demo, contest or real, where the gateway says so.
    pub trade_mode: Option<TradeMode>,
    /// Server, where the gateway says so; the paper gateway names itself.
    pub server_name: Option<Text>,
    /// Account currency that one unit of margin carries, where the gateway
    /// says so; v1.0 has no such key, the paper gateway adds it.
    #[serde(default)]
    pub leverage: Option<u32>,
}
