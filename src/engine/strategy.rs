//! What a strategy is: a quote in, a signal out.

mod average;
mod threshold;

pub use average::MovingAverage;
pub use threshold::Threshold;

use crate::domain::{Side, Text};
use crate::engine::Quote;
use thiserror::Error;

/// What a strategy makes of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Buy at the ask.
    Buy,
    /// Sell at the bid.
    Sell,
    /// Nothing.
    Hold,
}

impl Signal {
    /// `BUY`, `SELL` or `HOLD`, as in the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::Hold => "HOLD",
        }
    }

    /// The side of the order that it asks for; none for a hold.
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Buy => Some(Side::Buy),
            Self::Sell => Some(Side::Sell),
            Self::Hold => None,
        }
    }
}

/// Why a strategy has no signal: one ERROR entry, no order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StrategyError(pub Text);

/// Makes signals of quotes; keeps what it needs of those before.
pub trait Strategy: Send {
    /// As the configuration calls it.
    fn name(&self) -> &'static str;

    /// The signal of this quote. Called only while gate 1 is open.
    ///
    /// # Errors
    /// [`StrategyError`]: the tick becomes an ERROR entry and no order.
    fn signal(&mut self, quote: &Quote) -> Result<Signal, StrategyError>;
}
