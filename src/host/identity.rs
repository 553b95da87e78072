//! Who runs this process, and where.

use super::{clock, ids};
use crate::domain::{GatewayAddr, Intent, KillIntent, Stamp, Text};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The answer to "who was it": goes into the latch, the audit log and status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Login name, or `uid 1000` where there is none.
    pub user: Text,
    /// Numeric user.
    pub uid: u32,
    /// Where the SSH session came from (`192.0.2.7 51022`), empty without.
    pub ssh: Text,
    /// Host name.
    pub host: Text,
    /// Identity of this boot, `unknown` where the kernel does not say.
    pub boot_id: Text,
    /// Process id.
    pub pid: u32,
}

impl Identity {
    /// Reads environment, host name and boot id of this process.
    #[must_use]
    pub fn here() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
        let ssh = std::env::var("SSH_CONNECTION").unwrap_or_default();
        let origin: Vec<&str> = ssh.split(' ').take(2).collect();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Self {
            user: user.map_or_else(|| Text::new(&format!("uid {uid}")), |u| Text::limited(&u, 64)),
            uid,
            ssh: Text::limited(&origin.join(" "), 80),
            host: Text::limited(&rustix::system::uname().nodename().to_string_lossy(), 64),
            boot_id: boot.map_or_else(|| Text::new("unknown"), |b| Text::limited(b.trim(), 40)),
            pid: std::process::id(),
        }
    }

    /// `user@host`, with the SSH origin where there is one.
    #[must_use]
    pub fn operator(&self) -> Text {
        if self.ssh.is_empty() {
            Text::new(&format!("{}@{}", self.user, self.host))
        } else {
            Text::new(&format!("{}@{} from {}", self.user, self.host, self.ssh))
        }
    }

    /// A new decision of this operator's, at `pressed` (none: now), with a
    /// fresh identity.
    #[must_use]
    pub fn decide(
        &self,
        intent: Intent,
        reason: Text,
        pressed: Option<Stamp>,
        latch: &Path,
        targets: &[GatewayAddr],
    ) -> KillIntent {
        KillIntent {
            engage_id: ids::engage_id(),
            intent,
            operator: self.operator(),
            host: self.host.clone(),
            boot_id: self.boot_id.clone(),
            reason,
            pressed: pressed.unwrap_or_else(clock::now),
            latch: latch.to_owned(),
            targets: targets.to_vec(),
            drill: false,
        }
    }
}
