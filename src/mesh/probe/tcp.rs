//! A TCP connection. An open port is no working service; where there is a
//! protocol, its own kind is the better look.

use super::endpoint;
use crate::config::checks::At;
use crate::mesh::look::{Good, Seen};
use crate::mesh::net::{Until, connect};
use std::time::Instant;

/// Connects, and hangs up.
pub fn look(at: &At, until: Until) -> Seen {
    let to = endpoint(at)?;
    let begun = Instant::now();
    connect(&to, until)?;
    Ok(Good { said: format!("port {} open", to.port()), took: Some(begun.elapsed()) })
}
