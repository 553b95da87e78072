//! The environment's layer: names that the other programs of the mesh read
//! too, so one setting serves them all.

use super::load::Draft;
use super::origin::{Origin, Sourced};
use super::{Problem, sentinel, sources};
use std::ffi::OsString;
use std::path::PathBuf;

/// Host of the first gateway.
pub const GATEWAY_HOST: &str = "RUST_GATEWAY_HOST";
/// Its command port.
pub const GATEWAY_PORT: &str = "RUST_GATEWAY_PORT";
/// The latch.
pub const KILL_SWITCH_FILE: &str = "KILL_SWITCH_FILE";

/// Host of the model server.
pub const HUB_HOST: &str = "HUB_HOST";
/// Its port.
pub const HUB_PORT: &str = "HUB_PORT";
/// Host of the gateway that the sentinel orders at, over [`GATEWAY_HOST`].
pub const GTW_HOST: &str = "GTW_HOST";
/// Its command port.
pub const GTW_PORT: &str = "GTW_PORT";
/// Where the sentinel's metrics are read.
pub const METRICS_PORT: &str = "METRICS_PORT";
/// The token of the data service; read only where it is used, see
/// [`token`](super::token).
pub const EODHD_API_TOKEN: &str = "EODHD_API_TOKEN";

/// Where variables come from; tests bring their own.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Lays the environment over `draft`.
pub fn apply(lookup: Lookup<'_>, draft: &mut Draft) {
    let hub = text(lookup, HUB_HOST, draft).and_then(|text| sources::host(text, draft));
    let hub_port = text(lookup, HUB_PORT, draft).and_then(|text| port(text, draft));
    draft.put("hub.host", hub, |s| &mut s.hub.host);
    draft.put("hub.port", hub_port, |s| &mut s.hub.port);
    let gtw = text(lookup, GTW_HOST, draft).and_then(|text| sentinel::gtw_host(&text, draft));
    let gtw_port = text(lookup, GTW_PORT, draft).and_then(|text| port(text, draft));
    let metrics = text(lookup, METRICS_PORT, draft).and_then(|text| port(text, draft));
    draft.put("sentinel.gtw_host", gtw, |s| &mut s.sentinel.gtw_host);
    draft.put("sentinel.gtw_port", gtw_port, |s| &mut s.sentinel.gtw_port);
    draft.put("sentinel.metrics_port", metrics, |s| &mut s.sentinel.metrics_port);
    let host = text(lookup, GATEWAY_HOST, draft);
    let port = text(lookup, GATEWAY_PORT, draft).and_then(|text| port(text, draft));
    if let Some(host) = host {
        draft.first_gateway().host = host;
    }
    if let Some(port) = port {
        draft.first_gateway().cmd_port = port;
    }
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

/// The names of this layer, for help texts.
#[must_use]
pub const fn names() -> [&'static str; 9] {
    [
        GATEWAY_HOST,
        GATEWAY_PORT,
        KILL_SWITCH_FILE,
        HUB_HOST,
        HUB_PORT,
        GTW_HOST,
        GTW_PORT,
        METRICS_PORT,
        EODHD_API_TOKEN,
    ]
}
