//! How a connection stands, and whether the peer is one of ours.

use serde::{Deserialize, Serialize};

/// How a link stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Not connected yet, trying.
    #[default]
    Connecting,
    /// TCP and the ZMTP handshake are done.
    Up,
    /// It was up and is not.
    Down,
}

/// A peer's identity as far as it was proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fingerprint {
    /// It has not answered yet.
    #[default]
    Unknown,
    /// HEARTBEAT answered as Protocol v1.0 demands.
    V1,
    /// It answered something else: nothing more is sent to it.
    NotV1,
}
