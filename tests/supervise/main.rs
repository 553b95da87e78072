//! The supervision, with real children of the real program: what ends, what
//! is noticed, what survives a daemon that was shot.
//!
//! `CRS_SUPERVISE_KILLS=100` shoots the daemon a hundred times under each
//! policy in place of five.

mod children;
mod daemon;
mod link;
mod probes;
mod shot;
mod stage;
