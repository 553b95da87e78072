//! An audit chain behind a mailbox: the disk never delays the kill.

use crate::audit::{Act, Chain};
use crate::domain::Text;
use crate::host::Identity;
use crossbeam_channel as channel;
use std::path::Path;
use std::time::Duration;

type Done = channel::Sender<Result<(), Text>>;

enum Note {
    /// To be written; whoever waits for it hears how it went.
    Act(Box<Act>, Option<Done>),
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
        dir: &Path,
        role: &str,
        mut alarm: impl FnMut(Text) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (notes, inbox) = channel::unbounded::<Note>();
        let mut chain = Chain::new(dir, Identity::here(), role);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
            for note in inbox {
                let (act, done) = match note {
                    Note::Act(act, done) => (*act, done),
                    Note::Reached(done) => {
                        let _ = done.send(());
                        continue;
                    }
                };
                // Once more after a failure: a new file may be had where the
                // old descriptor is lost.
                let outcome = chain.append(act.clone()).or_else(|_| chain.append(act));
                let outcome = outcome.map_err(|e| Text::new(&e.to_string()));
                if let Err(why) = &outcome {
                    alarm(Text::new(&format!("audit record lost: {why}")));
                }
                if let Some(done) = done {
                    let _ = done.send(outcome);
                }
            }
        })?;
        Ok(Self { notes })
    }

    /// Records, some time soon.
    pub fn record(&self, act: Act) {
        let _ = self.notes.send(Note::Act(Box::new(act), None));
    }

    /// Records and waits until it is durable, at most 5 s.
    ///
    /// # Errors
    /// Why it is not known to be on disk.
    pub fn record_now(&self, act: Act) -> Result<(), Text> {
        let (done, outcome) = channel::bounded(1);
        let _ = self.notes.send(Note::Act(Box::new(act), Some(done)));
        outcome
            .recv_timeout(Duration::from_secs(5))
            .unwrap_or_else(|_| Err(Text::new("the audit log's disk does not answer (5 s)")))
    }

    /// Waits until everything recorded so far is written, at most `wait`: a
    /// process that ends takes its mailbox with it.
    pub fn flush(&self, wait: Duration) {
        let (done, reached) = channel::bounded(1);
        let _ = self.notes.send(Note::Reached(done));
        let _ = reached.recv_timeout(wait);
    }
}
