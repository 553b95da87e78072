//! The mesh on loopback: real services where they exist, real sockets that
//! misbehave, and `crs verify` as a program.
//!
//! A service that is not installed skips what needs it, and that is said.

#[cfg(test)]
mod bad;
#[cfg(test)]
mod beats;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod services;
#[cfg(test)]
mod verb;
#[cfg(test)]
mod watch;
#[cfg(test)]
mod whole;
