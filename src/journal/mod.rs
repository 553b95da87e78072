//! The recording: what State heard, kept so that it can be seen again.
//!
//! What belongs here: the file format, the ring on disk, reading at any
//! place, playing, import and export. What does not: what a record means
//! (`state`) and where it came from (`feeds`).
//!
//! A recording is read through [`Source`], whatever it lies in; a
//! [`Mark`](crate::domain::Mark) is a place worth going to.

pub mod block;
mod chunk;
mod container;
pub mod export;
mod file;
mod head;
pub mod import;
mod mark;
pub mod mend;
mod out;
pub mod player;
mod recorder;
mod recording;
pub mod ring;
mod seal;
mod segment;
mod source;
pub mod survey;
mod walk;

pub use chunk::{Chunk, Want};
pub use head::{Head, Place};
pub use mark::Marker;
pub use out::SealedFile;
pub use player::{Deck, Player};
pub use recorder::{Journal, Recorder, RingConfig, Running};
pub use recording::Recording;
pub use seal::seal;
pub use segment::{Level, Segment, SegmentError, VERSION};
pub use source::{Gap, Memory, Piece, RecordingError, Source, Span};
