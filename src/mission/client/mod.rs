//! A client of the daemon: a thread that follows it over its Unix socket and
//! reports through the [`Sender`], and a single look for `crs brief`.
//!
//! It connects to the one socket that was configured and to nothing else, and
//! begins again with growing waits when the daemon is gone. Orders are sent
//! once and never repeated: one that was not answered may have happened, and
//! is told so.

mod asks;
mod line;
mod news;
#[cfg(test)]
mod tests;

use super::api::message::{Inward, Message, Subscription};
use crate::control::{MissionAsk, MissionPort, Unconfirmed};
use crate::domain::Text;
use crate::domain::mission::LineLevel;
use crate::event::{Event, MissionLink, MissionNews, Sender};
use crate::host::clock;
use asks::Asks;
use crossbeam_channel as channel;
use line::Line;
use news::News;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use line::initial;

/// First wait before a new connection, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A daemon that says nothing is asked after this.
const PING: Duration = Duration::from_secs(2);
/// One that does not answer that is gone.
const SILENCE: Duration = Duration::from_secs(8);
/// Lines of its ring that are wanted at the beginning: all that are at hand.
const FROM_THE_FIRST: u64 = 0;

/// Follows a daemon until it is dropped.
#[derive(Debug)]
pub struct Follower {
    asks: channel::Sender<MissionAsk>,
    unconfirmed: channel::Receiver<Unconfirmed>,
    ended: Arc<AtomicBool>,
}

impl Follower {
    /// Starts the thread. That nothing is known yet is reported at once, so
    /// that the screen has its pane from its first frame on.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(socket: PathBuf, sender: Sender) -> std::io::Result<Self> {
        let (asks, inbox) = channel::unbounded();
        let (wanted, unconfirmed) = channel::unbounded();
        let ended = Arc::new(AtomicBool::new(false));
        let mut thread = Thread {
            link: MissionLink {
                socket: Text::new(&socket.to_string_lossy()),
                since: clock::utc(),
                why: Text::new("not connected yet"),
                present: false,
            },
            socket,
            sender,
            inbox,
            wanted,
            ended: Arc::clone(&ended),
            asks: Asks::default(),
            news: News::default(),
        };
        thread.tell_link();
        std::thread::Builder::new().name("mission".to_owned()).spawn(move || thread.run())?;
        Ok(Self { asks, unconfirmed, ended })
    }
}

impl MissionPort for Follower {
    fn ask(&self, ask: MissionAsk) {
        let _ = self.asks.send(ask);
    }

    fn unconfirmed(&self) -> Option<Unconfirmed> {
        self.unconfirmed.try_recv().ok()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

struct Thread {
    socket: PathBuf,
    sender: Sender,
    inbox: channel::Receiver<MissionAsk>,
    /// Orders that want words typed.
    wanted: channel::Sender<Unconfirmed>,
    ended: Arc<AtomicBool>,
    link: MissionLink,
    asks: Asks,
    news: News,
}

impl Thread {
    fn run(&mut self) {
        let mut wait = FIRST_WAIT;
        while !self.is_over() {
            let why = match Line::connect(&self.socket) {
                Ok(mut line) => {
                    let before = self.link.present;
                    let why = self.follow(&mut line);
                    // One that was there is looked for at once.
                    if before || self.link.present {
                        wait = FIRST_WAIT;
                    }
                    why
                }
                Err(why) => why,
            };
            if self.is_over() {
                return;
            }
            self.flush(true);
            for answer in self.asks.lost() {
                self.send(MissionNews::Answer(Box::new(answer)));
            }
            if self.link.present || self.link.why != why {
                self.put_link(false, why);
            }
            self.pause(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Until the link is lost; why it was.
    fn follow(&mut self, line: &mut Line) -> Text {
        let to = Subscription {
            lines: true,
            batch: true,
            level: LineLevel::Trace,
            after: Some(FROM_THE_FIRST),
            ..Subscription::default()
        };
        if let Err(why) = line.send(String::new(), Inward::Subscribe { to }) {
            return why;
        }
        self.news.connected();
        let (mut heard, mut pinged) = (Instant::now(), None::<Instant>);
        loop {
            if self.is_over() {
                return Text::default();
            }
            while let Ok(ask) = self.inbox.try_recv() {
                let (id, inward) = self.asks.begin(ask, Instant::now());
                if let Err(why) = line.send(id, inward) {
                    return why;
                }
            }
            match line.receive() {
                Err(why) => return why,
                Ok(Some(message)) => {
                    heard = Instant::now();
                    self.hear(message, &mut pinged);
                }
                Ok(None) => {}
            }
            self.flush(false);
            for answer in self.asks.overdue(Instant::now()) {
                self.send(MissionNews::Answer(Box::new(answer)));
            }
            let quiet = heard.max(pinged.unwrap_or(heard)).elapsed();
            if heard.elapsed() >= SILENCE {
                return Text::new("it is connected and has said nothing for 8 s");
            }
            if quiet >= PING {
                pinged = Some(Instant::now());
                if let Err(why) = line.send(asks::PING.to_owned(), Inward::Ping) {
                    return why;
                }
            }
        }
    }

    fn hear(&mut self, message: Message, pinged: &mut Option<Instant>) {
        if let Message::Answer { req_id, data, lines } = message {
            if let Some(unconfirmed) = self.asks.unconfirmed(&req_id, &data) {
                let _ = self.wanted.send(unconfirmed);
            }
            if req_id == asks::PING {
                let rtt = pinged.take().map_or(Duration::ZERO, |at| at.elapsed());
                let rtt_us = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
                self.send(MissionNews::Heard { rtt_us });
            } else if let Some(answer) = self.asks.end(&req_id, data, lines) {
                self.send(MissionNews::Answer(Box::new(answer)));
            }
            return;
        }
        let begins = matches!(message, Message::InitialStatus { .. });
        for news in self.news.take(message, Instant::now()) {
            self.send(news);
        }
        if begins {
            self.put_link(true, Text::default());
        }
    }

    /// Lines, as far as the budget of the moment goes.
    fn flush(&mut self, all: bool) {
        for news in self.news.due(Instant::now(), all) {
            self.send(news);
        }
    }

    /// Waits; what is asked meanwhile is answered.
    fn pause(&self, wait: Duration) {
        let end = Instant::now() + wait;
        while !self.is_over() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if let Ok(ask) = self.inbox.recv_timeout(left.min(Duration::from_millis(100))) {
                let why = format!("mission control can't be reached: {}", self.link.why);
                let answer = asks::refusal(&ask, &why);
                self.send(MissionNews::Answer(Box::new(answer)));
            }
        }
    }

    fn put_link(&mut self, present: bool, why: Text) {
        (self.link.present, self.link.why, self.link.since) = (present, why, clock::utc());
        self.tell_link();
    }

    fn tell_link(&self) {
        self.send(MissionNews::Link(self.link.clone()));
    }

    fn send(&self, news: MissionNews) {
        self.sender.send(Event::Mission(Box::new(news)));
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// Whether a socket of that name is there at all, for a clear word.
fn is_there(socket: &Path) -> bool {
    socket.symlink_metadata().is_ok()
}
