//! The sentinel: each minute bars, features of them, the model's word on these,
//! and an order where the word is strong enough.
//!
//! What belongs here: reading and judging hourly bars (`bars`), the numbers
//! that the model was trained on (`features`), the two services that are asked
//! on the way (`eodhd`, `hub`); the cycle over all of them, what it remembers
//! over restarts, and what it tells (metrics, health, telemetry, decision log).
//! What does not: how an order reaches a gateway, which is the [`Desk`] that
//! `cli` brings with the one audited way of every order; and the screen. The
//! network is asked on one thread of tokio; what may hang on a disk or a
//! gateway has threads of its own. Floats are at home here and nowhere else,
//! since they are what the model takes.

pub mod bars;
pub mod eodhd;
pub mod features;
mod http;
pub mod hub;
mod nan;

mod act;
mod book;
mod cycle;
mod daemon;
pub mod decide;
mod desk;
mod left;
mod log;
mod look;
mod memory;
mod metrics;
mod options;
pub mod pace;
mod report;
mod store;
mod tell;
mod web;

pub use cycle::Outcome;
pub use daemon::{Ended, Sentinel, StartFault};
pub use desk::{Desk, Placed, PlacedAs};
pub use look::Look;
pub use options::Options;
pub use pace::Pace;
