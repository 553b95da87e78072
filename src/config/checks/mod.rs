//! Checks of the mesh, as data: which part, by which kind of look, how long,
//! how often, and what to do when it fails.
//!
//! What belongs here: nodes, checks, profiles and their reading. What does
//! not: looking; that is the room `mesh`.

pub mod profile;
mod read;
#[cfg(test)]
mod tests;

pub use profile::{EMBEDDED, Profile};
pub(super) use read::{checks, mesh, nodes};

use super::Origin;
use crate::domain::{Endpoint, Text};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

/// `[mesh]`, `[[node]]` and `[[check]]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MeshSettings {
    /// A profile in place of the embedded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<PathBuf>,
    /// Where relative paths of checks begin; none: as the profile says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// Whether the console runs the checks at their periods.
    pub watch: bool,
    /// Nodes, over those of the profile.
    #[serde(skip)]
    pub nodes: Vec<Node>,
    /// Checks, over those of the profile.
    #[serde(skip)]
    pub checks: Vec<Check>,
}

/// A host of the mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name: `GTW`.
    pub name: Text,
    /// Where it is; none keeps what the profile or the gateway says.
    pub host: Option<String>,
    /// It is the first gateway of the settings: host and ports are that one's.
    pub gateway: bool,
    /// Where it was written.
    pub at: Origin,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its node.
    pub node: Text,
    /// Its name, unique on the node.
    pub name: Text,
    /// Of the documented four phases; none is beside them.
    pub phase: Option<u8>,
    /// Whether trading depends on it.
    pub critical: bool,
    /// Longest wait of one look.
    pub timeout: Duration,
    /// Between two looks.
    pub period: Duration,
    /// What to do when it fails, before what the look itself advises.
    pub next: Text,
    /// How to look.
    pub probe: Probe,
    /// Where it was written.
    pub at: Origin,
}

/// An address of a check: what is left out is the node's, or the kind's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Host; none until the profile is put together.
    pub host: Option<String>,
    /// Port; none until then.
    pub port: Option<u16>,
}

impl At {
    /// Where it is, once it is known.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::new(self.host.as_deref()?, self.port?).ok()
    }
}

/// How to look, a kind each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A TCP connection; proves no more than an open port.
    Tcp(At),
    /// An echo request.
    Icmp(At),
    /// A name that must be found.
    Dns {
        /// The name.
        name: String,
        /// Whom to ask; none is the system's resolver.
        server: Option<Endpoint>,
    },
    /// A request over HTTP or HTTPS.
    Http(Http),
    /// HEARTBEAT of Protocol v1.0.
    Heartbeat(At),
    /// A quote that comes.
    Ticks(At),
    /// `PING`, answered by `+PONG`.
    Redis(At),
    /// A startup packet, answered as `PostgreSQL` does.
    Postgres {
        /// Where.
        at: At,
        /// The role that is named; it needs no rights.
        user: String,
    },
    /// Something at this path.
    File(PathBuf),
    /// A file that may be run.
    Executable(PathBuf),
    /// A program that ends well.
    Command {
        /// Program and arguments; no shell reads them.
        argv: Vec<String>,
        /// What its output must contain; empty for anything.
        contains: String,
    },
    /// A hook of a git repository, there and executable.
    GitHook {
        /// The work tree.
        repo: PathBuf,
        /// The hook's name.
        hook: String,
    },
    /// A login by key, without a password.
    Ssh(Ssh),
    /// Whether another host sees the latch as this one does.
    Latch {
        /// The login.
        ssh: Ssh,
        /// The lock file over there; none is the path of this host.
        path: Option<String>,
        /// The host speaks `PowerShell`.
        windows: bool,
    },
    /// Room on a file system.
    Disk {
        /// Anything on it.
        path: PathBuf,
        /// Megabytes that must be free.
        min_free_mb: u64,
    },
    /// Memory that can be had.
    Memory {
        /// Megabytes that must be available.
        min_free_mb: u64,
    },
    /// This host's clock against a time server (SNTP).
    Clock {
        /// The server.
        at: At,
        /// Largest difference, in milliseconds.
        max_ms: u64,
    },
    /// A unit of systemd, active.
    Unit(String),
}

/// A request over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where to connect.
    pub at: At,
    /// HTTPS.
    pub tls: bool,
    /// What is asked for.
    pub path: String,
    /// Name for the certificate and the request; none is the host.
    pub name: Option<String>,
    /// The only authority that is trusted; none is the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// The status that counts; none counts any answer.
    pub status: Option<u16>,
    /// What the body must contain; empty for anything.
    pub contains: String,
    /// The body must be JSON.
    pub json: bool,
}

/// A login over SSH, by the system's `ssh`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssh {
    /// Where; the port is the client's own choice unless given.
    pub at: At,
    /// User; empty is the client's own choice.
    pub user: String,
    /// Private key; none is the client's own choice.
    pub identity: Option<PathBuf>,
    /// Configuration of the client in place of its own.
    pub config: Option<PathBuf>,
}

impl Probe {
    /// The word for the kind, as in the file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Icmp(_) => "icmp",
            Self::Dns { .. } => "dns",
            Self::Http(_) => "http",
            Self::Heartbeat(_) => "heartbeat",
            Self::Ticks(_) => "ticks",
            Self::Redis(_) => "redis",
            Self::Postgres { .. } => "postgres",
            Self::File(_) => "file",
            Self::Executable(_) => "executable",
            Self::Command { .. } => "command",
            Self::GitHook { .. } => "git-hook",
            Self::Ssh(_) => "ssh",
            Self::Latch { .. } => "latch",
            Self::Disk { .. } => "disk",
            Self::Memory { .. } => "memory",
            Self::Clock { .. } => "clock",
            Self::Unit(_) => "systemd",
        }
    }

    /// The address, where the kind has one.
    pub(super) const fn at_mut(&mut self) -> Option<&mut At> {
        match self {
            Self::Tcp(at)
            | Self::Icmp(at)
            | Self::Heartbeat(at)
            | Self::Ticks(at)
            | Self::Redis(at)
            | Self::Postgres { at, .. }
            | Self::Clock { at, .. } => Some(at),
            Self::Http(http) => Some(&mut http.at),
            Self::Ssh(ssh) | Self::Latch { ssh, .. } => Some(&mut ssh.at),
            _ => None,
        }
    }

    /// The path on this host, where the kind has one.
    pub(super) const fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::File(path) | Self::Executable(path) | Self::Disk { path, .. } => Some(path),
            Self::GitHook { repo, .. } => Some(repo),
            _ => None,
        }
    }
}
