//! An audit chain behind a mailbox: the disk never delays the kill.

use crate::audit::{Act, Chain};
use crate::breaker::LatchHome;
use crate::domain::Text;
use crossbeam_channel as channel;
use std::time::Duration;

type Done = channel::Sender<Result<(), Text>>;

enum Note {
    /// To be written; whoever waits for it hears how it went.
    Act(Box<Act>, Option<Done>),
    /// Everything before is written, or lost.
    Reached(channel::Sender<()>),
}

/// Records that never reached the disk.
#[derive(Default)]
struct Lost {
    count: u64,
    why: Text,
}

impl Lost {
    /// Says so in the chain, once it takes lines again. An attempt follows a
    /// record that went well and is followed by none: it can't feed itself.
    fn own_up(&mut self, chain: &mut Chain) {
        let text = Text::new(&format!("audit records lost: {}", self.why));
        if self.count > 0 && chain.append(Act::Alarm { text, count: self.count }).is_ok() {
            *self = Self::default();
        }
    }
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
        mut alarm: impl FnMut(Text) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (notes, inbox) = channel::unbounded::<Note>();
        let mut chain = home.chain(role);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
            let mut lost = Lost::default();
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
                match &outcome {
                    Ok(()) => lost.own_up(&mut chain),
                    Err(why) => {
                        alarm(Text::new(&format!("audit record lost: {why}")));
                        lost = Lost { count: lost.count + 1, why: why.clone() };
                    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::read_dir;
    use crate::domain::EngageId;

    fn act() -> Act {
        let ids: Vec<EngageId> = Vec::new();
        Act::Tampered { ids }
    }

    #[test]
    fn what_was_lost_is_owned_up_to_once_the_log_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(dir.path(), &dir.path().join("latch"));
        home.prepare().unwrap();
        let audit = home.audit();
        // A file where the directory belongs, so that root can't write either.
        std::fs::write(&audit, "in the way").unwrap();
        let (tell, told) = channel::unbounded();
        let alarm = move |text| {
            let _ = tell.send(text);
        };
        let recorder = Recorder::start(&home, "agent", alarm).unwrap();
        for _ in 0..3 {
            assert!(recorder.record_now(act()).is_err());
        }
        std::fs::remove_file(&audit).unwrap();
        for _ in 0..2 {
            recorder.record_now(act()).unwrap();
        }
        recorder.flush(Duration::from_secs(20));
        assert_eq!(told.try_iter().count(), 3, "one for each record, and none about the alarms");
        let (report, records) = read_dir(&audit).remove(0);
        assert!(report.findings.is_empty(), "{report:?}");
        let words: Vec<&str> = records.iter().map(|r| r.act.word()).collect();
        assert_eq!(words, ["OPEN", "TAMPERED", "ALARM", "TAMPERED"]);
        let Act::Alarm { text, count } = &records[2].act else { panic!("{records:?}") };
        assert!(*count == 3 && text.as_str().contains("lost"), "{text}");
    }
}
