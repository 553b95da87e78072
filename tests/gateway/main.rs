//! The paper gateway over real sockets on loopback, met by clients that are
//! written here and share nothing with it or with the console.
//!
//! Every file is marked as test code, so that the lints treat its helpers as
//! they treat its tests.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod bench;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod process;
#[cfg(test)]
mod remembering;
#[cfg(test)]
mod ticks;
