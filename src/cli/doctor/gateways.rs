//! The configured gateways: one HEARTBEAT to each, and to nobody else.

use super::check::{Check, State};
use crate::cli::reach::ms;
use crate::cli::remembers::Memory;
use crate::config::{Loaded, Settings};
use crate::domain::GatewayAddr;
use crate::link::{self, Peer};
use std::time::Duration;

/// An idle gateway may take this long.
const PATIENCE: Duration = Duration::from_secs(6);
/// Above this a round trip is an alarm.
const ALARM: Duration = Duration::from_millis(100);

/// Asks them. Without any configured, nobody is asked: even a HEARTBEAT can
/// be an order to a server that is not ours.
pub fn checks(loaded: &Loaded) -> Vec<Check> {
    if !loaded.origins.any("gateway[") {
        let advice = "nobody was asked; the console would ask 127.0.0.1; see: crs config init";
        return vec![Check::new("gateway", State::Note, "none configured", advice)];
    }
    let zmq = match link::context() {
        Ok(zmq) => zmq,
        Err(e) => {
            let advice = "nobody was asked; let this user have more descriptors (ulimit -n)";
            return vec![Check::new("gateway", State::Broken, e.to_string(), advice)];
        }
    };
    loaded.settings.gateways.iter().map(|gateway| one(&zmq, &loaded.settings, gateway)).collect()
}

fn one(zmq: &zmq::Context, settings: &Settings, gateway: &GatewayAddr) -> Check {
    let named = format!("{} at {}", gateway.name, gateway.cmd);
    let beat = Peer::connect(zmq, &gateway.cmd, 65_536).map_err(|e| e.to_string());
    let beat = beat.and_then(|mut peer| {
        let answer = peer.heartbeat(PATIENCE).map_err(|e| e.to_string())?;
        Ok((answer, Memory::said(settings, gateway, peer.killed())))
    });
    match beat {
        Ok((_, memory)) if memory.is_killed() => {
            let found = format!("{named}: alive, but it remembers a KILL_SWITCH");
            let advice =
                format!("it refuses orders, armed or not; its way back: {}", memory.next());
            Check::new("gateway", State::Poor, found, advice)
        }
        Ok((answer, _)) => {
            let found = format!("{named}: alive, \"{}\", {} ms", answer.value, ms(answer.rtt));
            if answer.rtt > ALARM {
                let advice = "above the alarm line of 100 ms: orders and kills are as slow";
                return Check::new("gateway", State::Poor, found, advice);
            }
            Check::good("gateway", found)
        }
        Err(error) => {
            let advice = "no quotes, no orders, and a kill can only latch; start the gateway, \
                          or correct its address";
            Check::new("gateway", State::Broken, format!("{named}: {error}"), advice)
        }
    }
}
