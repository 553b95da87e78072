//! How others speak with the daemon: HTTP and WebSocket over a Unix socket,
//! and over TCP where a token is configured.
//!
//! [`message`] is what goes over the WebSocket (`asked` what a client says
//! there), [`page`] what goes over HTTP,
//! for both of their ends; [`fault`] is what a client is told when something is
//! not done. [`bind`] has the addresses, `door` the connections, `guard` who
//! may ask, `routes` every path.

mod asked;
pub mod bind;
mod body;
mod door;
pub mod fault;
mod guard;
pub mod message;
mod metrics;
mod orders;
pub mod page;
mod reads;
mod reasons;
mod routes;
pub mod server;
mod ws;

pub use bind::{Access, Seat};
pub use server::{Parts, Server};
