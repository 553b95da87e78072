//! The live engine: tick → gate 1 → signal → gate 2 → order, one log entry for
//! each tick.
//!
//! **The promise.** An order is generated only under a [`crate::breaker::Permit`]
//! that was asked for last: number, side, price and time are ready before, and
//! between the gate's answer and the order there is nothing but the use of the
//! permit. So whatever closed the gate before that question (a latch that the
//! watch has seen, a decision of this process, a proof that is 500 ms old) is
//! before the order, and there is none. An order's own time is read before the
//! question, so no order bears a time after the gate closed. [`step`] is that
//! path; `model` runs it, with the gate's own word, through every interleaving
//! of the threads that close it, and `races` runs it against a real lock file.
//!
//! What it does not promise: a file that another program makes closes the gate
//! when this process sees it, at once by inotify, else within 250 ms. And an
//! order that libzmq was given before is not called back.
//!
//! With a [`port::Desk`] orders leave the process. The desk asks the gate once
//! more, after everything that waits, right before the order is handed over.
//!
//! What belongs here: the loop, strategies, entries and where they go, the
//! watch of the system's health. What does not: who engages, who records, how an
//! order reaches a gateway; those come through [`port`], and `cli` has them.

pub mod entry;
pub mod file;
pub mod health;
pub mod latch;
pub mod limits;
#[cfg(test)]
mod model;
pub mod pen;
pub mod port;
mod queue;
#[cfg(test)]
mod races;
pub mod run;
pub mod scenario;
pub mod shown;
pub mod sinks;
pub mod source;
pub mod step;
pub mod strategy;
pub mod tell;

pub use entry::{Entry, Order, Outcome};
pub use latch::Latch;
pub use port::{Desk, Placed};
pub use run::{Counters, Report, Run};
pub use step::{Engine, Quote};
pub use strategy::{Signal, Strategy, StrategyError};
