//! Playing a recording: forwards at any speed, and to any place in it.
//!
//! [`Player`] is the whole of it without a clock or a thread; [`Deck`] is a
//! player on a thread of its own, with moves in and a view out. State is
//! folded by the very code that folds it live.

mod deck;
mod find;
mod head;
mod moves;
pub mod place;
mod play;
mod speed;
#[cfg(test)]
mod tests;

pub use deck::{Deck, Opening, Stand};
pub use moves::{Move, View};
pub use place::Place;
pub use play::Player;
pub use speed::Speed;
