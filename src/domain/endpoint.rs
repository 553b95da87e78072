//! Addresses of peers.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// A `tcp://host:port` that was configured by somebody. `crs` never connects
/// to an address that is not one of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// Why an address can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Host empty, or with characters that no host has.
    #[error("host name \"{0}\" is not a host name or address")]
    Host(super::Text),
    /// No port, or none from 1 to 65535.
    #[error("\"{0}\" has no port between 1 and 65535")]
    Port(super::Text),
}

impl Endpoint {
    /// From its parts; an IPv6 address may stand in brackets or without.
    ///
    /// # Errors
    /// [`EndpointError`] when the host has characters that no host has, or
    /// the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, EndpointError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        // `host:5555` where a host belongs is no IPv6 address, and must not
        // pass for one.
        let colons = !bare.contains(':') || is_ipv6_text(bare);
        if bare.is_empty() || bare.len() > 253 || !bare.chars().all(fits) || !colons {
            return Err(EndpointError::Host(super::Text::limited(host, 60)));
        }
        if port == 0 {
            return Err(EndpointError::Port(super::Text::limited(host, 60)));
        }
        Ok(Self { host: bare.to_owned(), port })
    }

    /// Host name or address, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What libzmq connects or binds to.
    #[must_use]
    pub fn zmq(&self) -> String {
        format!("tcp://{self}")
    }

    /// Whether it names this machine's loopback.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether the host is an IPv6 address, which libzmq must be told.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        self.host.contains(':')
    }
}

fn is_ipv6_text(host: &str) -> bool {
    let address = host.split_once('%').map_or(host, |(address, _scope)| address);
    address.parse::<std::net::Ipv6Addr>().is_ok()
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ipv6() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl std::str::FromStr for Endpoint {
    type Err = EndpointError;

    /// `host:port`, `[::1]:port`, with or without `tcp://`.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bare = s.strip_prefix("tcp://").unwrap_or(s);
        let no_port = || EndpointError::Port(super::Text::limited(s, 60));
        let (host, port) = bare.rsplit_once(':').ok_or_else(no_port)?;
        Self::new(host, port.parse().map_err(|_| no_port())?)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(d)?;
        raw.parse().map_err(serde::de::Error::custom)
    }
}

/// A named gateway: where it takes commands and where it publishes ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayAddr {
    /// Name from the configuration, `main` unless told otherwise.
    pub name: super::Text,
    /// Protocol v1.0 commands, port 5555.
    pub cmd: Endpoint,
    /// Ticks, port 5556.
    pub data: Endpoint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_every_form() {
        for (text, shown) in [
            ("127.0.0.1:5555", "127.0.0.1:5555"),
            ("tcp://localhost:1", "localhost:1"),
            ("[::1]:5555", "[::1]:5555"),
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|e| e.to_string()), Ok(shown.to_owned()));
        }
        for text in ["", "host", "host:", "host:0", "host:65536", "ho st:1", "a;b:1", ":5555"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
        assert!(Endpoint::new("fe80::1%eth0", 1).is_ok());
        assert!(Endpoint::new("127.0.0.1:5555", 5555).is_err(), "a port is no part of a host");
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        let at = |s: &str| s.parse::<Endpoint>().unwrap().is_loopback();
        assert!(at("127.0.0.1:1") && at("127.9.9.9:1") && at("localhost:1") && at("[::1]:1"));
        assert!(!at("0.0.0.0:1") && !at("gateway.example:1"));
    }
}
