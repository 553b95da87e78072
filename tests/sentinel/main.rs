//! The sentinel over real sockets: its way from bars to a prediction with
//! services that are good, bad, slow and gone, and the whole daemon as a
//! process with a gateway.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod eodhd;
#[cfg(test)]
#[path = "../link/fake.rs"]
#[allow(dead_code, reason = "another area of tests uses the rest")]
mod fake;
#[cfg(test)]
mod features_verb;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod inside;
#[cfg(test)]
mod kept_back;
#[cfg(test)]
mod left;
#[cfg(test)]
mod mlflow;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod series;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod trading;
#[cfg(test)]
mod unit;
#[cfg(test)]
mod unknown;
