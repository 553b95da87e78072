//! The real binary in a real terminal, driven by keys, against real sockets:
//! console, agent and gateway, each its own process.
//!
//! `common::console` is the terminal; `place` puts a console beside our paper
//! gateway, `desk` over a Python peer; each other module is one subject. Every
//! test has its own home, latch and ports, and ends what it started. Slow
//! machines are allowed for: only the outcome is asserted, within generous
//! bounds. What the run loop does in a terminal without any gateway stands in
//! `tests/keys`.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod full;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod line;
#[cfg(test)]
mod open;
#[cfg(test)]
mod place;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod sees;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod story;
#[cfg(test)]
mod terminals;
#[cfg(test)]
mod ticket;
