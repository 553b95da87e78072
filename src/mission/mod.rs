//! Mission control: a daemon that owns processes.
//!
//! `spec` says what is to run (the checked `mission.toml`), `order` what may
//! be asked of the daemon, `told` what it says to everybody who listens,
//! `crew`, `hands` and `lines` how its parts meet (supervision, one machine,
//! output and alerts), and `ports` what it needs from elsewhere: the kill
//! path, the armed accounts.
//! Clients (the console, the command line, HTTP, WebSocket) give orders and
//! hear what is told; ending one of them stops nothing.

pub mod annals;
pub mod api;
pub mod client;
pub mod crew;
pub mod desk;
pub mod fence;
pub mod file;
pub mod hands;
pub mod hub;
pub mod import;
pub mod launch;
pub mod lines;
pub mod local;
pub mod modes;
pub mod order;
pub mod output;
pub mod parts;
pub mod plan;
pub mod ports;
pub mod remote;
pub mod requires;
pub mod rules;
pub mod spec;
pub mod supervise;
pub mod told;
pub mod usage;
pub mod zombies;
