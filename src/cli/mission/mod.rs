//! `crs mission`: the daemon, and its clients.

mod figures;
pub mod switch;
