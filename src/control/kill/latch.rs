//! The thread that makes the latch, so that a sick disk hangs it and nothing
//! else.

use crate::breaker::body;
use crate::breaker::file::{self, CreateError};
use crate::domain::{KillIntent, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use std::time::Duration;

/// How the making goes, each with the moment on the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LatchStep {
    /// The gate of the deciding process is closed.
    Gate {
        /// When.
        at: u64,
    },
    /// The file exists: ours, or one that was there before.
    Visible {
        /// When.
        at: u64,
        /// Whether it is ours.
        ours: bool,
    },
    /// Ours is synced, its directory too.
    Durable {
        /// When.
        at: u64,
    },
    /// It could not be made or not be synced.
    Failed {
        /// The system's words.
        why: Text,
        /// Whether it exists all the same.
        visible: bool,
    },
}

/// Looks again after meeting a file, in case a reset was taking it away.
const LOOKS: u32 = 10;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// The waiting thread; dropping it lets it end.
#[derive(Debug)]
pub struct LatchMaker {
    jobs: channel::Sender<KillIntent>,
}

impl LatchMaker {
    /// Starts the thread; `tell` hears every step.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        mut tell: impl FnMut(&KillIntent, LatchStep) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::unbounded::<KillIntent>();
        std::thread::Builder::new().name("latch".to_owned()).spawn(move || {
            for intent in inbox {
                make(&intent, &mut |step| tell(&intent, step));
            }
        })?;
        Ok(Self { jobs })
    }

    /// Asks for the latch of this decision.
    pub fn make(&self, intent: &KillIntent) {
        let _ = self.jobs.send(intent.clone());
    }
}

/// Makes the latch. The first reason stays: a file that exists is left alone.
pub fn make(intent: &KillIntent, tell: &mut dyn FnMut(LatchStep)) {
    let mut told = false;
    for _ in 0..LOOKS {
        match file::create(&intent.latch) {
            Ok(created) => {
                tell(LatchStep::Visible { at: clock::mono_ns(), ours: true });
                match created.make_durable(&body::compose(intent)) {
                    Ok(()) => tell(LatchStep::Durable { at: clock::mono_ns() }),
                    Err(e) => {
                        tell(LatchStep::Failed { why: Text::new(&e.to_string()), visible: true });
                    }
                }
                return;
            }
            Err(CreateError::Exists) => {
                if !told {
                    told = true;
                    tell(LatchStep::Visible { at: clock::mono_ns(), ours: false });
                }
                std::thread::sleep(PAUSE);
            }
            Err(e @ CreateError::Io { .. }) => {
                tell(LatchStep::Failed { why: Text::new(&e.to_string()), visible: told });
                return;
            }
        }
    }
    // Somebody's file stands, and stood at every look.
    tell(LatchStep::Durable { at: clock::mono_ns() });
}
