//! `crs` against a gateway that shares no line with it: `tests/peer` on
//! pyzmq, honest and with the defects of real gateways.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod inert;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod mcap;
#[cfg(test)]
mod place;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod ticks;
#[cfg(test)]
mod wire;
