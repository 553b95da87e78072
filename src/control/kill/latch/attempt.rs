//! One try at making the latch.

use super::{LatchStep, Log};
use crate::audit::ForeignLatch;
use crate::breaker::file::{self, CreateError, Probe};
use crate::breaker::{LatchHome, body};
use crate::domain::{EngageId, KillIntent, Text};
use crate::host::clock;
use std::time::Duration;

/// Looks again after meeting a file, in case a reset was taking it away.
pub const LOOKS: u32 = 10;
/// Between two of them.
pub const PAUSE: Duration = Duration::from_millis(20);

/// Makes the latch. The first reason stays: a file that exists is left alone,
/// and only synced. Unless this is the `first` asking for the decision, the
/// `log` is asked before anything is made.
///
/// # Errors
/// The system's words, when there is no file and none could be made. A file
/// that is there but not on disk is told, and is no error: it holds.
pub fn make(
    intent: &KillIntent,
    first: bool,
    home: &LatchHome,
    log: &mut Log,
    tell: &mut dyn FnMut(LatchStep),
) -> Result<(), Text> {
    let (mut told, mut synced, mut met_last) = (false, false, None);
    for _ in 0..LOOKS {
        let plan = if told || !first {
            let seen = file::probe(&intent.latch);
            let plan = plan(&seen, told, || log.was_reset(intent.engage_id));
            met_last = met_of(seen).or(met_last);
            plan
        } else {
            Plan::Create
        };
        let met = match plan {
            Plan::Over => return Ok(()),
            Plan::Doubt(_) if told => false,
            Plan::Doubt(why) => return Err(why),
            Plan::Meet => true,
            Plan::Create => match file::create(&intent.latch) {
                Ok(created) => {
                    tell(LatchStep::Visible { at: clock::mono_ns(), ours: true });
                    if met_last.is_some_and(|met| taken_away(&met, log)) {
                        tell(LatchStep::Again);
                    }
                    durable(
                        created.make_durable(&body::compose(intent, &home.audit())),
                        intent,
                        home,
                        tell,
                    );
                    return Ok(());
                }
                Err(CreateError::Exists) => true,
                Err(e @ CreateError::Io { .. }) => return Err(Text::new(&e.to_string())),
            },
        };
        if met && !told {
            told = true;
            tell(LatchStep::Visible { at: clock::mono_ns(), ours: false });
        }
        if met && !synced {
            let seen = file::probe(&intent.latch);
            synced = is_written(&seen);
            met_last = met_of(seen).or(met_last);
            if synced {
                durable(file::sync(&intent.latch), intent, home, tell);
            }
        }
        clock::sleep(PAUSE);
    }
    // Somebody's file stands, and stood at every look.
    if !synced {
        durable(file::sync(&intent.latch), intent, home, tell);
    }
    Ok(())
}

/// What a look allows.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing is there, and no reset took it away.
    Create,
    /// Something is there: it is never tried to make another, for a reset may
    /// take it away between the look and the try.
    Meet,
    /// The decision was reset.
    Over,
    /// It can't be told.
    Doubt(Text),
}

/// The reset is on record before the file moves, so asking after its absence
/// was seen can't miss it. One that was `met` and went while the log can't
/// say why is left to those who watch; one that never was is made.
fn plan(seen: &Probe, met: bool, reset: impl FnOnce() -> Option<bool>) -> Plan {
    match seen {
        Probe::Present { .. } => Plan::Meet,
        Probe::Doubt(why) => Plan::Doubt(why.clone()),
        Probe::Absent => match reset() {
            Some(true) => Plan::Over,
            None if met => Plan::Doubt(Text::new("the audit log can't be read")),
            Some(false) | None => Plan::Create,
        },
    }
}

/// A latch that was met, and the decision that it names.
type Met = (ForeignLatch, Option<EngageId>);

fn met_of(seen: Probe) -> Option<Met> {
    match seen {
        Probe::Present { file, body, .. } => Some((file, body.engage_id)),
        Probe::Absent | Probe::Doubt(_) => None,
    }
}

/// Whether what was met went without a reset. A log that can't be read names
/// none.
fn taken_away((file, id): &Met, log: &mut Log) -> bool {
    log.read().map_or(true, |said| {
        !said.ledger.seen_file_was_reset(file) && !id.is_some_and(|id| said.ledger.was_reset(id))
    })
}

/// Whether whoever made the file is done with its body.
fn is_written(seen: &Probe) -> bool {
    match seen {
        Probe::Present { body, form, .. } => form.is_some() || !body.timestamp.is_empty(),
        Probe::Absent | Probe::Doubt(_) => false,
    }
}

/// What the disk said. A copy in the private directory may survive where the
/// file itself does not.
fn durable(
    outcome: Result<(), CreateError>,
    intent: &KillIntent,
    home: &LatchHome,
    tell: &mut dyn FnMut(LatchStep),
) {
    match outcome {
        Ok(()) => tell(LatchStep::Durable { at: clock::mono_ns() }),
        Err(e) => {
            tell(LatchStep::Failed { why: Text::new(&e.to_string()), visible: true });
            tell(stand_in(intent, home, true));
        }
    }
}

/// Makes the second file; one that is there already serves as well. Told with
/// it: whether the latch itself is `visible`.
pub fn stand_in(intent: &KillIntent, home: &LatchHome, visible: bool) -> LatchStep {
    let path = home.fallback();
    let made = home.prepare().map_err(|e| Text::new(&e.to_string())).and_then(|()| {
        match file::create(&path)
            .and_then(|made| made.make_durable(&body::compose(intent, &home.audit())))
        {
            Ok(()) | Err(CreateError::Exists) => Ok(()),
            Err(e) => Err(Text::new(&e.to_string())),
        }
    });
    LatchStep::Fallback { path: Text::new(&path.to_string_lossy()), visible, fault: made.err() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_at_the_look_is_never_made_at_the_try() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("latch");
        let look = |met, reset| plan(&file::probe(&latch), met, || reset);
        assert_eq!([true, false].map(|met| look(met, Some(false))), [Plan::Create, Plan::Create]);
        assert_eq!([true, false].map(|met| look(met, Some(true))), [Plan::Over, Plan::Over]);
        assert!(matches!(look(true, None), Plan::Doubt(_)));
        assert_eq!(look(false, None), Plan::Create);
        std::fs::write(&latch, "").unwrap();
        assert_eq!(look(true, Some(false)), Plan::Meet);
        let lost = plan(&file::probe(&dir.path().join("gone/latch")), false, || Some(false));
        assert!(matches!(lost, Plan::Doubt(_)), "{lost:?}");
    }
}
