//! The way back after a KILL_SWITCH: on the gateway's own host, with a
//! reason, and for the kill that was looked at. Never over the wire.
//!
//! Who may write into the state directory may reset. A running gateway takes
//! the request as a file beside its memory; one that does not run has its
//! memory rewritten under its lock.

use super::GatewayError;
use super::floor::Floor;
use super::store::{self, Reset, Saved, Store};
use crate::domain::Text;
use crate::host::{Identity, clock, ids};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// The request, beside the memory.
const REQUEST: &str = "reset.json";
/// How long a running gateway is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked of a running gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Request {
    /// Kills that there had been: a later one voids the request.
    kills: u64,
    reset: Reset,
}

/// A reset that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetDone {
    /// `req_id` of the kill that it ended.
    pub kill_id: Text,
    /// Whether a running gateway took it.
    pub running: bool,
}

/// Lets orders pass again in the gateway of `state_dir`, running or not.
/// Positions are not brought back.
///
/// # Errors
/// [`GatewayError`] when there is no reason, no kill, a later kill, or a
/// running gateway that does not take it within 5 s.
pub fn reset(state_dir: &Path, reason: &str) -> Result<ResetDone, GatewayError> {
    let reason = Text::new(reason.trim());
    if reason.is_empty() {
        return Err(GatewayError::NoReason);
    }
    let remembered =
        || store::load(state_dir)?.ok_or_else(|| GatewayError::NoMemory(state_dir.to_owned()));
    // Before the lock, so that no lock file is left where no gateway lives.
    remembered()?;
    // While the lock is held no gateway can start.
    let idle = match Store::open(state_dir) {
        Ok(store) => Some(store),
        Err(GatewayError::InUse(_)) => None,
        Err(other) => return Err(other),
    };
    let saved = remembered()?;
    let Some(kill) = &saved.killed else {
        return Err(GatewayError::NotKilled(state_dir.to_owned()));
    };
    let kill_id = kill.kill_id.clone();
    let reset = Reset {
        kill_id: kill_id.clone(),
        reason,
        by: Identity::here().operator(),
        at: clock::utc(),
        id: ids::random_u64(),
    };
    match idle {
        Some(store) => {
            let after = Saved { killed: None, last_reset: Some(reset), ..saved };
            store.save(1, &after).map_err(|cause| store.bad(cause.as_str()))?;
            Ok(ResetDone { kill_id, running: false })
        }
        None => ask(state_dir, &Request { kills: saved.kills, reset })
            .map(|()| ResetDone { kill_id, running: true }),
    }
}

fn ask(dir: &Path, request: &Request) -> Result<(), GatewayError> {
    let fault = |e| GatewayError::state_dir(dir, e);
    let text = serde_json::to_vec(request).map_err(|e| fault(e.into()))?;
    store::replace(dir, REQUEST, &text).map_err(fault)?;
    let path = dir.join(REQUEST);
    let asked = Instant::now();
    while path.exists() {
        if asked.elapsed() > PATIENCE {
            let _ = std::fs::remove_file(&path);
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let done = store::load(dir)?.and_then(|s| s.last_reset);
    if done.is_some_and(|reset| reset.id == request.reset.id) {
        return Ok(());
    }
    if asked.elapsed() > PATIENCE {
        let waited_s = PATIENCE.as_secs();
        return Err(GatewayError::ResetIgnored { path: dir.to_owned(), waited_s });
    }
    Err(GatewayError::KilledAgain)
}

/// A request that was left by somebody who did not wait for this gateway.
pub(super) fn discard(dir: &Path) {
    let _ = std::fs::remove_file(dir.join(REQUEST));
}

/// Takes a request, where there is one. The memory is written without the
/// kill before orders pass; a kill that comes meanwhile stays.
pub(super) fn take(floor: &Floor) {
    let path = floor.store.dir().join(REQUEST);
    let Ok(text) = std::fs::read(&path) else { return };
    let Ok(request) = serde_json::from_slice::<Request>(&text) else {
        tracing::error!("{REQUEST} in the state directory is no reset request: removed");
        discard(floor.store.dir());
        return;
    };
    let (generation, after) = {
        let mut core = floor.core();
        if core.engine.killed.is_none() || core.kills != request.kills {
            drop(core);
            tracing::warn!("a reset was asked for another kill than the one in force: refused");
            discard(floor.store.dir());
            return;
        }
        core.touch();
        let after = core.saved();
        (core.generation, Saved { killed: None, last_reset: Some(request.reset.clone()), ..after })
    };
    if floor.write(generation, &after).is_err() {
        // Still killed; tried again until its sender gives up.
        return;
    }
    let mut core = floor.core();
    if core.kills == request.kills {
        core.engine.killed = None;
        core.last_reset = Some(request.reset.clone());
        drop(core);
        let Reset { kill_id, reason, by, .. } = request.reset;
        tracing::warn!("[KILL_SWITCH] reset by {by}: {reason} (kill {kill_id})");
    }
    discard(floor.store.dir());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMicros;
    use crate::gateway::{GatewayOptions, SimOptions};

    fn floor(dir: &Path) -> Floor {
        let options = GatewayOptions::embedded(SimOptions::default(), dir.to_owned());
        Floor::open(&options, &[]).unwrap()
    }

    fn kill(floor: &Floor, id: &str) {
        let mut core = floor.core();
        core.engine.kill(Text::new(id), UtcMicros(1));
        core.kills += 1;
        core.touch();
        drop(core);
        floor.save().unwrap();
    }

    /// A running gateway, as far as a reset can see: it looks for requests.
    fn looking<T>(floor: &Floor, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !floor.halt.wait(Duration::from_millis(5)) {
                    take(floor);
                }
            });
            let done = work();
            floor.halt.set();
            done
        })
    }

    #[test]
    fn a_running_gateway_takes_it_and_disk_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let floor = floor(dir.path());
        kill(&floor, "k-1");
        let done = looking(&floor, || reset(dir.path(), "all clear")).unwrap();
        assert_eq!(done, ResetDone { kill_id: Text::new("k-1"), running: true });
        assert_eq!(floor.killed(), None);
        let saved = store::load(dir.path()).unwrap().unwrap();
        assert_eq!((saved.killed, saved.kills), (None, 1));
        assert_eq!(saved.last_reset.map(|r| r.reason), Some(Text::new("all clear")));
    }

    #[test]
    fn a_reset_is_only_for_the_kill_that_was_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let floor = floor(dir.path());
        kill(&floor, "k-1");
        let reset = Reset {
            kill_id: Text::new("k-1"),
            reason: Text::new("too late"),
            by: Text::new("somebody"),
            at: UtcMicros(2),
            id: 3,
        };
        kill(&floor, "k-2");
        let asked = looking(&floor, || ask(dir.path(), &Request { kills: 1, reset }));
        assert!(matches!(asked, Err(GatewayError::KilledAgain)), "{asked:?}");
        assert!(floor.killed().is_some());
        assert!(!dir.path().join(REQUEST).exists());
    }

    #[test]
    fn a_request_that_disk_does_not_take_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let floor = floor(dir.path());
        kill(&floor, "k-1");
        let saved = store::load(dir.path()).unwrap().unwrap();
        let reset = Reset {
            kill_id: Text::new("k-1"),
            reason: Text::new("why"),
            by: Text::new("somebody"),
            at: UtcMicros(2),
            id: 3,
        };
        let text = serde_json::to_vec(&Request { kills: saved.kills, reset }).unwrap();
        store::replace(dir.path(), REQUEST, &text).unwrap();
        std::fs::create_dir(dir.path().join("gateway.json.new")).unwrap();
        take(&floor);
        assert!(floor.killed().is_some(), "killed until disk says otherwise");
        std::fs::remove_dir(dir.path().join("gateway.json.new")).unwrap();
        take(&floor);
        assert!(floor.killed().is_none());
    }

    #[test]
    fn rubbish_in_the_requests_place_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let floor = floor(dir.path());
        kill(&floor, "k-1");
        std::fs::write(dir.path().join(REQUEST), "please").unwrap();
        take(&floor);
        assert!(floor.killed().is_some() && !dir.path().join(REQUEST).exists());
    }
}
