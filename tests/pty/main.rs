//! The real binary in a real terminal, driven by keys, against real sockets.
//!
//! `common::console` is the terminal; each module is one subject. Every test
//! has its own home, latch and ports, and ends what it started. Slow machines
//! are allowed for: only the outcome is asserted, within generous bounds.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod open;
#[cfg(test)]
mod place;
