//! The gateways: put together from host and ports that may come from
//! different layers, then checked as a list.

use super::origin::Sourced;
use super::section::Section;
use super::{Origins, Problem};
use crate::domain::{Endpoint, GatewayAddr, Text};

/// Name of the gateway that nobody named.
pub const DEFAULT_NAME: &str = "main";
/// Commands, by the protocol's port plan.
const CMD_PORT: u16 = 5_555;
/// Ticks, by the protocol's port plan.
const DATA_PORT: u16 = 5_556;

/// One gateway before its parts are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Its name.
    pub name: Sourced<String>,
    /// Where it is.
    pub host: Sourced<String>,
    /// Commands.
    pub cmd_port: Sourced<u16>,
    /// Ticks.
    pub data_port: Sourced<u16>,
}

impl Default for Parts {
    /// This machine, on the ports of the documents.
    fn default() -> Self {
        Self {
            name: Sourced::default_of(DEFAULT_NAME.to_owned()),
            host: Sourced::default_of("127.0.0.1".to_owned()),
            cmd_port: Sourced::default_of(CMD_PORT),
            data_port: Sourced::default_of(DATA_PORT),
        }
    }
}

impl Parts {
    /// Reads one `[[gateway]]`; none when it can't be used, with the reasons.
    pub fn read(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Self> {
        let before = out.len();
        let place = section.place();
        let base = Self::default();
        let name = section.text("name", out).map(|t| t.map(str::to_owned));
        let host = section.text("host", out).map(|t| t.map(str::to_owned));
        let cmd_port = port(&mut section, "cmd_port", out);
        let data_port = port(&mut section, "data_port", out);
        section.finish(out);
        if host.is_none() && out.len() == before {
            out.push(Problem::new(
                place,
                "this [[gateway]] has no host",
                "add: host = \"127.0.0.1\", or whatever its address is",
            ));
        }
        (out.len() == before).then(|| Self {
            name: name.unwrap_or(base.name),
            host: host.unwrap_or(base.host),
            cmd_port: cmd_port.unwrap_or(base.cmd_port),
            data_port: data_port.unwrap_or(base.data_port),
        })
    }

    /// Its addresses, noting where each part came from under `gateway[index]`.
    fn build(
        &self,
        index: usize,
        origins: &mut Origins,
        out: &mut Vec<Problem>,
    ) -> Option<GatewayAddr> {
        let before = out.len();
        if !is_name(&self.name.value) {
            out.push(Problem::new(
                self.name.origin.clone(),
                format!("\"{}\" is no name for a gateway", Text::limited(&self.name.value, 60)),
                "use 1 to 40 letters, digits, dots, dashes or underscores",
            ));
        }
        let endpoint = |port: &Sourced<u16>| Endpoint::new(&self.host.value, port.value);
        let cmd = endpoint(&self.cmd_port).map_err(|e| {
            out.push(Problem::new(
                self.host.origin.clone(),
                format!("gateway[{index}]: {e}"),
                "give a host name or an IP address, the ports apart",
            ));
        });
        if self.cmd_port.value == self.data_port.value {
            let parts = [&self.data_port.origin, &self.cmd_port.origin, &self.host.origin];
            let at = parts.into_iter().find(|o| o.is_configured()).cloned();
            out.push(Problem::new(
                at.unwrap_or_default(),
                format!("commands and ticks share port {}", self.data_port.value),
                "give cmd_port and data_port different numbers (5555 and 5556)",
            ));
        }
        for (part, origin) in [
            ("name", &self.name.origin),
            ("host", &self.host.origin),
            ("cmd_port", &self.cmd_port.origin),
            ("data_port", &self.data_port.origin),
        ] {
            origins.note(format!("gateway[{index}].{part}"), origin.clone());
        }
        let (cmd, data) = (cmd.ok()?, endpoint(&self.data_port).ok()?);
        (out.len() == before).then(|| GatewayAddr { name: Text::new(&self.name.value), cmd, data })
    }
}

/// Every gateway that can be used. Two of one name or one address are a
/// mistake: a kill would be proven twice at one and never at the other.
pub fn build(all: &[Parts], origins: &mut Origins, out: &mut Vec<Problem>) -> Vec<GatewayAddr> {
    let mut built: Vec<GatewayAddr> = Vec::new();
    for (index, parts) in all.iter().enumerate() {
        let Some(addr) = parts.build(index, origins, out) else { continue };
        if built.iter().any(|other| other.name == addr.name) {
            // Two that nobody named have no place but their hosts.
            let places = [&parts.name.origin, &parts.host.origin];
            let at = places.into_iter().find(|o| o.is_configured()).cloned();
            out.push(Problem::new(
                at.unwrap_or_default(),
                format!("two gateways are called \"{}\"", addr.name),
                "give each [[gateway]] a name of its own",
            ));
        } else if built.iter().any(|other| other.cmd == addr.cmd) {
            out.push(Problem::new(
                parts.host.origin.clone(),
                format!("two gateways take commands at {}", addr.cmd),
                "remove one of them",
            ));
        } else {
            built.push(addr);
        }
    }
    built
}

fn port(
    section: &mut Section<'_, '_>,
    key: &'static str,
    out: &mut Vec<Problem>,
) -> Option<Sourced<u16>> {
    let found = section.integer(key, 1..=65_535, out)?;
    let port = u16::try_from(found.value).ok()?;
    Some(found.map(|_| port))
}

/// Whether a name of a gateway, theme or keymap is one: it is shown on every
/// screen, and it must not lead out of a directory.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=40).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('.')
}
