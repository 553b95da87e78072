//! Mission control as its operator has it: the daemon of the real program over
//! the real gateway, engine and sentinel, asked by its control API, by the
//! command line, and by a client in Python.
//!
//! `day` is the documents' daily start, emergency shutdown and recovery as one
//! script; `modes` goes through the modes; `logs` reads older lines; `shot` kills the daemon; `python`
//! drives a launch over the WebSocket. EODHD and HUB are servers of the test.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod day;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod money;
#[cfg(test)]
mod python;
#[cfg(test)]
mod rig;
#[cfg(test)]
#[path = "../sentinel/series.rs"]
#[allow(dead_code, reason = "another area of tests uses the rest")]
mod series;
#[cfg(test)]
#[path = "../sentinel/server.rs"]
#[allow(dead_code, reason = "another area of tests uses the rest")]
mod server;
#[cfg(test)]
mod shot;
#[cfg(test)]
#[path = "../sentinel/stage.rs"]
#[allow(dead_code, reason = "another area of tests uses the rest")]
mod stage;
#[cfg(test)]
mod stays;
