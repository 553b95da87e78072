//! Sides, order kinds and what an operator may ask for.

use super::{Lots, Price, Symbol};
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
