//! From settings to what the rooms are started with: once, for every verb.

use crate::breaker::{LatchHome, WatchConfig};
use crate::config::Settings;
use crate::control::kill::{AgentSpec, KillRules};
use std::io;

/// The latch and its private directory.
#[must_use]
pub fn latch_home(settings: &Settings) -> LatchHome {
    LatchHome::new(&settings.state_dir, &settings.kill_switch_file)
}

/// What the breaker's watcher looks at; `role` as in the audit log.
#[must_use]
pub fn watch_config(settings: &Settings, role: &'static str) -> WatchConfig {
    WatchConfig { home: latch_home(settings), extra: settings.extra_latches.clone(), role }
}

/// How to find or start the agent of this latch.
///
/// # Errors
/// The system's, when it does not say which file this program is.
pub fn agent_spec(settings: &Settings) -> io::Result<AgentSpec> {
    Ok(AgentSpec {
        exe: std::env::current_exe()?,
        home: latch_home(settings),
        extra: settings.extra_latches.clone(),
        gateways: settings.gateways.clone(),
        kill: KillRules {
            proof_interval_ms: settings.kill.proof_interval_ms,
            enforce_interval_ms: settings.kill.enforce_interval_ms,
            flatten_on_external: settings.kill.flatten_on_external,
        },
        state_dir: settings.state_dir.clone(),
    })
}
