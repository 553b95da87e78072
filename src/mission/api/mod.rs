//! How others speak with the daemon.
//!
//! [`message`] is what goes over the WebSocket, [`page`] what goes over HTTP,
//! for both of their ends; [`fault`] is what a client is told when something is
//! not done.

pub mod fault;
pub mod message;
pub mod page;
