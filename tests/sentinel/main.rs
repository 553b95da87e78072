//! The sentinel's way from bars to a prediction, over real sockets: bars and
//! services that are good, bad, slow and gone.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod eodhd;
#[cfg(test)]
mod features_verb;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod mlflow;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod series;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;
