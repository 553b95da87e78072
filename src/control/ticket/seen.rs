//! What is known while a ticket is filled in: the screen takes it from State,
//! and leaves out what is not fresh.

use crate::domain::{Lots, Mode, Money, Price, Side, Text};

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Every gateway, by index.
    pub gateways: Vec<Text>,
    /// Which world the chosen gateway is.
    pub mode: Mode,
    /// The quote of the symbol that is typed; none when there is none.
    pub quote: Option<QuoteSeen>,
    /// The account, as read last; none when that read is not to be trusted now.
    pub account: Option<AccountSeen>,
    /// Fresh quotes of pairs of the symbol's and the account's currencies.
    pub rates: Vec<Rate>,
}

/// A quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteSeen {
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
    /// Most decimals ever seen on it.
    pub digits: u32,
    /// So many ticks were seen that the decimals can be believed.
    pub settled: bool,
    /// It is fresh: prices may be held against it.
    pub fresh: bool,
}

impl QuoteSeen {
    /// The price at which `side` opens, while it is known.
    #[must_use]
    pub fn opens(&self, side: Side) -> Option<Price> {
        self.fresh.then_some(self.to_open(side))
    }

    /// The last price at which `side` opened, however old.
    #[must_use]
    pub const fn to_open(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }

    /// The last price at which `side` closed, however old.
    #[must_use]
    pub const fn to_close(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.bid,
            Side::Sell => self.ask,
        }
    }
}

/// What matters of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSeen {
    /// Its currency, `USD`.
    pub currency: Text,
    /// As the gateway tells it; v1.0 has no key for it.
    pub leverage: Option<u32>,
    /// Equity not bound by positions.
    pub free: Option<Money>,
}

/// A fresh quote of one currency in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What is bought.
    pub base: &'static str,
    /// What it is paid in.
    pub quote: &'static str,
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
}

/// Volumes that a gateway takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotRule {
    /// Smallest volume.
    pub min: Lots,
    /// Largest volume.
    pub max: Lots,
    /// Every volume is a multiple of it.
    pub step: Lots,
}

impl LotRule {
    /// Of our own paper gateway, which documents it: 0.01 to 100 lots by 0.01.
    pub const PAPER: Self = Self {
        min: Lots::from_raw(1_000_000),
        max: Lots::from_raw(10_000_000_000),
        step: Lots::from_raw(1_000_000),
    };

    /// Where it is known: v1.0 does not tell, our own gateway is ours.
    #[must_use]
    pub const fn of(mode: Mode) -> Option<Self> {
        match mode {
            Mode::Paper | Mode::Sim | Mode::Drill => Some(Self::PAPER),
            _ => None,
        }
    }
}
