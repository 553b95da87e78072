//! The latch: the atomic gate, the lock file, its watcher and its status.
//!
//! SAFE needs positive proof, all of it within 500 ms: the directory opens,
//! the name is not there, and the audit log does not say engaged. Any object
//! at the path engages; doubt blocks. This room decides what is *observed*;
//! who engages and who resets is `control`.

pub mod body;
pub mod file;
pub mod gate;
pub mod home;
pub mod status;
pub mod strangers;
pub mod watch;
pub mod word;

pub use body::LatchBody;
pub use file::{CreateError, Created, Probe, Sight, probe, probe_soon, sight};
pub use gate::{Denied, Gate, Permit};
pub use home::LatchHome;
pub use status::StatusDocument;
pub use strangers::{Stranger, Strangers, strangers};
pub use watch::{Verdict, WatchConfig, Watcher};
