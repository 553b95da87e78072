//! Node by check: what is known of every part of the mesh, and since when.
//!
//! Rows are made from what other folds know; kept is only when each last
//! changed. A check is a name and a judgement, so that there can be more.

mod entry;
mod judge;
#[cfg(test)]
mod tests;

pub use entry::Entry;

use super::{Aged, State, Trader, obey};
use crate::domain::{Stamp, Text};
use crate::event::GatewayStatusReport;
use judge::{Found, feed, link};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Rows whose changes are kept.
const MAX_ROWS: usize = 512;

/// How a check stands, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should be.
    Good,
    /// Nothing is known yet.
    Unknown,
    /// Not as it should be; look when you can.
    Late,
    /// It fails.
    Bad,
}

/// One check of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub node: Text,
    /// What was looked at.
    pub check: Text,
    /// How it stands.
    pub standing: Standing,
    /// The same in a word or two.
    pub word: Text,
    /// How long it took, in microseconds, where that is measured.
    pub latency_us: Option<u64>,
    /// Age of the evidence; none where there is none, or its line stands open.
    pub age: Option<Duration>,
    /// Since when it stands so; none before the first look.
    pub since: Option<Stamp>,
    /// What to do about it, empty when nothing is.
    pub next: Text,
    /// What is known beside, of a check that runs at its period.
    pub course: Option<Course>,
}

/// The course of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Why it is not ok, empty when it is.
    pub cause: Text,
    /// How often it went from ok to failed or back.
    pub flaps: u32,
    /// Latencies in microseconds, oldest first; none where there was no
    /// answer.
    pub history: Vec<Option<u32>>,
}

/// When a row last changed its standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    node: Text,
    check: Text,
    standing: Standing,
    since: Stamp,
}

impl State {
    /// Every check of every node that is known, gateways first.
    #[must_use]
    pub fn mesh_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (index, pane) in (0_u16..).zip(&self.gateways) {
            let node = self.gateway_name(index);
            let report = &pane.report;
            let known = report.at != Stamp::default();
            let age = |at: Stamp| (at != Stamp::default()).then(|| self.age(at));
            let link = link(report.value.link, "is the gateway running? crs heartbeat");
            rows.push(self.mesh_row(&node, "link", link, None, age(report.at)));
            let beat = self.heartbeat(index, known);
            let alive = pane.alive.map(|at| self.age(at));
            let rtt = report.value.rtt_us.filter(|_| beat.standing == Standing::Good);
            rows.push(self.mesh_row(&node, "heartbeat", beat, rtt, alive));
            let tick = pane.last_tick.map(|at| self.age(at));
            rows.push(self.mesh_row(&node, "feed", feed(self.feed_word(index)), None, tick));
            let read = pane.positions.as_ref().map(|read| self.age(read.at));
            rows.push(self.mesh_row(&node, "reads", self.reads(index), None, read));
            if let Some(killed) = self.remembers_kill(index) {
                let told = alive.unwrap_or_default();
                rows.push(self.mesh_row(
                    &node,
                    "kill",
                    self.memory_check(killed, told),
                    None,
                    alive,
                ));
            }
        }
        for feed in self.obey.feeds.values() {
            let link = link(feed.value.link, "is its publisher running? see [events]");
            rows.push(self.mesh_row(&feed.value.endpoint, "events", link, None, None));
            // A gateway whose answers tell the same has its row above.
            let told = |desk: &Aged<GatewayStatusReport>| {
                (0_u16..).zip(&self.gateways).any(|(index, _)| {
                    self.remembers_kill(index) == Some(desk.value.killed)
                        && self.desk(index).is_some_and(|own| own.value.feed == desk.value.feed)
                })
            };
            let desk = self.obey.desks.get(&feed.value.feed);
            if let Some(desk) = desk.filter(|desk| !told(desk)) {
                let age = self.age(desk.at);
                let memory = self.memory_check(desk.value.killed, age);
                rows.push(self.mesh_row(&feed.value.endpoint, "kill", memory, None, Some(age)));
            }
        }
        let here = match &self.session.host {
            host if host.is_empty() => Text::new("here"),
            host => host.clone(),
        };
        // What was never looked at has no age.
        let looked = (self.latch.at != Stamp::default()).then(|| self.age(self.latch.at));
        rows.push(self.mesh_row(&here, "latch", self.latch_check(), None, looked));
        rows.push(self.mesh_row(&here, "agent", self.agent_check(), None, None));
        let heard = |row: &obey::Row| row.heard.or(row.told).is_some() && !row.host.is_empty();
        for consumer in self.obedience().into_iter().filter(heard) {
            let check = consumer.consumer.as_str();
            let found = self.obeys(&consumer, consumer.host == here);
            rows.push(self.mesh_row(&consumer.host, check, found, None, consumer.heard));
        }
        for trader in &self.traders {
            let status = &trader.value.status;
            let kind = |t: &&Trader| {
                (t.value.status.source, &t.value.status.host) == (status.source, &status.host)
            };
            let check = match self.traders.iter().filter(kind).count() {
                1 => format!("{} runs", status.source.short()),
                _ => format!("{} {}", status.source.short(), status.pid),
            };
            let age = Some(self.trader_age(trader));
            rows.push(self.mesh_row(&status.host, &check, self.trader_check(trader), None, age));
        }
        rows
    }

    fn mesh_row(
        &self,
        node: &Text,
        check: &str,
        found: Found,
        latency_us: Option<u64>,
        age: Option<Duration>,
    ) -> Row {
        let same = |seen: &&Seen| {
            seen.node == *node && seen.check.as_str() == check && seen.standing == found.standing
        };
        Row {
            node: node.clone(),
            check: Text::limited(check, 24),
            standing: found.standing,
            word: found.word,
            latency_us,
            age,
            since: self.mesh.iter().find(same).map(|seen| seen.since),
            next: Text::new(found.next),
            course: None,
        }
    }

    /// Notes which rows stand otherwise than before.
    pub(super) fn watch_mesh(&mut self) {
        let rows = self.mesh_rows();
        let now = self.now;
        let seen = rows.into_iter().take(MAX_ROWS).map(|row| Seen {
            since: row.since.unwrap_or(now),
            node: row.node,
            check: row.check,
            standing: row.standing,
        });
        self.mesh = seen.collect();
    }
}
