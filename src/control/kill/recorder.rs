//! An audit chain behind a mailbox: the disk never delays the kill.

use crate::audit::{Act, Chain};
use crate::breaker::LatchHome;
use crate::domain::Text;
use crate::host::clock;
use crossbeam_channel as channel;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Between two tries at what could not be written: first and longest. Each try
/// on a sick disk may leave a file behind.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_mins(1));
/// Whoever waits for a record waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What has begun to take effect ends within this time, or the disk is gone.
const ENDING: Duration = Duration::from_secs(30);
/// Records that are kept for a disk that takes none; then the oldest goes.
const OWED: usize = 4_096;

type Done = channel::Sender<Result<(), Text>>;

/// Shared by who waits for a record and who writes it: whichever speaks first.
#[derive(Clone, Debug, Default)]
struct Wanted(Arc<AtomicU8>);

impl Wanted {
    const EFFECTIVE: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn first(&self, word: u8) -> bool {
        self.0.compare_exchange(0, word, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

enum Note {
    /// To be written; whoever waits for it hears how it went.
    Act(Box<Act>, Option<(Wanted, Done)>),
    /// Everything before is written, or lost.
    Reached(channel::Sender<()>),
}

/// The writing thread.
pub struct Recorder {
    notes: channel::Sender<Note>,
}

impl Recorder {
    /// Starts it; what can't be written is told as an alarm.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        home: &LatchHome,
        role: &str,
        alarm: impl FnMut(Text) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (notes, inbox) = channel::unbounded::<Note>();
        let mut desk = Desk::new(home.chain(role), alarm);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
            loop {
                match inbox.recv_timeout(desk.patience()) {
                    Ok(Note::Act(act, None)) => {
                        tracing::trace!("audit: {act:?}");
                        desk.put(*act);
                    }
                    Ok(Note::Act(act, Some((wanted, done)))) => {
                        let outcome = desk.put_now(*act, || wanted.first(Wanted::EFFECTIVE));
                        let _ = done.send(outcome);
                    }
                    Ok(Note::Reached(done)) => {
                        desk.due = 0;
                        desk.again();
                        let _ = done.send(());
                    }
                    Err(channel::RecvTimeoutError::Timeout) => desk.again(),
                    Err(channel::RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { notes })
    }

    /// Records, some time soon.
    pub fn record(&self, act: Act) {
        let _ = self.notes.send(Note::Act(Box::new(act), None));
    }

    /// Records and waits until it is durable, at most 5 s. What is given up
    /// takes no effect later, when the disk answers after all.
    ///
    /// # Errors
    /// Why it is not known to be on disk.
    pub fn record_now(&self, act: Act) -> Result<(), Text> {
        let (done, outcome) = channel::bounded(1);
        let wanted = Wanted::default();
        let _ = self.notes.send(Note::Act(Box::new(act), Some((wanted.clone(), done))));
        if let Ok(outcome) = outcome.recv_timeout(PATIENCE) {
            return outcome;
        }
        let silent = || Err(Text::new("the audit log's disk does not answer"));
        if wanted.first(Wanted::GIVEN_UP) {
            return silent();
        }
        outcome.recv_timeout(ENDING).unwrap_or_else(|_| silent())
    }

    /// Waits until everything recorded so far is written, at most `wait`: a
    /// process that ends takes its mailbox with it.
    pub fn flush(&self, wait: Duration) {
        let (done, reached) = channel::bounded(1);
        let _ = self.notes.send(Note::Reached(done));
        let _ = reached.recv_timeout(wait);
    }
}

/// The chain, and what it owes: a record that could not be written is kept
/// and tried again, in its order, for as long as the process lives. A record
/// written late bears the time of its writing.
pub(super) struct Desk<A> {
    chain: Chain,
    owed: VecDeque<Act>,
    alarm: A,
    /// Written late, and given up, since the disk refused; why it did.
    late: u64,
    lost: u64,
    why: Text,
    /// The pause before the next try, and when that is (monotonic ns).
    pause: Duration,
    due: u64,
}

impl<A: FnMut(Text)> Desk<A> {
    pub fn new(chain: Chain, alarm: A) -> Self {
        Self {
            chain,
            owed: VecDeque::new(),
            alarm,
            late: 0,
            lost: 0,
            why: Text::default(),
            pause: RETRY.0,
            due: 0,
        }
    }

    /// How long nothing has to be done.
    pub fn patience(&self) -> Duration {
        if self.owed.is_empty() {
            return Duration::from_hours(1);
        }
        Duration::from_nanos(self.due.saturating_sub(clock::mono_ns()))
    }

    /// Writes, now or when it can be.
    pub fn put(&mut self, act: Act) {
        if self.owed.is_empty() {
            let Err(why) = write(&mut self.chain, act.clone()) else { return };
            let words = format!("audit log can't be written, kept and tried on: {why}");
            (self.alarm)(Text::new(&words));
            self.why = why;
            self.owed.push_back(act);
            self.wait(RETRY.0);
        } else {
            if self.owed.len() >= OWED {
                // What engages is the last to go.
                let engages = |a: &Act| {
                    matches!(a, Act::Engage { .. } | Act::External { .. } | Act::Disarm { .. })
                };
                let oldest = self.owed.iter().position(|a| !engages(a)).unwrap_or_default();
                self.owed.remove(oldest);
                self.lost += 1;
            }
            self.owed.push_back(act);
            self.again();
        }
    }

    /// Writes now or not at all: what is asked for must not happen later.
    ///
    /// # Errors
    /// Why it is not known to be on disk.
    pub fn put_now(&mut self, act: Act, wanted: impl FnOnce() -> bool) -> Result<(), Text> {
        self.due = 0;
        self.again();
        if !self.owed.is_empty() {
            return Err(Text::new("the audit log can't be written; earlier records wait for it"));
        }
        self.chain.append_while(act, wanted).map_err(|e| Text::new(&e.to_string()))
    }

    fn wait(&mut self, pause: Duration) {
        self.pause = pause;
        self.due = clock::now().plus(pause).mono_ns;
    }

    /// Another try at what is owed, when it is due.
    pub fn again(&mut self) {
        if self.owed.is_empty() || clock::mono_ns() < self.due {
            return;
        }
        while let Some(act) = self.owed.front() {
            if self.chain.append(act.clone()).is_err() {
                return self.wait((self.pause * 2).min(RETRY.1));
            }
            self.owed.pop_front();
            self.late += 1;
        }
        let (late, lost) = (std::mem::take(&mut self.late), std::mem::take(&mut self.lost));
        let words = format!("audit log can be written again: {late} records late, {lost} lost");
        (self.alarm)(Text::new(&words));
        // On record too, once: what fails here is owed to nobody.
        let text = Text::new(&format!("{words}; it had said: {}", self.why));
        let _ = self.chain.append(Act::Alarm { text, count: late + lost });
    }
}

/// Once more after a failure: a new file may be had where the old descriptor
/// is lost.
fn write(chain: &mut Chain, act: Act) -> Result<(), Text> {
    let outcome = chain.append(act.clone()).or_else(|_| chain.append(act));
    outcome.map_err(|e| Text::new(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{LedgerReader, read_dir};
    use crate::host::ids;

    #[test]
    fn what_could_not_be_written_is_written_later_in_its_order_and_a_reset_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(dir.path(), &dir.path().join("latch"));
        home.prepare().unwrap();
        let at = home.audit();
        // A file where the directory should be.
        std::fs::write(&at, "").unwrap();
        let mut said = Vec::new();
        let mut desk = Desk::new(home.chain("test"), |text| said.push(text));
        let tampered = |n: u8| Act::Tampered { ids: vec![ids::engage_id(); usize::from(n)] };
        desk.put(tampered(1));
        desk.put(tampered(2));
        assert!(desk.put_now(tampered(9), || true).is_err());
        assert!(desk.patience() > Duration::ZERO && desk.patience() <= RETRY.1);
        std::fs::remove_file(&at).unwrap();
        desk.put(tampered(3));
        assert!(desk.put_now(tampered(4), || true).is_ok());
        assert_eq!(desk.patience(), Duration::from_hours(1));
        drop(desk);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[1].as_str().contains("3 records late, 0 lost"), "{said:?}");
        let records = read_dir(&at).remove(0).1;
        assert!(records.iter().any(|r| matches!(&r.act, Act::Alarm { count: 3, .. })));
        let counts: Vec<usize> = records
            .iter()
            .filter_map(|r| if let Act::Tampered { ids } = &r.act { Some(ids.len()) } else { None })
            .collect();
        assert_eq!(counts, [1, 2, 3, 4]);
    }

    #[test]
    fn a_reset_that_nobody_waits_for_any_more_takes_no_effect() {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(dir.path(), &dir.path().join("latch"));
        home.prepare().unwrap();
        let mut desk = Desk::new(home.chain("test"), |_| {});
        let id = ids::engage_id();
        let reset = || Act::Reset {
            ids: vec![id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        };
        let was_reset = || LedgerReader::new(&home.audit()).refresh().unwrap().was_reset(id);
        assert!(desk.put_now(reset(), || false).is_err());
        assert!(!was_reset());
        // Nor does the next line, of whatever kind, bring it about.
        desk.put(Act::Tampered { ids: Vec::new() });
        assert!(!was_reset());
        assert!(desk.put_now(reset(), || true).is_ok());
        assert!(was_reset());
    }
}
