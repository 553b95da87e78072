//! The ticks' thread: takes a quote when it is due, tells the desk, publishes.

use super::{Due, Source};
use crate::domain::Text;
use crate::gateway::engine::Happening;
use crate::gateway::floor::Floor;
use crate::gateway::publish::TickPublisher;
use crate::host::clock;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Shortest sleep: at high rates quotes go out in bunches of this length.
const SHORTEST: Duration = Duration::from_micros(200);
/// Longest time without a look at the halt.
const LONGEST: Duration = Duration::from_millis(50);
/// Backlog after which the pace starts anew instead of catching up: the
/// process was stopped, or the rate is more than this host can do.
const FORGIVEN: Duration = Duration::from_secs(1);

/// A source, its pace and its outlet.
pub struct Pump {
    source: Box<dyn Source>,
    floor: Arc<Floor>,
    publisher: TickPublisher,
    began: Duration,
    due: Option<Due>,
    ended: bool,
}

impl Pump {
    /// Begins now.
    pub fn new(source: Box<dyn Source>, floor: Arc<Floor>, publisher: TickPublisher) -> Self {
        let began = Duration::from_nanos(clock::mono_ns());
        Self { source, floor, publisher, began, due: None, ended: false }
    }

    /// Until the halt. When the source ends, the last quotes stand.
    pub fn run(mut self) {
        loop {
            let pause = self.step();
            if self.floor.halt.wait(pause) {
                return;
            }
        }
    }

    /// Publishes what is due; how long until there is more.
    pub fn step(&mut self) -> Duration {
        let started = clock::mono_ns();
        while let Some(due) = self.upcoming() {
            let now = Duration::from_nanos(clock::mono_ns());
            let elapsed = now.saturating_sub(self.began);
            if due.after > elapsed {
                return due.after.saturating_sub(elapsed).clamp(SHORTEST, LONGEST);
            }
            if elapsed.saturating_sub(due.after) > FORGIVEN {
                self.began = now.saturating_sub(due.after);
            }
            self.due = None;
            self.publish(&due);
            if now.saturating_sub(Duration::from_nanos(started)) > LONGEST {
                return Duration::ZERO;
            }
        }
        LONGEST
    }

    fn upcoming(&mut self) -> Option<Due> {
        if self.due.is_none() && !self.ended {
            match self.source.next() {
                Ok(Some(due)) => self.due = Some(due),
                Ok(None) => {
                    tracing::info!("the source of ticks has ended; the last quotes stand");
                    self.ended = true;
                }
                Err(e) => {
                    tracing::error!("ticks stop: {}", Text::new(&e.to_string()));
                    self.ended = true;
                }
            }
        }
        self.due
    }

    fn publish(&mut self, due: &Due) {
        let now = clock::utc();
        let happened = {
            let mut core = self.floor.core();
            let happened = core.engine.hear(&due.symbol, due.quote, now);
            if !happened.is_empty() {
                core.touch();
            }
            happened
        };
        happened.iter().for_each(tell);
        if self.publisher.publish(due, now) {
            self.floor.counters.ticks_published.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn tell(happening: &Happening) {
    match happening {
        Happening::Filled(o) => {
            tracing::info!("pending order {} filled at {}", o.ticket, o.price.text(o.digits));
        }
        Happening::Dropped(ticket, why) => tracing::warn!("pending order {ticket} dropped: {why}"),
        Happening::Closed(c) => tracing::info!("{}", c.line()),
    }
}
