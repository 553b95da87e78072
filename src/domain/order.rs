//! Sides, order kinds and what an operator may ask for.

use super::{Lots, Price, Symbol, Text, Ticket, UtcMicros};
use serde::{Deserialize, Serialize};

/// Direction of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    /// Long: opened at the ask, closed at the bid.
    Buy,
    /// Short: opened at the bid, closed at the ask.
    Sell,
}

impl Side {
    /// `BUY` or `SELL`, as on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

/// How an order enters the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderKind {
    /// At once, at the best price.
    Market,
    /// At its price or better.
    Limit,
    /// When the market trades through its price.
    Stop,
}

/// A wish to open a position, before any gate has looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTicket {
    /// Instrument.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// Volume in lots.
    pub lots: Lots,
    /// Market, limit or stop.
    pub kind: OrderKind,
    /// Limit or stop price; none for a market order.
    pub price: Option<Price>,
    /// Stop loss.
    pub sl: Option<Price>,
    /// Take profit.
    pub tp: Option<Price>,
}

impl OrderTicket {
    /// At the market, with neither stop loss nor take profit.
    #[must_use]
    pub const fn market(symbol: Symbol, side: Side, lots: Lots) -> Self {
        let (price, sl, tp) = (None, None, None);
        Self { symbol, side, lots, kind: OrderKind::Market, price, sl, tp }
    }

    /// The wire's `type`: `BUY`, `SELL_LIMIT`, …
    #[must_use]
    pub const fn wire_type(&self) -> &'static str {
        match (self.side, self.kind) {
            (Side::Buy, OrderKind::Market) => "BUY",
            (Side::Sell, OrderKind::Market) => "SELL",
            (Side::Buy, OrderKind::Limit) => "BUY_LIMIT",
            (Side::Sell, OrderKind::Limit) => "SELL_LIMIT",
            (Side::Buy, OrderKind::Stop) => "BUY_STOP",
            (Side::Sell, OrderKind::Stop) => "SELL_STOP",
        }
    }
}

/// Who ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderBy {
    /// A person, by `crs order` or the console's ticket.
    Operator,
    /// The live engine.
    Engine,
    /// The sentinel.
    Sentinel,
    /// The signal source of `crs demo`.
    Demo,
}

impl OrderBy {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Engine => "engine",
            Self::Sentinel => "sentinel",
            Self::Demo => "demo",
        }
    }
}

/// What became of an order, as its source has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderFate {
    /// On its way, no answer yet.
    Sent,
    /// The gateway claims to have filled it.
    Done,
    /// It did not happen.
    Failed,
    /// Sent, and no answer came: it may have happened.
    Unknown,
    /// The source tells that it ordered and never what became of it.
    Untold,
}

/// One order that somebody of ours gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNews {
    /// Who.
    pub by: OrderBy,
    /// Its identity within its source; news of one order share it.
    pub id: Text,
    /// Instrument, as the source names it.
    pub symbol: Text,
    /// Direction, where the source tells.
    pub side: Option<Side>,
    /// Volume in lots, where the source tells.
    pub lots: Option<Lots>,
    /// It waits for a price: v1.0 can't tell whether it stands.
    pub pending: bool,
    /// Number at the broker, where the source tells.
    pub ticket: Option<Ticket>,
    /// Name of the gateway it went to, where the source tells: another one may
    /// give out the same number.
    #[serde(default)]
    pub gateway: Option<Text>,
    /// What became of it.
    pub fate: OrderFate,
    /// When, by the source's clock.
    pub at: Option<UtcMicros>,
}
