//! What the input thread and the console loop may set in motion.
//!
//! Traits, because the screen must not know how an order travels; the kill
//! thread and the command desk implement them.

use super::mission::{MissionAsk, Unconfirmed};
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

/// What can be asked of the gateway's process on its own machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteVerb {
    /// Who holds its ports, and whether it answers.
    Status,
    /// Where gateway and interpreters lie.
    Locate,
    /// So many of the last lines of its log.
    Logs(u16),
    /// Start it, unless it runs.
    Start,
    /// Stop the process that was started from here.
    Stop,
    /// Stop it, see both ports free, start it.
    Restart,
}

impl RemoteVerb {
    /// As on the command line of `crs remote gateway`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Locate => "locate",
            Self::Logs(_) => "logs",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// Whether it ends with a start, which the latch must allow.
    #[must_use]
    pub const fn starts(self) -> bool {
        matches!(self, Self::Start | Self::Restart)
    }
}

/// The gateway's process on its own machine. What acts was confirmed at its
/// guard; nothing here waits for that machine: steps and outcome come back as
/// events.
pub trait Remote: Send + Sync {
    /// Begins it, unless another is on its way.
    fn remote(&self, verb: RemoteVerb);
    /// Why it would be refused now; none when it may begin. Looked at before a
    /// guard opens, and once more when it begins.
    fn denies_remote(&self, verb: RemoteVerb) -> Option<Text>;
}

/// Ordinary commands, each already confirmed where it needs a guard. None of
/// these waits for an answer: outcomes come back as events.
pub trait Desk: Remote {
    /// Close one position of one gateway, by its index; no other gateway is
    /// asked, whatever numbers it holds.
    fn close(&self, gateway: u16, ticket: Ticket);
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

    /// An order that was refused for want of typed words, once; it is there
    /// before its answer is.
    fn unconfirmed(&self) -> Option<Unconfirmed>;
}
