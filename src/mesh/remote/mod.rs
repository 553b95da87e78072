//! Starting and stopping the gateway's process on its own machine, over SSH.
//!
//! What belongs here: the command lines for the other machine, what they said
//! and what that proves, and the steps of a start, a stop and a restart. What
//! does not: printing, the audit log and the proof of the latch, which the
//! caller brings ([`Conduct`]).
//!
//! `ssh`'s exit status proves nothing, and neither does what a script says it
//! did: a start is done when a HEARTBEAT is answered and the ports belong to
//! the process, a stop when both ports are seen free.

pub mod fault;
pub mod judge;
pub mod probe;
pub mod quote;
pub mod script;
pub mod seen;
pub mod ssh;
pub mod start;
pub mod step;
pub mod stop;
pub mod watchdog;

pub use fault::{Cause, Fault};
pub use judge::{Standing, judge, words};
pub use probe::{Alive, Probe};
pub use script::Ask;
pub use seen::{Process, Record, Seen};
pub use ssh::Ssh;
pub use step::{Conduct, Done, Failed, Fate, Gateway, Step};
pub use watchdog::{Verdict, Watchdog};
