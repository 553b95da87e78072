//! Ticks and beats of one chunk, in columns.
//!
//! A column holds one field of all records, as differences to the value
//! before, so that what hardly changes takes hardly any room. The layout is
//! part of the format, `docs` in [`super`]; a change of it is a new version.

mod beats;
mod ticks;
mod varint;

pub use beats::Beats;
pub use ticks::Ticks;
pub use varint::Broken;
