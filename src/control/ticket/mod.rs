//! The order ticket: what is typed, whether it can be an order, and what it
//! would cost.
//!
//! Pure: no clock, no socket, no State. The screen hands in what is known as
//! [`Seen`]; [`check()`] judges the [`Draft`] by it and [`Preview`] reckons. What
//! is not known stays "not known": no margin without a leverage that the
//! gateway told, no money without a lot and a rate.

pub mod check;
pub mod draft;
pub mod entry;
pub mod pair;
pub mod preview;
pub mod seen;
pub mod sums;
#[cfg(test)]
mod tests;

pub use check::{Checked, Remark, check};
pub use draft::{Draft, Field};
pub use entry::Entry;
pub use pair::Pair;
pub use preview::{Cost, Preview};
pub use seen::{AccountSeen, LotRule, QuoteSeen, Rate, Seen};

use crate::domain::{OrderTicket, Price};

/// The word that is typed where real money may move.
pub const LIVE_WORD: &str = "LIVE";

/// An order that the guard is open for, or that it let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The gateway it goes to, by its index in the settings.
    pub gateway: u16,
    /// What to open.
    pub order: OrderTicket,
    /// That real money may move was typed.
    pub live: bool,
    /// The price at which it would have opened when it was confirmed; none
    /// when no fresh quote was there.
    pub shown: Option<Price>,
    /// Decimals of the instrument's prices, as quoted.
    pub digits: u32,
}
