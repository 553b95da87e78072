//! `crs mission`: the daemon, and its clients.

pub mod check;
mod figures;
pub mod import;
pub mod plan;
pub mod switch;
