//! The state file on a thread of its own. Whoever asks waits so long and no
//! longer: a disk that hangs holds up this one thread, and what finds it hanging
//! is told so at once.

use super::memory::{Memory, MemoryFault};
use crate::domain::Text;
use crate::host::clock;
use crossbeam_channel as channel;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The state file must answer within this time.
const DISK: Duration = Duration::from_secs(5);
/// Questions that may wait: more than the symbols of a cycle have.
const ROOM: usize = 256;
/// What is said of one that fell over a question.
const FELL: &str = "state file: its thread fell over the question";

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The near end.
#[derive(Debug)]
pub struct Store {
    to: channel::Sender<Job>,
    /// Since when it works on one question, ns since boot; 0 while it waits.
    busy: Arc<AtomicU64>,
    patience: Duration,
}

impl Store {
    /// Takes the file to its thread.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(memory: Memory) -> io::Result<Self> {
        Self::with_patience(memory, DISK)
    }

    fn with_patience(mut memory: Memory, patience: Duration) -> io::Result<Self> {
        let (to, from) = channel::bounded::<Job>(ROOM);
        let busy = Arc::<AtomicU64>::default();
        let since = Arc::clone(&busy);
        std::thread::Builder::new().name("sentinel-state".to_owned()).spawn(move || {
            for job in from {
                since.store(clock::mono_ns().max(1), Ordering::Release);
                // A panic is that question's: whoever asked gets no answer.
                let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
                since.store(0, Ordering::Release);
            }
        })?;
        Ok(Self { to, busy, patience })
    }

    /// Asks, and gives up after a while: what has not begun by then is not done.
    ///
    /// # Errors
    /// The file's fault, or that it does not answer.
    pub async fn remember<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Memory) -> Result<T, MemoryFault> + Send + 'static,
    ) -> Result<T, Text> {
        self.answers()?;
        let (answer, answered) = oneshot::channel();
        self.put(Box::new(move |memory| {
            if !answer.is_closed() {
                let _ = answer.send(ask(memory));
            }
        }))?;
        match timeout(self.patience, answered).await {
            Ok(Ok(answer)) => answer.map_err(|e| Text::new(&e.to_string())),
            Ok(Err(_)) => Err(Text::new(FELL)),
            Err(_) => Err(self.late()),
        }
    }

    /// The same for a thread that may wait.
    ///
    /// # Errors
    /// As [`Store::remember`].
    pub fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Memory) -> Result<T, MemoryFault> + Send + 'static,
    ) -> Result<T, Text> {
        self.answers()?;
        let given_up = Arc::new(AtomicBool::new(false));
        let (answer, answered) = channel::bounded(1);
        let late = Arc::clone(&given_up);
        self.put(Box::new(move |memory| {
            if !late.load(Ordering::Acquire) {
                let _ = answer.send(ask(memory));
            }
        }))?;
        match answered.recv_timeout(self.patience) {
            Ok(answer) => answer.map_err(|e| Text::new(&e.to_string())),
            Err(channel::RecvTimeoutError::Disconnected) => Err(Text::new(FELL)),
            Err(channel::RecvTimeoutError::Timeout) => {
                given_up.store(true, Ordering::Release);
                Err(self.late())
            }
        }
    }

    /// Leaves a change that is made however late, waits a while for it, and
    /// logs what fails; `what` names it.
    pub fn write(
        &self,
        what: String,
        change: impl FnOnce(&mut Memory) -> Result<(), MemoryFault> + Send + 'static,
    ) {
        let (done, ended) = channel::bounded::<()>(1);
        let hangs = self.answers().is_err();
        let left = self.put(Box::new(move |memory| {
            if let Err(e) = change(memory) {
                tracing::error!("{what}, and that is not on record: {e}");
            }
            drop(done);
        }));
        if let Err(why) = left {
            tracing::error!("a change is not on record: {why}");
        } else if !hangs {
            // It says nothing and is dropped when it is done.
            let _ = ended.recv_timeout(self.patience);
        }
    }

    /// Leaves a change that is made however late; never waits.
    pub fn leave(
        &self,
        what: String,
        change: impl FnOnce(&mut Memory) -> Result<(), MemoryFault> + Send + 'static,
    ) {
        let left = self.put(Box::new(move |memory| {
            if let Err(e) = change(memory) {
                tracing::error!("{what}, and that is not on record: {e}");
            }
        }));
        if let Err(why) = left {
            tracing::error!("a change is not on record: {why}");
        }
    }

    fn put(&self, job: Job) -> Result<(), Text> {
        self.to.try_send(job).map_err(|_| self.late())
    }

    /// Whether it works on no question for too long.
    fn answers(&self) -> Result<(), Text> {
        let since = self.busy.load(Ordering::Acquire);
        let busy = Duration::from_nanos(clock::mono_ns().saturating_sub(since));
        if since > 0 && busy >= self.patience { Err(self.late()) } else { Ok(()) }
    }

    fn late(&self) -> Text {
        let since = self.busy.load(Ordering::Acquire);
        let busy = Duration::from_nanos(clock::mono_ns().saturating_sub(since)).as_secs();
        let words = match since {
            0 => String::from("the state file does not answer"),
            _ => format!("the state file has not answered for {busy} s: its disk hangs"),
        };
        Text::new(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const PATIENCE: Duration = Duration::from_millis(300);

    fn store(dir: &std::path::Path) -> Store {
        Store::with_patience(Memory::open(dir).unwrap(), PATIENCE).unwrap()
    }

    #[test]
    fn a_disk_that_hangs_holds_up_one_thread_and_nobody_else_for_long() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let (release, hangs) = channel::bounded::<()>(0);
        let ran = Arc::<AtomicU64>::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let asked = runtime.block_on(store.remember(move |_| {
            let _ = hangs.recv();
            Ok(())
        }));
        assert!(asked.unwrap_err().as_str().contains("its disk hangs"));
        let start = Instant::now();
        for _ in 0..ROOM * 2 {
            let more = Arc::clone(&ran);
            let asked = runtime.block_on(store.remember(move |_| {
                more.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }));
            assert!(asked.is_err());
            assert!(store.ask(|_| Ok(())).is_err());
        }
        assert!(start.elapsed() < PATIENCE * 10, "told at once: {:?}", start.elapsed());
        // What must be on record is written when the disk comes back.
        let late = Arc::clone(&ran);
        store.write(String::from("a change"), move |_| {
            late.fetch_add(1_000, Ordering::SeqCst);
            Ok(())
        });
        drop(release);
        let until = Instant::now() + Duration::from_secs(20);
        while ran.load(Ordering::SeqCst) < 1_000 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(ran.load(Ordering::SeqCst), 1_000, "and what was given up is not done");
        assert_eq!(store.ask(Memory::begin_cycle), Ok(1));
    }

    #[test]
    fn a_question_that_panics_ends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let fell = store.ask(|_| -> Result<(), MemoryFault> { panic!("over it") });
        assert_eq!(fell.unwrap_err().as_str(), FELL);
        assert_eq!(store.ask(Memory::begin_cycle), Ok(1));
    }
}
