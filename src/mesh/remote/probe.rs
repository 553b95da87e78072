//! The answer that decides: one HEARTBEAT to the gateway itself.

use crate::domain::{Endpoint, Text};
use crate::host::clock;
use crate::link::{AskError, Peer};
use serde::Serialize;
use std::time::Duration;

/// A good HEARTBEAT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alive {
    /// What it calls itself.
    pub service: Text,
    /// From the request to the answer, in microseconds.
    pub rtt_us: u64,
}

/// Whom to ask.
pub struct Probe {
    zmq: zmq::Context,
    to: Endpoint,
    max_message: u64,
}

impl Probe {
    /// For a gateway's command port, as this machine reaches it.
    #[must_use]
    pub const fn new(zmq: zmq::Context, to: Endpoint, max_message: u64) -> Self {
        Self { zmq, to, max_message }
    }

    /// Its address.
    #[must_use]
    pub const fn to(&self) -> &Endpoint {
        &self.to
    }

    /// Asks until there is a good answer, or `limit` is over. Who answers as
    /// no gateway does is asked once.
    ///
    /// # Errors
    /// Why there is no good answer, in words.
    pub fn within(&self, limit: Duration) -> Result<Alive, Text> {
        let until = clock::now();
        let mut peer = Peer::connect(&self.zmq, &self.to, self.max_message)
            .map_err(|e| Text::new(&e.to_string()))?;
        loop {
            let left = limit.saturating_sub(clock::now().since(until));
            match peer.heartbeat(left) {
                Ok(answer) => {
                    let rtt_us = u64::try_from(answer.rtt.as_micros()).unwrap_or(u64::MAX);
                    return Ok(Alive { service: answer.value, rtt_us });
                }
                Err(e) if left.is_zero() || matches!(e, AskError::NotV1 { .. }) => {
                    return Err(Text::limited(&e.to_string(), 300));
                }
                Err(_) => clock::sleep(Duration::from_millis(50).min(left)),
            }
        }
    }
}
