//! The agent: a process of its own session that owns the kill.
//!
//! Started before it is needed, one per latch (elected by a file lock). From
//! the moment it has an intent, the console that gave it may die: the agent
//! goes on until flat is proven or an operator stands it down, and what it
//! could not confirm stays visible and recorded. While the latch is engaged
//! it polls on, and only the agent makes a removed latch anew.
//!
//! One thread ([`core`]) decides; sockets, disk and clients have threads of
//! their own that report to it, so none of them can hold up the others.

mod alarms;
mod clients;
pub mod core;
pub mod crew;
mod deaf;
mod drivers;
mod heads;
mod keep;
mod lying;
mod noting;
mod onlook;
mod reset;
mod resume;
mod strangers;
mod unsure;

pub use core::{AgentConfig, AgentError, run};
