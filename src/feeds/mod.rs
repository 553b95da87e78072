//! The inbound edges, and the sequencer that stamps what they report.
//!
//! What belongs here: threads that wait for a socket or a file and report
//! through [`crate::event::Sender`]. What does not: sockets' own rules
//! (`link`), and what a report means (`state`).

pub mod decisions;
pub mod events;
pub mod latch;
pub mod polls;
mod raw;
pub mod sequencer;
pub mod ticks;
mod worker;

pub use decisions::DecisionFeed;
pub use latch::LatchFeed;
pub use sequencer::{Sequencer, Turn};
pub use worker::StartError;
