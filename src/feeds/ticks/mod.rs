//! A tick feed: one thread per gateway, from the socket to the sequencer.
//!
//! The thread decodes in place, hands over batches and counts what it had to
//! refuse or drop. What a tick means (stale, dead feed, closed market) is for
//! State to say.

mod bundle;
mod tally;

use super::raw::RawTap;
use super::worker::{StartError, Worker};
use crate::domain::{GatewayAddr, LinkState, Tick};
use crate::event::{Level, RawPort, Sender};
use crate::host::clock::{self, mono_ns};
use crate::link::{Look, Sleeper, Sub, SubLimits, poll_until};
use crate::wire::ticks::{TickFault, decode};
use bundle::Bundle;
use std::time::Duration;
use tally::Tally;

/// Ticks that libzmq may hold for us: a second at the rate of the worst hour.
const RECEIVE_HWM: i32 = 100_000;
/// Messages read between two looks at everything else.
const TURN: usize = 4_096;
/// The thread looks at its link at least this often.
const LOOK_NS: u64 = 250_000_000;
/// After a message, those that follow wait so long in libzmq, so that one waking
/// serves many. Their stamps are late by no more than this, a fifth of the limit
/// that a lag is held against.
const NAP_NS: u64 = 2_000_000;
/// The same in a flood, which would fill libzmq's queue.
const SHORT_NAP_NS: u64 = 1_000_000;
/// So many messages in a window are a flood: 10,000 a second.
const FLOOD_WINDOW_NS: u64 = 10_000_000;
const FLOOD: usize = 100;

/// What a feed puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message taken, in bytes; a larger one costs a rebuild.
    pub max_message: u64,
    /// Silence on a link that stands after which the socket is built anew;
    /// zero never.
    pub silence: Duration,
}

/// A running feed. Dropping it ends it too.
pub struct FeedHandle(Worker);

impl FeedHandle {
    /// Ends the thread; false when it did not end within a second.
    #[must_use = "false: the thread was left behind"]
    pub fn stop(mut self) -> bool {
        self.0.stop()
    }
}

/// Starts feed number `feed` from what `gateway` publishes.
///
/// # Errors
/// [`StartError`] when this host has no socket or thread left; a gateway that
/// is not there is no error.
pub fn start(
    ctx: &zmq::Context,
    feed: u16,
    gateway: &GatewayAddr,
    limits: Limits,
    sender: Sender,
) -> Result<FeedHandle, StartError> {
    let Limits { max_message, silence } = limits;
    let limits = SubLimits { max_message, silence, receive_hwm: RECEIVE_HWM };
    let sub = Sub::connect(ctx, &gateway.data, limits, mono_ns())?;
    let name = format!("feed {}", gateway.name);
    let worker = Worker::start(ctx, &format!("ticks-{feed}"), move |wake| {
        let (bundle, tally) = (Bundle::new(feed), Tally::new(feed));
        let frames = [zmq::Message::new(), zmq::Message::new()];
        let raw = RawTap::new(sender.clone(), feed, RawPort::Data);
        let (flood, rhythm) = (Flood::default(), Rhythm::default());
        Feed { sub, wake, sender, name, bundle, tally, frames, flood, rhythm, raw }.run();
    })?;
    Ok(FeedHandle(worker))
}

/// Whether ticks come in a flood.
#[derive(Default)]
struct Flood {
    since: u64,
    count: usize,
    on: bool,
}

impl Flood {
    const fn count(&mut self, messages: usize, now: u64) {
        self.count += messages;
        if now.saturating_sub(self.since) >= FLOOD_WINDOW_NS {
            self.on = self.count >= FLOOD;
            self.count = 0;
            self.since = now;
        }
    }
}

/// Whether a nap is worth its waking. Where ticks come one by one, further apart
/// than a nap is long, each nap would only be one waking more.
#[derive(Default)]
struct Rhythm {
    /// The last sleep was a nap.
    napped: bool,
    /// When something was heard last.
    heard: u64,
}

impl Rhythm {
    /// Something was heard `now`: whether more is likely to come within `nap`.
    const fn is_close(&mut self, now: u64, nap: u64) -> bool {
        let close = self.napped || now.saturating_sub(self.heard) < nap;
        self.heard = now;
        close
    }
}

struct Feed {
    sub: Sub,
    wake: Sleeper,
    sender: Sender,
    name: String,
    bundle: Bundle,
    tally: Tally,
    /// A message's frames: no shape has more than two.
    frames: [zmq::Message; 2],
    flood: Flood,
    rhythm: Rhythm,
    /// Of messages that were refused.
    raw: RawTap,
}

impl Feed {
    fn run(mut self) {
        self.tally.report(&self.sender);
        while !self.wake.stopping() {
            self.wake.hush();
            self.look(mono_ns());
            let messages = self.drain();
            let now = mono_ns();
            self.flood.count(messages, now);
            self.tally.dropped(self.bundle.flush_due(&self.sender, now));
            self.tally.report_due(&self.sender, now);
            let close = messages > 0 && self.rhythm.is_close(now, self.longest_nap());
            self.rhythm.napped = close && messages < TURN;
            match messages {
                TURN.. => {}
                _ if close => self.nap(now),
                _ => self.rest(now),
            }
        }
        self.tally.dropped(self.bundle.flush(&self.sender, mono_ns()));
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

    /// Reads what is there, at most a turn's worth; the count of messages.
    fn drain(&mut self) -> usize {
        let mut sound = false;
        let mut count = 0;
        while count < TURN {
            let Some(read) = self.next() else { break };
            count += 1;
            sound |= read.is_ok();
            match read {
                Ok((tick, frames)) => {
                    self.tally.tick(&tick);
                    let [first, second] = &self.frames;
                    let both: [&[u8]; 2] = [first, second];
                    let message = both.get(..frames).unwrap_or_default();
                    self.bundle.push(tick, message, clock::now);
                }
                Err((fault, frames)) => {
                    self.tally.refused(fault);
                    let [first, second] = &self.frames;
                    let both: [&[u8]; 2] = [first, second];
                    self.raw.keep(both.get(..frames).unwrap_or_default());
                }
            }
        }
        if count > 0 {
            self.sub.heard(mono_ns(), sound);
        }
        count
    }

    /// The next message, read, and how many frames of it are held; none when
    /// there is none. What fails otherwise shows at the link.
    fn next(&mut self) -> Option<Result<(Tick, usize), (TickFault, usize)>> {
        let socket = self.sub.line().socket();
        let [first, second] = &mut self.frames;
        socket.recv(first, zmq::DONTWAIT).ok()?;
        if !first.get_more() {
            return Some(decode(&[first]).map(|tick| (tick, 1)).map_err(|fault| (fault, 1)));
        }
        socket.recv(second, zmq::DONTWAIT).ok()?;
        if !second.get_more() {
            let read = decode(&[first, second]);
            return Some(read.map(|tick| (tick, 2)).map_err(|fault| (fault, 2)));
        }
        // The rest of a message is there as soon as its first frame is.
        while second.get_more() {
            socket.recv(second, zmq::DONTWAIT).ok()?;
        }
        Some(Err((TickFault::OddFrames, 1)))
    }

    const fn longest_nap(&self) -> u64 {
        if self.flood.on { SHORT_NAP_NS } else { NAP_NS }
    }

    /// Sleeps through what comes, but not past what is due.
    fn nap(&self, now: u64) {
        let due = self.bundle.due().saturating_sub(now);
        std::thread::sleep(Duration::from_nanos(self.longest_nap().min(due)));
    }

    /// Sleeps until something comes or is due.
    fn rest(&self, now: u64) {
        let line = self.sub.line();
        let mut items = [
            line.monitor().socket().as_poll_item(zmq::POLLIN),
            self.wake.socket().as_poll_item(zmq::POLLIN),
            line.socket().as_poll_item(zmq::POLLIN),
        ];
        let due = self.bundle.due().min(self.tally.due());
        if poll_until(&mut items, now, due.min(now + LOOK_NS)).is_err() {
            // Nothing left to wait on; at least not in a circle.
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NAP_NS, Rhythm};

    /// Wakings for messages that come `gap` apart, so many in all.
    fn wakings(gap: u64, messages: u64) -> u64 {
        let (mut rhythm, mut now, mut next, mut wakings) = (Rhythm::default(), gap, gap, 0);
        while next <= gap * messages {
            wakings += 1;
            let heard = next <= now;
            while next <= now {
                next += gap;
            }
            let close = heard && rhythm.is_close(now, NAP_NS);
            rhythm.napped = close;
            now = if close { now + NAP_NS } else { next };
        }
        wakings
    }

    #[test]
    fn ticks_far_apart_cost_one_waking_each_and_close_ones_share_theirs() {
        assert_eq!(wakings(NAP_NS * 5 / 4, 400), 400, "no nap in vain");
        assert!(wakings(NAP_NS / 2, 400) <= 202);
        assert!(wakings(NAP_NS / 20, 400) <= 24);
    }
}
