//! Whether a gateway remembers a `KILL_SWITCH`. `crs reset` and `crs arm` lead
//! back the latch only; a gateway that remembers the kill refuses orders until
//! it is led back, too.

use super::back;
use crate::config::Settings;
use crate::domain::{GatewayAddr, Text};
use crate::link::{self, Peer};
use serde::Serialize;
use std::time::Duration;

/// Longest wait for each gateway's answer: it is asked beside something else.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Its name in the configuration.
    gateway: Text,
    /// Whether a kill is in force in it; none when it does not tell.
    killed: Option<bool>,
    /// Why nothing is known, empty when it is.
    why: Text,
    /// The host to go to, empty for this one.
    #[serde(skip)]
    host: Text,
    /// What its way back needs on this host, as typed.
    #[serde(skip)]
    flags: String,
}

impl Memory {
    /// What its last heartbeat said.
    pub fn said(settings: &Settings, gateway: &GatewayAddr, killed: Option<bool>) -> Self {
        let why = if killed.is_some() { "" } else { "Protocol v1.0 does not tell" };
        Self::new(settings, gateway, killed, why)
    }

    fn new(settings: &Settings, gateway: &GatewayAddr, killed: Option<bool>, why: &str) -> Self {
        let here = gateway.cmd.is_loopback();
        let host = if here { Text::default() } else { Text::new(gateway.cmd.host()) };
        let flags = if here { back::kept_in(settings) } else { String::new() };
        Self { gateway: gateway.name.clone(), killed, why: Text::new(why), host, flags }
    }

    /// Whether it refuses orders for it.
    pub fn is_killed(&self) -> bool {
        self.killed == Some(true)
    }

    /// What to do about it, as it is typed.
    pub fn next(&self) -> String {
        let place = match &self.host {
            host if host.is_empty() => String::new(),
            host => format!(", on its host {host}"),
        };
        format!("crs gateway reset --reason \"…\"{}{place}", self.flags)
    }

    /// That it refuses orders, and the next step; none while it does not say so.
    pub fn warning(&self) -> Option<String> {
        let text = format!(
            "{} remembers a KILL_SWITCH of its own and refuses orders; its way back: {}",
            self.gateway,
            self.next()
        );
        self.is_killed().then_some(text)
    }

    /// The same, or that nothing is known of it.
    pub fn after_a_kill(&self) -> Option<String> {
        let unknown = || {
            format!(
                "{}: not known whether it remembers the kill ({}); its own log tells",
                self.gateway, self.why
            )
        };
        self.warning().or_else(|| self.killed.is_none().then(unknown))
    }
}

/// Asks every configured gateway for one HEARTBEAT, at most a second each.
pub fn ask(settings: &Settings) -> Vec<Memory> {
    let zmq = link::context().map_err(|e| e.to_string());
    let max_message = settings.feed.max_message_bytes;
    let one = |gateway: &GatewayAddr| -> Result<Memory, String> {
        let zmq = zmq.as_ref().map_err(Clone::clone)?;
        let peer = Peer::connect(zmq, &gateway.cmd, max_message);
        let mut peer = peer.map_err(|e| e.to_string())?;
        peer.heartbeat(PATIENCE)
            .map_err(|e| if e.is_silence() { String::from("no answer") } else { e.to_string() })?;
        Ok(Memory::said(settings, gateway, peer.killed()))
    };
    let all = settings.gateways.iter();
    all.map(|g| one(g).unwrap_or_else(|why| Memory::new(settings, g, None, &why))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::dirs;
    use std::path::PathBuf;

    fn gateway(address: &str) -> GatewayAddr {
        let cmd: crate::domain::Endpoint = address.parse().unwrap();
        GatewayAddr { name: Text::new("main"), data: cmd.clone(), cmd }
    }

    #[test]
    fn only_what_was_said_is_told_and_always_with_the_way_back() {
        let usual = Settings::defaults(PathBuf::from("/c"), dirs::state_dir());
        let said = |gateway: &GatewayAddr, killed| Memory::said(&usual, gateway, killed);
        let here = gateway("127.0.0.1:1");
        assert_eq!(said(&here, Some(false)).after_a_kill(), None);
        let killed = said(&here, Some(true)).warning().unwrap();
        assert!(killed.ends_with("crs gateway reset --reason \"…\""), "{killed}");
        let unsaid = said(&here, None);
        assert_eq!(unsaid.warning(), None, "what is not known is no alarm");
        assert!(unsaid.after_a_kill().unwrap().contains("not known whether"));
        let far = said(&gateway("192.0.2.7:5555"), Some(true));
        assert!(far.next().ends_with("on its host 192.0.2.7"), "{}", far.next());
        // A stage of its own has a state directory of its own.
        let stage = Settings { state_dir: PathBuf::from("/s/it's one"), ..usual.clone() };
        let next = Memory::said(&stage, &here, Some(true)).next();
        assert!(next.ends_with(r#""…" --state-dir '/s/it'\''s one'"#), "{next}");
        let next = Memory::said(&stage, &gateway("192.0.2.7:5555"), Some(true)).next();
        assert!(!next.contains("--state-dir"), "not a directory of that host: {next}");
    }
}
