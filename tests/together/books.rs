//! What the processes left behind: logs and the console's recording.

use crs::domain::{Decision, DecisionSource};
use crs::event::Event;
use crs::journal::{Piece, Recording, Source};
use crs::state::State;
use crs::wire::{DecisionLines, Heard};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A decision log, by the console's own reader.
pub fn log(path: &Path) -> Vec<Decision> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines = DecisionLines::default();
    // The last line may still be on its way.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut all = Vec::new();
    for line in whole {
        match lines.line(line.trim_end().as_bytes()) {
            Heard::Decision(decision) => all.push(*decision),
            Heard::Nothing => {}
            Heard::Refused(why) => panic!("{why}: {line}"),
        }
    }
    all
}

/// The same by what was done.
pub fn by_action<'a>(all: impl IntoIterator<Item = &'a Decision>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for decision in all {
        *counts.entry(decision.action.to_string()).or_default() += 1;
    }
    counts
}

/// The number of the position that it opened.
pub fn ticket(decision: &Decision) -> Option<u64> {
    let words = [decision.order.as_str(), decision.why.as_str()];
    let after = words.iter().find_map(|text| text.split_once("ticket "))?.1;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A recording, read from its first record to its last.
pub struct Kept {
    /// Each decision as often as it was heard.
    pub decisions: Vec<Decision>,
    /// What the screen showed last.
    pub state: State,
    pub gaps: usize,
}

impl Kept {
    pub fn read(recordings: &Path) -> Option<Self> {
        let mut recording = Recording::open(recordings).ok()?;
        let (mut state, mut decisions, mut gaps) = (State::default(), Vec::new(), 0);
        let mut pieces = Vec::new();
        loop {
            recording.read_after(state.seq, &mut pieces).ok()?;
            if pieces.is_empty() {
                return Some(Self { decisions, state, gaps });
            }
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Record(record) => {
                        state.apply(&record).unwrap();
                        if let Event::Decision(decision) = record.event {
                            decisions.push(*decision);
                        }
                    }
                    Piece::Whole(_, whole) => {
                        gaps += 1;
                        state = *whole;
                    }
                }
            }
        }
    }

    /// Copies of each decision of one trader, by its number.
    pub fn copies(&self, source: DecisionSource) -> BTreeMap<u64, usize> {
        let mut copies = BTreeMap::new();
        for decision in self.decisions.iter().filter(|d| d.source == source) {
            *copies.entry(decision.number.unwrap()).or_default() += 1;
        }
        copies
    }

    /// How many decisions of one trader the screen has counted: its rows have
    /// no hole, so what was dropped is known by the first number that is left.
    pub fn on_screen(&self, source: DecisionSource) -> u64 {
        let rows = self.state.decisions.iter().map(|row| &row.value);
        let mut rows: Vec<(u64, u64)> = rows
            .filter(|row| row.decision.source == source)
            .map(|row| (row.decision.number.unwrap(), row.count))
            .collect();
        rows.sort_unstable();
        let dropped = rows.first().map_or(0, |(last, count)| last - count);
        let counted: u64 = rows.iter().map(|(_, count)| count).sum();
        dropped + counted
    }

    /// Decisions that were too many for an events feed.
    pub fn not_kept(&self) -> u64 {
        let feeds = self.state.obey.feeds.values();
        let refused = feeds.flat_map(|feed| &feed.value.refused);
        refused.filter(|(why, _)| why.as_str() == "too many decisions").map(|(_, n)| n).sum()
    }
}
