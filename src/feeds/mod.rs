//! The inbound edges, and the sequencer that stamps what they report.

pub mod sequencer;

pub use sequencer::{Sequencer, Turn};
