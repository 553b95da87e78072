//! An events feed: one thread per endpoint, from telemetry to the sequencer.
//!
//! The thread decodes, counts what it had to refuse, and hands on the newest
//! word of each consumer, and decisions one by one, as many as `flood` allows.
//! A peer that floods costs itself nothing but its own words: at most a few
//! hundred records per look go into the urgent lane. What the words mean is for
//! State to say.

mod flood;
mod newest;
mod tally;

use super::raw::RawTap;
use super::worker::{StartError, Worker};
use crate::domain::{AuditHead, Decision, Endpoint, LinkState};
use crate::event::{Event, Level, RawPort, Sender};
use crate::host::clock::mono_ns;
use crate::link::{Look, Sleeper, Sub, SubLimits, poll_until};
use crate::wire::Telemetry;
use flood::Flood;
use newest::Newest;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;

/// Largest message taken, in bytes: ours have some hundred.
const MAX_MESSAGE: u64 = 65_536;
/// Messages that libzmq may hold for us: minutes of every consumer's.
const RECEIVE_HWM: i32 = 1_000;
/// Telemetry comes every second: so long a silence on a link that stands is a
/// line gone deaf.
const SILENCE: Duration = Duration::from_secs(15);
/// Messages read between two looks at everything else.
const TURN: usize = 1_000;
/// The thread looks at its link at least this often.
const LOOK_NS: u64 = 250_000_000;
/// What is new is handed on at most this often.
const HAND_ON_NS: u64 = 100_000_000;

/// A running feed. Dropping it ends it too.
pub struct EventsHandle(Worker);

impl EventsHandle {
    /// Ends the thread; false when it did not end within a second.
    #[must_use = "false: the thread was left behind"]
    pub fn stop(mut self) -> bool {
        self.0.stop()
    }
}

/// Takes the audit heads that an endpoint tells; must not wait.
pub type HeadTap = Arc<dyn Fn(AuditHead) + Send + Sync>;

/// Starts feed number `feed` from what `endpoint` publishes; its audit heads
/// go to `heads`, since the screen shows none of them.
///
/// # Errors
/// [`StartError`] when this host has no socket or thread left; an endpoint
/// that is not there is no error.
pub fn start(
    ctx: &zmq::Context,
    feed: u16,
    endpoint: &Endpoint,
    sender: Sender,
    heads: HeadTap,
) -> Result<EventsHandle, StartError> {
    let limits = SubLimits { max_message: MAX_MESSAGE, silence: SILENCE, receive_hwm: RECEIVE_HWM };
    let sub = Sub::connect(ctx, endpoint, limits, mono_ns())?;
    let (name, tally) = (format!("events {endpoint}"), Tally::new(feed, endpoint));
    let worker = Worker::start(ctx, &format!("events-{feed}"), move |wake| {
        let newest = Newest::new(feed);
        let raw = RawTap::new(sender.clone(), feed, RawPort::Events);
        let flood = Flood::default();
        Feed { sub, wake, sender, heads, name, tally, newest, flood, handed: 0, raw }.run();
    })?;
    Ok(EventsHandle(worker))
}

struct Feed {
    sub: Sub,
    wake: Sleeper,
    sender: Sender,
    heads: HeadTap,
    name: String,
    tally: Tally,
    newest: Newest,
    flood: Flood,
    /// When something was last handed on (monotonic ns).
    handed: u64,
    raw: RawTap,
}

impl Feed {
    fn run(mut self) {
        self.tally.report(&self.sender);
        while !self.wake.stopping() {
            self.wake.hush();
            self.look(mono_ns());
            self.drain();
            let now = mono_ns();
            self.hand_on(now);
            self.tally.report_due(&self.sender, now);
            self.rest(now);
        }
        self.tally.report(&self.sender);
    }

    /// The watchdog's turn.
    fn look(&mut self, now: u64) {
        match self.sub.look(now) {
            Ok(Look::Quiet) => return,
            Ok(Look::Changed) => match self.sub.link_state() {
                LinkState::Up => tracing::info!("{}: link up", self.name),
                LinkState::Connecting | LinkState::Down => {
                    tracing::warn!("{}: link down", self.name);
                }
            },
            Ok(Look::Rebuilt(reason)) => {
                self.tally.rebuilt(reason);
                tracing::warn!("{}: socket built anew for: {reason}", self.name);
            }
            Err(e) => {
                self.sender.log(Level::Warn, &self.name, e.to_string());
                tracing::error!("{}: no new socket: {e}", self.name);
            }
        }
        self.tally.link(self.sub.link_state());
        self.tally.report(&self.sender);
    }

    /// Reads what is there, at most a turn's worth.
    fn drain(&mut self) {
        let (mut count, mut sound) = (0, false);
        while count < TURN {
            // What fails here shows at the link.
            let Ok(frames) = self.sub.line().socket().recv_multipart(zmq::DONTWAIT) else { break };
            count += 1;
            self.tally.received();
            sound |= self.take(&frames);
        }
        if count > 0 {
            self.sub.heard(mono_ns(), sound);
        }
    }

    fn take(&mut self, frames: &[Vec<u8>]) -> bool {
        let [topic, body] = frames else {
            self.tally.refused("odd frames", "not two of them");
            return false;
        };
        self.raw.keep(&[topic, body]);
        let kept = match Telemetry::decode(topic, body) {
            Ok(Telemetry::LatchEvidence(said)) => self.newest.evidence(said.into()),
            Ok(Telemetry::GatewayStatus(said)) => {
                self.newest.status(said);
                Ok(())
            }
            Ok(Telemetry::AuditHead(told)) => self.newest.head(told.into()),
            Ok(Telemetry::Decision(told)) => self.decision((*told).into()),
            Ok(Telemetry::Trader(told)) => self.newest.trader(told.status),
            Err(fault) => {
                self.tally.refused(fault.word(), &fault.to_string());
                return false;
            }
        };
        if let Err(word) = kept {
            self.tally.refused(word, "not kept");
        }
        kept.is_ok()
    }

    fn decision(&mut self, decision: Decision) -> Result<(), &'static str> {
        if !self.flood.takes(&decision, mono_ns()) {
            return Err("too many decisions");
        }
        // What it told of itself before comes before: State compares the two.
        self.newest.before(&decision, &self.sender);
        self.sender.send(Event::Decision(Box::new(decision)));
        Ok(())
    }

    fn hand_on(&mut self, now: u64) {
        if now >= self.due() {
            self.handed = now;
            self.newest.hand_on(&self.sender, &self.heads);
        }
    }

    fn due(&self) -> u64 {
        if self.newest.is_empty() { u64::MAX } else { self.handed + HAND_ON_NS }
    }

    fn rest(&self, now: u64) {
        let line = self.sub.line();
        let mut items = [
            line.monitor().socket().as_poll_item(zmq::POLLIN),
            self.wake.socket().as_poll_item(zmq::POLLIN),
            line.socket().as_poll_item(zmq::POLLIN),
        ];
        let due = self.due().min(self.tally.due()).min(now + LOOK_NS);
        if poll_until(&mut items, now, due).is_err() {
            // Nothing left to wait on; at least not in a circle.
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
