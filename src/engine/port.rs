//! What the engine needs of the rooms above it.

use super::Quote;
use crate::domain::{Side, Text};

/// An order that a desk is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The quote that it answers.
    pub quote: Quote,
    /// Direction.
    pub side: Side,
}

/// What a desk made of a wish. The words are for log and screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Filled, and a read of the positions agrees.
    Done(Text),
    /// It left the process, and nobody knows what became of it. It is never
    /// sent again.
    Unknown(Text),
    /// It left the process, and the gateway said no.
    Refused(Text),
    /// The gate or the arming denied it: nothing was sent.
    Denied(Text),
    /// Nothing was sent for another reason: a position is open, no gateway.
    NotSent(Text),
}

/// Where orders leave the process: once, recorded, never repeated, with a
/// permit that it takes itself and last. It may wait for the gateway.
pub trait Desk {
    /// Places one.
    fn place(&mut self, wish: &Wish) -> Placed;
}
