//! The inbound edges, and the sequencer that stamps what they report.
