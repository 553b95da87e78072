//! What the input thread and the console loop may set in motion.
//!
//! Traits, because the screen must not know how an order travels; the kill
//! thread and the command desk implement them.

use super::mission::MissionAsk;
use super::ticket::Proposal;
use crate::domain::{Intent, Stamp, Text, Ticket};

/// The kill thread's handle.
pub trait Trigger: Send + Sync {
    /// The guard fired: close the gate now, then start the kill or block.
    ///
    /// `pressed` is when the confirming key was read. Called on the input
    /// thread before anything else hears of the key, so it closes the gate
    /// and hands over; it never waits for a file, a socket or a peer.
    fn fire(&self, intent: Intent, pressed: Stamp);
}

/// Ordinary commands, each already confirmed where it needs a guard. None of
/// these waits for an answer: outcomes come back as events.
pub trait Desk: Send + Sync {
    /// Close one position.
    fn close(&self, ticket: Ticket);
    /// Let orders pass, if the latch can be proven absent.
    fn arm(&self);
    /// Send one HEARTBEAT to a gateway that did not answer as v1.0 demands.
    fn probe_again(&self);
    /// End the attempts of the running kill; the latch stays.
    fn stand_down(&self);
    /// Place one order, once: never queued behind another, never sent again.
    fn order(&self, order: Proposal);
    /// Why the gate of this process denies orders now, in its own words; none
    /// while it is open.
    fn denies_orders(&self) -> Option<Text>;
}

/// Mission control. Nothing waits for an answer: it comes back as an event.
pub trait MissionPort: Send + Sync {
    /// Asks once, never again by itself: what is not answered may have
    /// happened.
    fn ask(&self, ask: MissionAsk);
}
