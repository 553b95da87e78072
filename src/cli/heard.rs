//! Automatic traders, as the configured telemetry tells them within a moment:
//! for verbs that look once.

use crate::config::Settings;
use crate::domain::{Text, TraderStatus};
use crate::event::{Event, LinkState, channel_pair};
use crate::feeds::events;
use crate::host::clock;
use crate::link;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Traders tell their status every second.
const LISTEN_NS: u64 = 1_500_000_000;
/// An endpoint that nobody answers at is not waited for any longer.
const CONNECT_NS: u64 = 500_000_000;
/// A cycle that is due for so long is late.
const OVERDUE_US: i64 = 60_000_000;

/// What was heard.
#[derive(Debug, Default, Serialize)]
pub struct Heard {
    /// The endpoints that were listened at.
    pub endpoints: Vec<Text>,
    /// The last word of each trader.
    pub traders: Vec<TraderStatus>,
    /// Why nothing could be heard, empty otherwise.
    pub fault: Text,
}

impl Heard {
    /// Listens on a thread of its own, for [`Heard::wait`].
    #[must_use]
    pub fn begin(settings: &Settings) -> Option<JoinHandle<Self>> {
        let settings = settings.clone();
        let work = move || Self::listen(&settings);
        std::thread::Builder::new().name("traders".to_owned()).spawn(work).ok()
    }

    /// What was heard; nothing where there was no thread.
    #[must_use]
    pub fn wait(listening: Option<JoinHandle<Self>>) -> Self {
        listening.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }

    /// Listens at every configured endpoint; at once back where there is none.
    fn listen(settings: &Settings) -> Self {
        let endpoints: Vec<Text> =
            settings.events.iter().map(|at| Text::new(&at.to_string())).collect();
        let mut heard = Self { endpoints, ..Self::default() };
        if settings.events.is_empty() {
            return heard;
        }
        let zmq = match link::context() {
            Ok(zmq) => zmq,
            Err(e) => {
                heard.fault = Text::new(&e.to_string());
                return heard;
            }
        };
        let (sender, receiver) = channel_pair();
        let mut feeds = Vec::new();
        for (index, endpoint) in (0_u16..).zip(&settings.events) {
            match events::start(&zmq, index, endpoint, sender.clone(), Arc::new(|_| {})) {
                Ok(feed) => feeds.push(feed),
                Err(e) => heard.fault = Text::new(&e.to_string()),
            }
        }
        let began = clock::mono_ns();
        let (mut all, mut up) = (BTreeMap::new(), false);
        while clock::mono_ns().saturating_sub(began) < if up { LISTEN_NS } else { CONNECT_NS } {
            match receiver.urgent.recv_timeout(Duration::from_millis(50)) {
                Ok(Event::Trader(told)) => {
                    let status = told.status;
                    all.insert((status.source, status.host.clone(), status.pid), status);
                }
                Ok(Event::Events(report)) => up |= report.link == LinkState::Up,
                _ => {}
            }
        }
        for feed in feeds {
            let _ = feed.stop();
        }
        heard.traders = all.into_values().collect();
        heard
    }

    /// A line for each trader, and never nothing where telemetry is configured.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.endpoints.is_empty() {
            return Vec::new();
        }
        if self.traders.is_empty() {
            let why = if self.fault.is_empty() { "none heard" } else { self.fault.as_str() };
            let at: Vec<&str> = self.endpoints.iter().map(Text::as_str).collect();
            return vec![format!("{why} at {}", at.join(", "))];
        }
        self.traders.iter().map(line).collect()
    }

    /// What is wrong with them, one line each.
    pub fn broken(&self) -> impl Iterator<Item = String> {
        let late = |status: &&TraderStatus| {
            status.next.is_some_and(|next| status.said.0.saturating_sub(next.0) > OVERDUE_US)
        };
        self.traders.iter().filter(late).map(|status| {
            format!("{} on {}: its next cycle is overdue", status.source.word(), status.host)
        })
    }
}

/// `sentinel on inf: dry run, last cycle 12 s ago, next in 48 s; 3 orders …`, by
/// its own clock, at the moment it said so.
fn line(status: &TraderStatus) -> String {
    let how = if status.live { "sends orders" } else { "dry run" };
    let mut text = format!("{} on {}: {how}", status.source.word(), status.host);
    let what = if status.next.is_some() { "cycle" } else { "decision" };
    let _ = match status.last {
        Some(at) => {
            write!(text, ", last {what} {} ago", span(status.said.0.saturating_sub(at.0)))
        }
        None => write!(text, ", no {what} yet"),
    };
    if let Some(next) = status.next {
        let left = next.0.saturating_sub(status.said.0);
        let word = if left < 0 { "due for" } else { "in" };
        let _ = write!(text, ", next {word} {}", span(left.saturating_abs()));
    }
    let (orders, blocked, skipped) = (status.orders, status.blocked, status.failed);
    let _ = write!(text, "; {orders} orders, {blocked} blocked, {skipped} skipped");
    if status.lost > 0 {
        let _ = write!(text, ", {} entries lost", status.lost);
    }
    if !status.safe {
        let _ = write!(text, "; orders denied: {}", status.why);
    } else if !status.why.is_empty() {
        let _ = write!(text, "; {}", status.why);
    }
    text
}

/// Microseconds in words: `12 s`, `3 min`, `5 h`.
fn span(us: i64) -> String {
    let s = us.max(0) / 1_000_000;
    match s {
        0..120 => format!("{s} s"),
        120..7_200 => format!("{} min", s / 60),
        _ => format!("{} h", s / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DecisionSource, UtcMicros};

    #[test]
    fn a_trader_is_told_in_one_line() {
        let now = UtcMicros(1_768_399_200_000_000);
        let at = |s: i64| Some(UtcMicros(now.0 + s * 1_000_000));
        let mut status = TraderStatus {
            source: DecisionSource::Sentinel,
            host: Text::new("inf"),
            safe: true,
            said: now,
            last: at(-12),
            next: at(48),
            orders: 3,
            ..TraderStatus::default()
        };
        assert_eq!(
            line(&status),
            "sentinel on inf: dry run, last cycle 12 s ago, next in 48 s; 3 orders, 0 blocked, \
             0 skipped"
        );
        let none = Heard { traders: vec![status.clone()], ..Heard::default() };
        assert_eq!(none.broken().count(), 0);
        (status.live, status.safe, status.why) = (true, false, Text::new("latched"));
        (status.next, status.last, status.lost) = (at(-150), None, 2);
        assert_eq!(
            line(&status),
            "sentinel on inf: sends orders, no cycle yet, next due for 2 min; 3 orders, 0 blocked, \
             0 skipped, 2 entries lost; orders denied: latched"
        );
        let late = Heard { traders: vec![status], ..Heard::default() };
        assert_eq!(late.broken().count(), 1);
    }

    #[test]
    fn silence_is_told_only_where_telemetry_is_configured() {
        assert!(Heard::default().lines().is_empty());
        let endpoints = vec![Text::new("127.0.0.1:5557")];
        let silent = Heard { endpoints, ..Heard::default() };
        assert_eq!(silent.lines(), ["none heard at 127.0.0.1:5557"]);
    }
}
