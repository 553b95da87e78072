//! What is open, as a gateway claims it.

use super::{Lots, Money, Price, Side, Text};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A position's number at the broker.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Ticket(pub u64);

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One open position. The symbol is plain text here: a position whose name
/// is no valid symbol is still a risk and must never be dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Number at the broker.
    pub ticket: Ticket,
    /// Instrument.
    pub symbol: Text,
    /// Long or short.
    pub side: Side,
    /// Volume.
    pub lots: Lots,
    /// Price it was opened at.
    pub open: Price,
    /// Price it would be closed at, when the peer says so.
    pub current: Option<Price>,
    /// Profit in the account's currency.
    pub profit: Money,
    /// Stop loss, where the gateway adds it.
    pub sl: Option<Price>,
    /// Take profit, where the gateway adds it.
    pub tp: Option<Price>,
}
