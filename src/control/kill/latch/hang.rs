//! A making that hangs in its file system: the thread that makes the latch
//! can't say so itself.

use super::{Tell, attempt};
use crate::breaker::LatchHome;
use crate::domain::{EngageId, KillIntent};
use crate::host::clock;
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::time::Duration;

/// A try that shows no file and no fault for so long hangs, in ns.
const HANGS: u64 = 250_000_000;

enum Word {
    Begins(Box<KillIntent>),
    Ends(EngageId),
}

/// The handle of the watching thread, which ends with it.
pub(super) struct Hang {
    words: channel::Sender<Word>,
}

impl Hang {
    /// Starts the thread. After [`HANGS`] without a word it makes the stand-in.
    pub fn start(home: &LatchHome, tell: Tell) -> std::io::Result<Self> {
        let (words, inbox) = channel::unbounded();
        let home = home.clone();
        let thread = std::thread::Builder::new().name("latch-hang".to_owned());
        thread.spawn(move || watch(&inbox, &home, &tell))?;
        Ok(Self { words })
    }

    /// Nobody watches.
    #[cfg(test)]
    pub fn nobody() -> Self {
        Self { words: channel::unbounded().0 }
    }

    /// A try begins.
    pub fn begins(&self, intent: &KillIntent) {
        let _ = self.words.send(Word::Begins(Box::new(intent.clone())));
    }

    /// A file is there, or a fault, or nothing is left to make.
    pub fn ends(&self, id: EngageId) {
        let _ = self.words.send(Word::Ends(id));
    }
}

fn watch(inbox: &channel::Receiver<Word>, home: &LatchHome, tell: &Tell) {
    let mut tries: BTreeMap<EngageId, (Box<KillIntent>, u64)> = BTreeMap::new();
    loop {
        let due = tries.values().map(|(_, since)| since.saturating_add(HANGS)).min();
        let left = due.map_or(Duration::from_hours(1), |due| {
            Duration::from_nanos(due.saturating_sub(clock::mono_ns()))
        });
        match inbox.recv_timeout(left) {
            Ok(Word::Begins(intent)) => {
                tries.insert(intent.engage_id, (intent, clock::mono_ns()));
            }
            Ok(Word::Ends(id)) => {
                tries.remove(&id);
            }
            Err(channel::RecvTimeoutError::Timeout) => {
                let now = clock::mono_ns();
                tries.retain(|_, (intent, since)| {
                    let hangs = now.saturating_sub(*since) >= HANGS;
                    if hangs {
                        tell(intent, attempt::stand_in(intent, home, false));
                    }
                    !hangs
                });
            }
            Err(channel::RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::LatchStep;
    use super::super::tests::intent;
    use super::*;
    use crate::breaker::{Probe, probe};
    use std::sync::Arc;

    #[test]
    fn a_try_that_says_nothing_has_a_stand_in_and_one_that_ends_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(dir.path(), &dir.path().join("latch"));
        let (said, told) = channel::unbounded();
        let tell: Tell = Arc::new(move |intent, step| drop(said.send((intent.engage_id, step))));
        let hang = Hang::start(&home, tell).unwrap();
        let (ended, stuck) = (intent(&home.latch), intent(&home.latch));
        hang.begins(&ended);
        hang.ends(ended.engage_id);
        std::thread::sleep(Duration::from_nanos(2 * HANGS));
        assert!(!home.fallback().exists());
        hang.begins(&stuck);
        let (id, step) = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(id, stuck.engage_id);
        assert!(matches!(step, LatchStep::Fallback { fault: None, .. }), "{step:?}");
        let Probe::Present { body, .. } = probe(&home.fallback()) else { panic!("no stand-in") };
        assert_eq!(body.engage_id, Some(stuck.engage_id));
    }
}
