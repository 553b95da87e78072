//! The recording: what State heard, kept so that it can be seen again.
//!
//! What belongs here: the file format, the ring on disk, reading at any
//! place, playing, import and export. What does not: what a record means
//! (`state`) and where it came from (`feeds`).
//!
//! A recording is read through [`Source`], whatever it lies in; a
//! [`Mark`](crate::domain::Mark) is a place worth going to.

mod mark;
pub mod player;
mod source;

pub use mark::Marker;
pub use player::{Deck, Player};
pub use source::{Gap, Memory, Piece, RecordingError, Source, Span};
