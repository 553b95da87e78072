//! Telemetry: a thread with a PUB socket. Decisions at once, the status each
//! second, what is seen of the latch each second and at each change.

use super::book::Book;
use super::log::Log;
use super::look::Look;
use crate::domain::{Decision, Endpoint, TraderStatus};
use crate::link;
use crate::wire::{LatchEvidence, Telemetry};
use crossbeam_channel as channel;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks for a change.
const LOOK: Duration = Duration::from_millis(50);
/// Between two words that nothing changed.
const REPEAT: Duration = Duration::from_secs(1);
/// What was told last has so long to leave.
const LINGER_MS: i32 = 100;

enum Said {
    Decision(Box<Decision>),
    End(channel::Sender<()>),
}

/// The near end.
#[derive(Debug)]
pub struct Teller {
    to: channel::Sender<Said>,
}

impl Teller {
    /// Binds `at` and starts the thread.
    ///
    /// # Errors
    /// The system's, or libzmq's, in words.
    pub fn start(
        at: &Endpoint,
        book: Arc<Book>,
        look: Arc<Look>,
        log: Option<Arc<Log>>,
    ) -> io::Result<Self> {
        let context = link::context()?;
        let socket = link::publish::publisher(&context, at).map_err(io::Error::other)?;
        socket.set_linger(LINGER_MS).map_err(io::Error::other)?;
        let (to, from) = channel::unbounded();
        let thread = std::thread::Builder::new().name("telemetry".to_owned());
        thread.spawn(move || {
            let news = Newspaper { socket, book, look, log, told: 0 };
            news.run(&from);
        })?;
        Ok(Self { to })
    }

    /// Tells of a decision; never waits.
    pub fn decision(&self, decision: &Decision) {
        let _ = self.to.send(Said::Decision(Box::new(decision.clone())));
    }

    /// Lets what is left go, within `patience`.
    pub fn end(&self, patience: Duration) {
        let (done, ended) = channel::bounded(1);
        if self.to.send(Said::End(done)).is_ok() {
            let _ = ended.recv_timeout(patience);
        }
    }
}

struct Newspaper {
    socket: zmq::Socket,
    book: Arc<Book>,
    look: Arc<Look>,
    log: Option<Arc<Log>>,
    /// Decisions that the socket was given.
    told: u64,
}

impl Newspaper {
    fn run(mut self, from: &channel::Receiver<Said>) {
        let mut told: Option<Instant> = None;
        let mut last = None;
        loop {
            let evidence = self.look.evidence();
            let due = told.is_none_or(|at| at.elapsed() >= REPEAT);
            if due || last.as_ref() != Some(&what_matters(&evidence)) {
                last = Some(what_matters(&evidence));
                self.publish(&Telemetry::LatchEvidence(evidence));
            }
            if due {
                told = Some(Instant::now());
                self.status();
            }
            match from.recv_timeout(LOOK) {
                Ok(Said::Decision(decision)) => {
                    self.told += 1;
                    self.publish(&Telemetry::Decision(Box::new((&*decision).into())));
                }
                Ok(Said::End(done)) => {
                    self.status();
                    drop(self);
                    let _ = done.send(());
                    return;
                }
                Err(channel::RecvTimeoutError::Timeout) => {}
                Err(channel::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn status(&self) {
        let lost = self.log.as_ref().map_or(0, |log| log.lost());
        let status = TraderStatus { told: self.told, ..self.book.status(lost) };
        self.publish(&Telemetry::Trader(Box::new(status.into())));
    }

    fn publish(&self, message: &Telemetry) {
        match message.encode() {
            Ok(body) => {
                let frames = [message.topic().as_bytes(), &body];
                let _ = self.socket.send_multipart(frames, zmq::DONTWAIT);
            }
            Err(e) => tracing::error!("{e}"),
        }
    }
}

/// All of it but the time.
fn what_matters(evidence: &LatchEvidence) -> LatchEvidence {
    LatchEvidence { time_us: crate::domain::UtcMicros(0), ..evidence.clone() }
}
