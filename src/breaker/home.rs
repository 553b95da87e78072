//! Where everything that belongs to one latch is kept.

use super::file::{Probe, probe_soon};
use crate::audit::record::line_sha;
use crate::audit::{Chain, SyslogSocket};
use crate::domain::EngageId;
use crate::host::{Identity, world};
use std::io::Result;
use std::path::{Path, PathBuf};

/// The private directory of one latch under the state directory: audit log,
/// agent's lock and socket. Named by the latch's path, so that two latches
/// of one user never share an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatchHome {
    /// The latch file.
    pub latch: PathBuf,
    /// Its directory.
    pub dir: PathBuf,
    /// Where the heads of its audit chains go after every line.
    pub syslog: Option<SyslogSocket>,
}

impl LatchHome {
    /// For `latch` below `state_dir`; touches nothing.
    #[must_use]
    pub fn new(state_dir: &Path, latch: &Path) -> Self {
        let sha = line_sha(latch.as_os_str().as_encoded_bytes());
        let short = sha.get(..12).unwrap_or_default();
        let dir = state_dir.join(format!("latch-{short}"));
        Self { latch: latch.to_owned(), dir, syslog: None }
    }

    /// The same, with its audit heads going to this socket.
    #[must_use]
    pub fn telling(self, syslog: Option<SyslogSocket>) -> Self {
        Self { syslog, ..self }
    }

    /// A chain of this process in the audit log; `role` says what writes.
    #[must_use]
    pub fn chain(&self, role: &str) -> Chain {
        Chain::new(&self.audit(), Identity::here(), role).telling(self.syslog.clone())
    }

    /// Makes the directory, private to this user.
    ///
    /// # Errors
    /// The system's; or that somebody else owns it.
    pub fn prepare(&self) -> Result<()> {
        world::here(|world| world.make_private_dir(&self.dir))
    }

    /// The audit chains.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.dir.join("audit")
    }

    /// The latch's stand-in, while the latch itself can't be made. Every
    /// process of this state directory obeys it.
    #[must_use]
    pub fn fallback(&self) -> PathBuf {
        self.dir.join("latch.fallback")
    }

    /// The decision that the latch names, or its stand-in where there is no
    /// latch: what a reset has to name.
    #[must_use]
    pub fn named(&self) -> Option<EngageId> {
        [&self.latch, &self.fallback()].into_iter().find_map(|path| match probe_soon(path) {
            Probe::Present { body, .. } => Some(body.engage_id),
            Probe::Absent | Probe::Doubt(_) => None,
        })?
    }

    /// Held by the elected agent; holds its process id.
    #[must_use]
    pub fn agent_lock(&self) -> PathBuf {
        self.dir.join("agent.lock")
    }

    /// Where the agent listens.
    #[must_use]
    pub fn agent_socket(&self) -> PathBuf {
        self.dir.join("agent.sock")
    }
}
