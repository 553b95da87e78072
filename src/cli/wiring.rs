//! From settings to what the rooms are started with: once, for every verb.

use super::Failure;
use crate::audit::SyslogSocket;
use crate::breaker::{Gate, LatchHome, Verdict, WatchConfig, Watcher};
use crate::config::{Settings, SyslogChoice};
use crate::control::kill::{AgentSpec, Hand, HandConfig, KillRules};
use crate::domain::Text;
use crate::event::Sender;
use crate::feeds::polls::Rhythm;
use crate::feeds::ticks::Limits;
use crate::host::Identity;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The role of a rehearsal: what a hand of it decides is marked as one.
pub const DRILL: &str = "drill";

/// The latch and its private directory.
#[must_use]
pub fn latch_home(settings: &Settings) -> LatchHome {
    LatchHome::new(&absolute(&settings.state_dir), &absolute(&settings.kill_switch_file))
        .telling(syslog(&settings.audit.syslog))
}

/// Where the heads of the audit chains go. A daemon's socket on this very
/// host is no address that somebody would have to configure.
fn syslog(choice: &SyslogChoice) -> Option<SyslogSocket> {
    match choice {
        SyslogChoice::Off => None,
        SyslogChoice::Auto => {
            Some(SyslogSocket { path: PathBuf::from("/dev/log"), required: false })
        }
        SyslogChoice::At(path) => Some(SyslogSocket { path: path.clone(), required: true }),
    }
}

/// A relative latch would mean another file to the agent, whose directory is
/// the root.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Where sessions are recorded.
#[must_use]
pub fn recordings(settings: &Settings) -> PathBuf {
    absolute(&settings.state_dir).join("recordings")
}

/// Everything of mission control, where `mission.toml` names no other place.
#[must_use]
pub fn mission(settings: &Settings) -> PathBuf {
    absolute(&settings.state_dir).join("mission")
}

/// Further latches, absolute.
#[must_use]
pub fn extra(settings: &Settings) -> Vec<PathBuf> {
    settings.extra_latches.iter().map(|p| absolute(p)).collect()
}

/// What the breaker's watcher looks at; `role` as in the audit log.
#[must_use]
pub fn watch_config(settings: &Settings, role: &'static str) -> WatchConfig {
    WatchConfig { home: latch_home(settings), extra: extra(settings), role }
}

/// A running watch of the configured latch.
pub fn watch(
    settings: &Settings,
    role: &'static str,
    gate: Arc<Gate>,
    tell: impl FnMut(Verdict) + Send + 'static,
) -> Watcher {
    Watcher::start(watch_config(settings, role), gate, tell)
}

/// How to find or start the agent of this latch.
///
/// # Errors
/// The system's, when it does not say which file this program is.
pub fn agent_spec(settings: &Settings) -> io::Result<AgentSpec> {
    Ok(AgentSpec {
        exe: std::env::current_exe()?,
        home: latch_home(settings),
        extra: extra(settings),
        gateways: settings.gateways.clone(),
        kill: KillRules {
            proof_interval_ms: settings.kill.proof_interval_ms,
            enforce_interval_ms: settings.kill.enforce_interval_ms,
            flatten_on_external: settings.kill.flatten_on_external,
        },
        publish: settings.audit.publish.clone(),
        state_dir: absolute(&settings.state_dir),
    })
}

/// A hand for a console (`warm`) or for one command.
///
/// # Errors
/// When the host does not say which file this program is, or has no thread
/// to give.
pub fn hand(
    settings: &Settings,
    role: &'static str,
    warm: bool,
    gate: Arc<Gate>,
    sender: Sender,
) -> Result<Hand, Failure> {
    let no_hand = |e| Failure::failed(format!("the kill thread can't be started: {e}"));
    let config = HandConfig {
        agent: agent_spec(settings).map_err(no_hand)?,
        who: Identity::here(),
        role,
        reason: Text::new("kill chord of the console"),
        drill: role == DRILL,
        warm,
    };
    Hand::start(config, gate, sender).map_err(no_hand)
}

/// What a tick feed puts up with.
#[must_use]
pub const fn limits(settings: &Settings) -> Limits {
    Limits {
        max_message: settings.feed.max_message_bytes,
        silence: Duration::from_millis(settings.feed.rebuild_after_silence_ms),
    }
}

/// How often a gateway is asked.
#[must_use]
pub const fn rhythm(settings: &Settings) -> Rhythm {
    let poll = &settings.poll;
    Rhythm {
        heartbeat: Duration::from_millis(poll.heartbeat_ms),
        positions: Duration::from_millis(poll.positions_ms),
        account: Duration::from_millis(poll.account_ms),
        timeout: Duration::from_millis(poll.timeout_ms),
    }
}
