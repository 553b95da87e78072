//! The sentinel: each minute bars from EODHD, features of them, the model's
//! word on these, and an order where the word is strong enough.
//!
//! What belongs here: the cycle, what it remembers over restarts, and what it
//! tells (metrics, health, telemetry, decision log). What does not: how an
//! order reaches a gateway; that is the [`desk::Desk`] that `cli` brings, with
//! the one audited way of every order. The network is asked on one thread of
//! tokio; what may hang on a disk or a gateway has threads of its own.

pub mod bars;
pub mod features;
pub mod eodhd;
pub mod hub;

mod act;
pub mod book;
mod cycle;
pub mod daemon;
pub mod decide;
pub mod desk;
mod guest;
mod log;
pub mod look;
pub mod memory;
pub mod metrics;
pub mod options;
pub mod pace;
mod report;
mod tell;
mod web;

pub use daemon::{Sentinel, StartFault};
pub use desk::{Desk, Placed, PlacedAs};
pub use look::Look;
pub use options::Options;
pub use pace::Pace;
