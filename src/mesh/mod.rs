//! Checks of the mesh: looking, all at once (`round`) or each at its own
//! period (`watch`).
//!
//! What belongs here: how to look, with the protocol of what is looked at, and
//! how not to be held up by what hangs; and the gateway's process on its own
//! machine (`remote`). What does not: which checks there are
//! (`config::checks`), what the screen makes of results (`state::checks`).
//! Nothing here connects to an address that a check does not name, and no
//! shell reads anything.

mod aside;
mod child;
mod look;
mod net;
mod probe;
pub mod remote;
pub mod round;
pub mod watch;

pub use look::{Means, Memory, look};
pub use round::{Round, Verdict};
pub use watch::Watch;
