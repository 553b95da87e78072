//! Ticks of a gateway's port 5556, read and decoded on the engine's own thread:
//! between libzmq and the first gate there is no queue of ours.

use super::{Next, Source};
use crate::domain::{GatewayAddr, LinkState, Text, Tick};
use crate::engine::Quote;
use crate::engine::step::Arrived;
use crate::host::clock;
use crate::link::{LinkError, Look, Sub, SubLimits, poll_until};
use crate::wire::ticks::{TickFault, decode};
use std::time::Duration;

/// The watchdog has its turn this often.
const LOOK_NS: u64 = 250_000_000;
/// A gateway that is not met by then is told of.
const ABSENT_NS: u64 = 2_000_000_000;

/// The subscribed socket.
pub struct GatewayTicks {
    sub: Sub,
    name: String,
    frames: [zmq::Message; 2],
    look_at: u64,
    absent_at: Option<u64>,
    sound: bool,
    heard: bool,
    news: Vec<String>,
}

impl GatewayTicks {
    /// Begins to connect; a gateway that is not there is waited for.
    ///
    /// # Errors
    /// [`LinkError`] when this host has no socket left.
    pub fn connect(
        zmq: &zmq::Context,
        gateway: &GatewayAddr,
        limits: SubLimits,
    ) -> Result<Self, LinkError> {
        let now = clock::mono_ns();
        Ok(Self {
            sub: Sub::connect(zmq, &gateway.data, limits, now)?,
            name: format!("{} at {}", gateway.name, gateway.data),
            frames: [zmq::Message::new(), zmq::Message::new()],
            look_at: 0,
            absent_at: Some(now + ABSENT_NS),
            sound: false,
            heard: false,
            news: Vec::new(),
        })
    }

    fn look(&mut self, now: u64) {
        self.look_at = now + LOOK_NS;
        if std::mem::take(&mut self.heard) {
            self.sub.heard(now, std::mem::take(&mut self.sound));
        }
        match self.sub.look(now) {
            Ok(Look::Quiet) => {}
            Ok(Look::Changed) => {
                let up = self.sub.link_state() == LinkState::Up;
                self.absent_at = None;
                let word = if up { "ticks: connected to" } else { "ticks: no connection to" };
                self.news.push(format!("{word} {}", self.name));
            }
            Ok(Look::Rebuilt(why)) => {
                self.news.push(format!("ticks: new socket to {} for: {why}", self.name));
            }
            Err(e) => self.news.push(format!("ticks: {e}")),
        }
        if self.absent_at.is_some_and(|at| now >= at) && self.sub.link_state() != LinkState::Up {
            self.absent_at = None;
            self.news.push(format!("ticks: {} is not there yet; waiting for it", self.name));
        }
    }

    /// The next message, read; none when there is none.
    fn read(&mut self) -> Option<Result<Tick, TickFault>> {
        let socket = self.sub.line().socket();
        let [first, second] = &mut self.frames;
        socket.recv(first, zmq::DONTWAIT).ok()?;
        if !first.get_more() {
            return Some(decode(&[first]));
        }
        socket.recv(second, zmq::DONTWAIT).ok()?;
        if !second.get_more() {
            return Some(decode(&[first, second]));
        }
        // The rest of a message is there as soon as its first frame is.
        while second.get_more() {
            socket.recv(second, zmq::DONTWAIT).ok()?;
        }
        Some(Err(TickFault::OddFrames))
    }
}

impl Source for GatewayTicks {
    fn next(&mut self) -> Next {
        let now = clock::mono_ns();
        if now >= self.look_at {
            self.look(now);
        }
        let Some(read) = self.read() else { return Next::Quiet };
        self.heard = true;
        match read {
            Ok(tick) => {
                self.sound = true;
                let quote = Quote { symbol: tick.symbol, bid: tick.bid, ask: tick.ask };
                Next::Tick(Arrived { quote, at_ns: now, late: false })
            }
            Err(fault) => Next::Refused(Text::new(&fault.to_string())),
        }
    }

    fn wait(&mut self, limit: Duration) {
        let line = self.sub.line();
        let mut items = [
            line.socket().as_poll_item(zmq::POLLIN),
            line.monitor().socket().as_poll_item(zmq::POLLIN),
        ];
        let now = clock::mono_ns();
        let until = now.saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(LOOK_NS));
        if poll_until(&mut items, now, until).is_err() {
            // Nothing left to wait on; at least not in a circle.
            std::thread::sleep(Duration::from_millis(10));
        } else if items.get(1).is_some_and(zmq::PollItem::is_readable) {
            self.look_at = 0;
        }
    }

    fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    fn trouble(&self) -> Option<Text> {
        (self.sub.link_state() != LinkState::Up)
            .then(|| Text::new(&format!("no ticks: no connection to {}", self.name)))
    }
}
