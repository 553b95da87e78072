//! `[eodhd]` and `[hub]`: whom a sentinel asks for bars and for a prediction.

use super::Problem;
use super::file::narrow;
use super::load::Draft;
use super::origin::Sourced;
use super::section::Section;
use super::settings::empty_path;
use crate::domain::Endpoint;
use serde::Serialize;
use std::path::PathBuf;

/// The data service with hourly bars. The token is not among the settings:
/// `config::token` reads it where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EodhdSettings {
    /// Where its `/api` is: https, or http on this machine.
    pub base_url: String,
    /// A file with the token; the environment's `EODHD_API_TOKEN` wins.
    #[serde(serialize_with = "empty_path")]
    pub token_file: Option<PathBuf>,
    /// Longest wait for a whole answer, in seconds.
    pub timeout_s: u64,
    /// Authorities (PEM) to trust instead of the built-in ones.
    #[serde(serialize_with = "empty_path")]
    pub ca_file: Option<PathBuf>,
    /// Most hours of open market after the last bar; 0 takes any.
    pub max_age_h: u64,
}

/// The model server (HUB).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HubSettings {
    /// Host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Longest wait for an answer, in ms.
    pub timeout_ms: u64,
}

impl Default for EodhdSettings {
    fn default() -> Self {
        Self {
            base_url: String::from("https://eodhistoricaldata.com"),
            token_file: None,
            timeout_s: 10,
            ca_file: None,
            max_age_h: 4,
        }
    }
}

impl Default for HubSettings {
    fn default() -> Self {
        Self { host: String::from("127.0.0.1"), port: 5_001, timeout_ms: 1_000 }
    }
}

/// Reads `[eodhd]`.
pub fn eodhd(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let base = section.text("base_url", &mut draft.problems);
    let base = base.and_then(|text| match base_url(text.value) {
        Ok(()) => Some(text.map(str::to_owned)),
        Err((cause, next)) => {
            let cause = format!("eodhd.base_url {cause}");
            draft.problems.push(Problem::new(text.origin, cause, next));
            None
        }
    });
    let token = section.path_or_none("token_file", &mut draft.problems);
    let timeout = section.integer("timeout_s", 1..=60, &mut draft.problems);
    let authorities = section.path_or_none("ca_file", &mut draft.problems);
    let age = section.integer("max_age_h", 0..=168, &mut draft.problems);
    draft.put("eodhd.base_url", base, |s| &mut s.eodhd.base_url);
    draft.put("eodhd.token_file", token, |s| &mut s.eodhd.token_file);
    draft.put("eodhd.timeout_s", timeout, |s| &mut s.eodhd.timeout_s);
    draft.put("eodhd.ca_file", authorities, |s| &mut s.eodhd.ca_file);
    draft.put("eodhd.max_age_h", age, |s| &mut s.eodhd.max_age_h);
}

/// Reads `[hub]`.
pub fn hub(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let name = section.text("host", &mut draft.problems);
    let name = name.and_then(|text| host(text.map(str::to_owned), draft));
    let port = section.integer("port", 1..=65_535, &mut draft.problems);
    let timeout = section.integer("timeout_ms", 50..=60_000, &mut draft.problems);
    draft.put("hub.host", name, |s| &mut s.hub.host);
    draft.put("hub.port", port.map(narrow), |s| &mut s.hub.port);
    draft.put("hub.timeout_ms", timeout, |s| &mut s.hub.timeout_ms);
}

/// A host that the HUB may have.
pub(super) fn host(text: Sourced<String>, draft: &mut Draft) -> Option<Sourced<String>> {
    match Endpoint::new(&text.value, 1) {
        Ok(_) => Some(text),
        Err(e) => {
            let next = "give a host name or an IP address, the port apart";
            draft.problems.push(Problem::new(text.origin, format!("hub.host: {e}"), next));
            None
        }
    }
}

/// Whether an address may be sent the token: https to anywhere, http only to
/// this machine, since it would show the token to everybody on the way.
///
/// # Errors
/// Cause and next step, without the address: it may hold a secret itself.
pub fn base_url(text: &str) -> Result<(), (&'static str, &'static str)> {
    let write = "write it as \"https://eodhistoricaldata.com\"";
    let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(("begins neither with https:// nor with http://", write)),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(("holds a name or a password", "remove it: the token is all that is sent"));
    }
    if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._~-".contains(&b)) {
        return Err(("holds more than scheme, host, port and path", write));
    }
    let named = || ("names no host", write);
    let with_port = authority.rsplit_once(':').filter(|_| !authority.ends_with(']'));
    let (name, port) = match with_port {
        Some((name, port)) => {
            (name, port.parse::<u16>().map_err(|_| ("has no sound port", write))?)
        }
        None => (authority, 443),
    };
    let endpoint = Endpoint::new(name, port).map_err(|_| named())?;
    if !secure && !endpoint.is_loopback() {
        return Err((
            "is http to another machine: everybody on the way would read the token",
            "write https://, or reach it through a tunnel that ends on this machine",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_over_tls_or_stays_here() {
        for good in [
            "https://eodhistoricaldata.com",
            "https://eodhd.example:8443/mirror/v1",
            "http://127.0.0.1:8000",
            "http://localhost/eodhd",
            "http://[::1]:9",
        ] {
            assert_eq!(base_url(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("eodhistoricaldata.com", "begins neither"),
            ("ftp://eodhd.example", "begins neither"),
            ("http://eodhd.example", "http to another machine"),
            ("https://name:pass@eodhd.example", "a name or a password"),
            ("https://eodhd.example/?api_token=x", "more than scheme"),
            ("https://", "names no host"),
            ("https://eodhd.example:port", "no sound port"),
            ("https://eodhd.example:0", "names no host"),
            ("https://a b", "names no host"),
        ] {
            let (said, next) = base_url(bad).unwrap_err();
            assert!(said.contains(cause) && !next.is_empty(), "{bad}: {said}");
        }
    }
}
