//! Gateway, engine, sentinel and console as processes beside each other: two
//! kills, two ways back, and in the end every count of every one of them
//! compared.
//!
//! `rig` starts and ends them, `ear` hears what they tell, `books` reads what
//! they left, `weight` what they hold; `verdict`
//! compares. EODHD and HUB are servers of the test.

#[cfg(test)]
mod books;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod day;
#[cfg(test)]
mod ear;
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
#[path = "../sentinel/stage.rs"]
#[allow(dead_code, reason = "another area of tests uses the rest")]
mod stage;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod weight;
