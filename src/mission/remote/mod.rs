//! Processes of another machine, over SSH: its `Hands`.
//!
//! What belongs here: the scripts for that machine, what they said and what
//! that proves, and its output as it grows. What does not: `ssh` itself, host
//! keys and quoting, which are `mesh::remote`'s, and when a process is started
//! or stopped, which is the supervision's.
//!
//! A line that is lost is no end: what can't be asked is unknown, in words.
//! A start is known by a mark of its own, so that one whose answer was lost
//! can be asked for again without a second process. What must not outlive the
//! daemon is ended by the next daemon: over there, a dead daemon and a lost
//! line look the same.

pub mod ask;
pub mod batch;
pub mod fault;
pub mod follow;
pub mod hands;
pub mod script;
pub mod start;
pub mod words;

pub use ask::{Ask, Known};
pub use hands::Remote;
