//! The port that orders go through; `cli` implements it with the one audited
//! way of every order.

use crate::domain::{OrderTicket, Side, Symbol, Text, Ticket};
use std::time::{Duration, Instant};

/// What became of an order. Of `Denied`, `Barred`, `Held` and `NotSent` it is
/// certain that it never left; the others use up their bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacedAs {
    /// Filled, and a read of the positions agrees.
    Done,
    /// Sent, and nobody can tell what came of it; never sent again.
    Unknown,
    /// The gateway said no.
    Refused,
    /// The latch denied it.
    Denied,
    /// Something else did: real money is not armed, or it can't be put on
    /// record.
    Barred,
    /// A position of this side is open already.
    Held,
    /// It could not be sent: no gateway, no readable positions, no record.
    NotSent,
}

impl PlacedAs {
    /// As it is remembered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Denied | Self::Barred => "denied",
            Self::Held => "held",
            Self::NotSent => "not sent",
        }
    }
}

/// The end of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// How it ended.
    pub fate: PlacedAs,
    /// Number at the broker, where one is known.
    pub ticket: Option<Ticket>,
    /// In words.
    pub why: Text,
}

impl Placed {
    /// One that the broker has no number for.
    #[must_use]
    pub fn without_ticket(fate: PlacedAs, why: impl AsRef<str>) -> Self {
        Self { fate, ticket: None, why: Text::new(why.as_ref()) }
    }
}

/// Takes orders, one at a time; may wait as long as its own answers take, so
/// it is called on a thread that may.
pub trait Desk: Send + Sync + 'static {
    /// Opens `order` once, unless a position of its side is open or the
    /// positions can't be read. `intent` is told the order's identity when
    /// only the gate still stands between it and the socket, and nothing is
    /// sent when it fails. `wait` is the longest wait for each answer; nothing
    /// is sent after `done_by`, whatever held it up.
    fn open(
        &self,
        order: &OrderTicket,
        wait: Duration,
        done_by: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed;

    /// An open position of this symbol, in the broker's name, and side; none
    /// where the positions can be read and none is open. Reads only.
    ///
    /// # Errors
    /// Why they can't be read.
    fn holds(&self, symbol: Symbol, side: Side, wait: Duration) -> Result<Option<Ticket>, Text>;
}
