//! How others speak with the daemon.
//!
//! [`message`] is what goes over the WebSocket, for both of its ends.

pub mod message;
