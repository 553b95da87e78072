//! The kill: a pure [`machine`] for one gateway, a [`driver`] thread that
//! carries it out on sockets of its own, the [`agent`] process that outlives
//! the console, and the [`hand`]
//! of a console or command that gives it the decision.

pub mod agent;
mod call;
pub mod client;
pub mod driver;
pub mod hand;
pub mod latch;
mod log;
pub mod machine;
pub mod protocol;
pub mod recorder;
mod schedule;
#[cfg(test)]
mod sim;
mod warm;
mod witness;

pub use client::{Addresses, AgentSpec, Client};
pub use driver::{Driver, DriverConfig, Told};
pub use hand::{Hand, HandConfig};
pub use machine::{Effect, Input, Machine, Timing};

/// What can be set about a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillRules {
    /// Between two proof polls, in ms.
    pub proof_interval_ms: u64,
    /// Between two polls while engaged and verified, in ms.
    pub enforce_interval_ms: u64,
    /// Whether a latch that somebody else made also closes positions.
    pub flatten_on_external: bool,
}

impl KillRules {
    /// The machine's timing.
    #[must_use]
    pub const fn timing(&self) -> Timing {
        Timing {
            proof: self.proof_interval_ms.saturating_mul(1_000_000),
            enforce: self.enforce_interval_ms.saturating_mul(1_000_000),
        }
    }
}
