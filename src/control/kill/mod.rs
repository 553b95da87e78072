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
pub mod machine;
pub mod protocol;
pub mod recorder;
mod schedule;
mod warm;

pub use client::{AgentSpec, Client};
pub use driver::{Driver, DriverConfig, Told};
pub use hand::{Hand, HandConfig};
pub use machine::{Effect, Input, Machine, Timing};
