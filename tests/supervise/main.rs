//! The supervision, with real children of the real program: what ends, what
//! is noticed, what survives a daemon that was shot.
//!
//! `CRS_SUPERVISE_KILLS=100` shoots the daemon a hundred times under each
//! policy in place of five.

#[cfg(test)]
mod children;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod link;
#[cfg(test)]
mod moved;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod shot;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod words;
