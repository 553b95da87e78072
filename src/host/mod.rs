//! What only the operating system knows: the clocks, who and where we are,
//! randomness for identities, and how long a connection may stay.
//!
//! Everything that needs "now" takes a [`Clock`]; the pure rooms (`state`,
//! `tui::view`, `control::guard`, `control::kill::machine`) never import this
//! room, which a test enforces.

pub mod clock;
pub mod errand;
pub mod guest;
pub mod identity;
pub mod ids;
pub mod world;

pub use clock::{Clock, SystemClock};
pub use errand::Errand;
pub use identity::Identity;
