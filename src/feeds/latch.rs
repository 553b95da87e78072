//! The latch on its way to the screen, said again every second.
//!
//! The watcher speaks only of changes, so its silence would look like proof.
//! Here its last word is repeated for as long as the gate agrees with it: when
//! the gate closes first (the key was pressed, a look at the file hangs), SAFE
//! is no longer told. With it goes this console's own evidence, which is what
//! other consumers' is compared with.

use crate::breaker::{Gate, Sight, Verdict};
use crate::domain::{Evidence, LatchPhase, LatchSeen, Text};
use crate::event::{Event, EvidenceReport, Sender};
use crate::host::{Identity, clock};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What was seen is said again after this time.
const REPEAT: Duration = Duration::from_secs(1);
/// How fast a gate that closed by itself is noticed.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Shared {
    gate: Arc<Gate>,
    sender: Sender,
    host: Text,
    seen: Mutex<Option<(LatchSeen, Sight)>>,
    stop: AtomicBool,
}

/// Repeats the watcher's last word until it is dropped.
#[derive(Debug)]
pub struct LatchFeed {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LatchFeed {
    /// Starts the thread; nothing is said before the watcher has looked.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(gate: Arc<Gate>, sender: Sender) -> std::io::Result<Self> {
        let (seen, stop) = (Mutex::new(None), AtomicBool::new(false));
        let host = Identity::here().host;
        let shared = Arc::new(Shared { gate, sender, host, seen, stop });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("latch".into()).spawn(move || repeat(&shared))?
        };
        Ok(Self { shared, thread: Some(thread) })
    }

    /// For the watcher to tell its verdicts to; each is passed on at once.
    pub fn teller(&self) -> impl FnMut(Verdict) + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move |verdict| {
            *shared.seen.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((verdict.seen, verdict.sight));
            if let Some((said, sight)) = shared.honest() {
                shared.say(said, sight);
            }
        }
    }
}

impl Drop for LatchFeed {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// What was seen, unless the gate knows better.
    fn honest(&self) -> Option<(LatchSeen, Sight)> {
        let (seen, sight) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let proven = matches!(seen.phase, LatchPhase::Safe | LatchPhase::Disarmed);
        let doubt = match self.gate.permit() {
            Err(denied) if seen.phase == LatchPhase::Safe => Some(denied.0),
            _ => (proven && self.gate.is_overdue()).then(|| self.gate.why()),
        };
        Some(match doubt {
            Some(reason) => (LatchSeen { phase: LatchPhase::Blocked, reason, ..seen }, sight),
            None => (seen, sight),
        })
    }

    fn say(&self, seen: LatchSeen, sight: Sight) {
        let doubt = seen.phase == LatchPhase::Blocked;
        let evidence = Evidence {
            consumer: Text::new("console"),
            host: self.host.clone(),
            path: seen.path.clone(),
            engaged: (!doubt).then_some(seen.phase.is_engaged()),
            fault: if doubt { seen.reason.clone() } else { Text::default() },
            file: sight.file,
            dir: sight.dir,
            last_blocked: None,
            said: clock::utc(),
        };
        self.sender.send(Event::Latch(Box::new(seen)));
        self.sender.send(Event::Evidence(Box::new(EvidenceReport { feed: None, evidence })));
    }
}

fn repeat(shared: &Shared) {
    let mut last: Option<(LatchPhase, Instant)> = None;
    while !shared.stop.load(Ordering::Acquire) {
        if let Some((said, sight)) = shared.honest() {
            let due = last.is_none_or(|(phase, at)| phase != said.phase || at.elapsed() >= REPEAT);
            if last.is_none_or(|(phase, _)| phase != said.phase) {
                tracing::info!("latch: {} {}", said.phase.word(), said.reason);
            }
            if due {
                last = Some((said.phase, Instant::now()));
                shared.say(said, sight);
            }
        }
        std::thread::park_timeout(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;
    use crate::event::{Receiver, channel_pair};

    fn next(receiver: &Receiver) -> LatchSeen {
        loop {
            match receiver.urgent.recv_timeout(Duration::from_secs(20)) {
                Ok(Event::Latch(seen)) => return *seen,
                Ok(Event::Evidence(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_seen_is_evidence_too_and_doubt_claims_nothing() {
        let (sender, receiver) = channel_pair();
        let feed = LatchFeed::start(Arc::new(Gate::default()), sender).unwrap();
        for (phase, engaged) in [(LatchPhase::Durable, Some(true)), (LatchPhase::Safe, None)] {
            feed.teller()(seen(phase));
            let said = loop {
                match receiver.urgent.recv_timeout(Duration::from_secs(20)).unwrap() {
                    Event::Evidence(report) if report.evidence.engaged == engaged => break *report,
                    _ => {}
                }
            };
            assert_eq!((said.feed, said.evidence.consumer.as_str()), (None, "console"));
            assert_eq!(said.evidence.fault.is_empty(), engaged.is_some());
        }
    }

    fn seen(phase: LatchPhase) -> Verdict {
        let seen = LatchSeen { phase, reason: Text::new("as seen"), ..LatchSeen::default() };
        Verdict { seen, ..Verdict::default() }
    }

    #[test]
    fn what_was_seen_is_said_again() {
        let (sender, receiver) = channel_pair();
        let feed = LatchFeed::start(Arc::new(Gate::default()), sender).unwrap();
        feed.teller()(seen(LatchPhase::EngagedExternal));
        let times: Vec<_> = (0..3).map(|_| (next(&receiver), Instant::now())).collect();
        assert!(times.iter().all(|(s, _)| s.phase == LatchPhase::EngagedExternal));
        assert!(times[2].1 - times[0].1 >= Duration::from_millis(900));
    }

    #[test]
    fn safe_is_not_said_against_a_closed_gate() {
        let (sender, receiver) = channel_pair();
        // Nothing has proven this gate open.
        let feed = LatchFeed::start(Arc::new(Gate::default()), sender).unwrap();
        feed.teller()(seen(LatchPhase::Safe));
        let said = next(&receiver);
        assert_eq!(said.phase, LatchPhase::Blocked);
        assert_eq!(said.reason.as_str(), "not proven yet");
    }

    #[test]
    fn it_says_nothing_before_the_first_look_and_ends_at_once() {
        let (sender, receiver) = channel_pair();
        let feed = LatchFeed::start(Arc::new(Gate::default()), sender).unwrap();
        assert!(receiver.urgent.recv_timeout(Duration::from_millis(150)).is_err());
        let before = Instant::now();
        drop(feed);
        assert!(before.elapsed() < Duration::from_secs(5));
    }
}
