//! The environment's layer: names that the other programs of the mesh read
//! too, so one setting serves them all.

use super::Problem;
use super::load::Draft;
use super::origin::{Origin, Sourced};
use crate::domain::Endpoint;
use std::ffi::OsString;
use std::path::PathBuf;

/// Host of the first gateway.
pub const GATEWAY_HOST: &str = "RUST_GATEWAY_HOST";
/// Its command port.
pub const GATEWAY_PORT: &str = "RUST_GATEWAY_PORT";
/// The latch.
pub const KILL_SWITCH_FILE: &str = "KILL_SWITCH_FILE";

/// The model server that the sentinel asks.
pub const HUB: [&str; 2] = ["HUB_HOST", "HUB_PORT"];
/// The gateway that the sentinel orders at, over [`GATEWAY_HOST`].
pub const GTW: [&str; 2] = ["GTW_HOST", "GTW_PORT"];
/// Where the sentinel's metrics are read.
pub const METRICS_PORT: &str = "METRICS_PORT";
/// The key to the bars: never in a file, an argument or a report.
pub const EODHD_API_TOKEN: &str = "EODHD_API_TOKEN";

/// Where variables come from; tests bring their own.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Lays the environment over `draft`.
pub fn apply(lookup: Lookup<'_>, draft: &mut Draft) {
    let host = text(lookup, GATEWAY_HOST, draft);
    let port = text(lookup, GATEWAY_PORT, draft).and_then(|text| port(text, draft));
    if let Some(host) = host {
        draft.first_gateway().host = host;
    }
    if let Some(port) = port {
        draft.first_gateway().cmd_port = port;
    }
    let [hub_host, hub_port] = HUB;
    let host = text(lookup, hub_host, draft).and_then(|text| self::host(text, draft));
    let port = text(lookup, hub_port, draft).and_then(|text| self::port(text, draft));
    draft.put("sentinel.hub_host", host, |s| &mut s.sentinel.hub_host);
    draft.put("sentinel.hub_port", port, |s| &mut s.sentinel.hub_port);
    let [gtw_host, gtw_port] = GTW;
    let host = text(lookup, gtw_host, draft).and_then(|text| self::host(text, draft));
    let port = text(lookup, gtw_port, draft).and_then(|text| self::port(text, draft));
    draft.put("sentinel.gtw_host", host, |s| &mut s.sentinel.gtw_host);
    draft.put("sentinel.gtw_port", port, |s| &mut s.sentinel.gtw_port);
    let port = text(lookup, METRICS_PORT, draft).and_then(|text| self::port(text, draft));
    draft.put("sentinel.metrics_port", port, |s| &mut s.sentinel.metrics_port);
    if let Some(path) = text(lookup, KILL_SWITCH_FILE, draft) {
        let file = PathBuf::from(&path.value);
        if file.is_absolute() {
            draft.put("latch.file", Some(path.map(|_| file)), |s| &mut s.kill_switch_file);
        } else {
            draft.problems.push(Problem::new(
                path.origin,
                "is not an absolute path: every program would take it for another file",
                "begin it with /, in every environment that sets it",
            ));
        }
    }
}

fn text(lookup: Lookup<'_>, name: &'static str, draft: &mut Draft) -> Option<Sourced<String>> {
    let origin = Origin::Environment { name };
    let cause = match lookup(name)?.into_string() {
        Ok(value) if !value.is_empty() => return Some(Sourced { value, origin }),
        // Python peers take an empty value at its word, others as absent:
        // two programs would disagree about the gateway or the latch.
        Ok(_) => "is set, but empty",
        Err(_) => "is not UTF-8",
    };
    draft.problems.push(Problem::new(origin, cause, format!("unset {name}, or give it a value")));
    None
}

fn host(text: Sourced<String>, draft: &mut Draft) -> Option<Sourced<String>> {
    match Endpoint::new(&text.value, 1) {
        Ok(_) => Some(text),
        Err(e) => {
            let next = "give a host name or an address, the port apart";
            draft.problems.push(Problem::new(text.origin, e.to_string(), next));
            None
        }
    }
}

fn port(text: Sourced<String>, draft: &mut Draft) -> Option<Sourced<u16>> {
    match text.value.parse::<u16>() {
        Ok(port) if port > 0 => Some(text.map(|_| port)),
        _ => {
            draft.problems.push(Problem::new(
                text.origin,
                "is not a port",
                "give a number from 1 to 65535",
            ));
            None
        }
    }
}

/// The key of the bars' source, from this process's environment; none when it
/// is not set or holds nothing.
#[must_use]
pub fn eodhd_token() -> Option<String> {
    let token = std::env::var(EODHD_API_TOKEN).ok()?;
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

/// The names of this layer, for help texts.
#[must_use]
pub const fn names() -> [&'static str; 3] {
    [GATEWAY_HOST, GATEWAY_PORT, KILL_SWITCH_FILE]
}
