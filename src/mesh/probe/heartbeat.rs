//! HEARTBEAT of Protocol v1.0, by the rules of the link: a peer that answers
//! it otherwise is sent nothing more.

use super::endpoint;
use crate::config::checks::At;
use crate::domain::{Endpoint, Text};
use crate::link::{AskError, Peer};
use crate::mesh::look::{Good, Means, Memory, Seen, Wrong};
use crate::mesh::net::{Until, connect};
use std::time::Duration;

/// Largest answer, in bytes.
pub(super) const MAX_MESSAGE: u64 = 1 << 20;
/// Kept for a look at the port where no gateway answered.
const RESERVE: Duration = Duration::from_millis(200);
/// Said of a peer that is no gateway.
const NOT_V1: &str = "nothing more is sent to it: see on its host who holds the port (`ss -tlnp`)";

/// Asks once.
pub fn look(at: &At, means: &Means, memory: &mut Memory, until: Until) -> Seen {
    let to = endpoint(at)?;
    if let Some(said) = memory.refused.clone() {
        // A connection says nothing; that nobody takes it any more ends what
        // was known of who did.
        connect(&to, until).inspect_err(|_| memory.refused = None)?;
        return Err(no_gateway(&said));
    }
    let reserve = RESERVE.min(until.left() / 4);
    let asked = Peer::connect(&means.zmq, &to, MAX_MESSAGE)
        .map_err(|e| Wrong::unknown(e.to_string(), "`crs doctor` shows the limits of this host"))
        .and_then(|mut peer| {
            peer.heartbeat(until.less(reserve).left()).map_err(|e| wrong(e, &to, until, memory))
        })?;
    let service = if asked.value.is_empty() { "alive" } else { asked.value.as_str() };
    Ok(Good { said: format!("v1.0, {service}"), took: Some(asked.rtt) })
}

fn no_gateway(said: &Text) -> Wrong {
    Wrong::failed(format!("what answers is no v1.0 gateway: {said}"), NOT_V1)
}

fn wrong(e: AskError, to: &Endpoint, until: Until, memory: &mut Memory) -> Wrong {
    match e {
        AskError::NotV1 { said, .. } => {
            memory.refused = Some(said.clone());
            no_gateway(&said)
        }
        AskError::NotConnected { .. } => unconnected(to, until),
        AskError::Unproven(inner) => wrong(*inner, to, until, memory),
        AskError::Silent { .. } => Wrong::failed(
            format!("{to} takes the connection and does not answer within {}", until.words()),
            "the gateway is busy or hung: see its log, and start it again if it lasts",
        ),
        AskError::LinkDown { .. } => Wrong::failed(
            format!("the connection to {to} broke before the answer"),
            "the gateway went down or something cut the line: see its log",
        ),
        AskError::Refused { refusal, .. } => {
            Wrong::failed(format!("the gateway refuses: {refusal}"), "see its log")
        }
        other => Wrong::unknown(other.to_string(), "`crs doctor` shows what this host has"),
    }
}

/// Nobody, or somebody who does not speak ZMTP.
pub(super) fn unconnected(to: &Endpoint, until: Until) -> Wrong {
    match connect(to, until) {
        Ok(_) => Wrong::failed(
            format!("{to} takes connections, but does not speak ZeroMQ"),
            "something else holds this port: see on its host who (`ss -tlnp`)",
        ),
        Err(wrong) => wrong,
    }
}
