//! What the processes left behind: logs and the console's recording.

use crs::domain::{Decision, DecisionSource};
use crs::event::{Event, Stamped};
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
    /// How many decisions of each trader the screen counted in all.
    pub on_screen: BTreeMap<DecisionSource, u64>,
    /// What the screen showed last.
    pub state: State,
    pub gaps: usize,
}

impl Kept {
    pub fn read(recordings: &Path) -> Option<Self> {
        let mut recording = Recording::open(recordings).ok()?;
        let (mut state, mut gaps) = (State::default(), 0);
        let (mut decisions, mut on_screen) = (Vec::new(), BTreeMap::new());
        let mut pieces = Vec::new();
        loop {
            recording.read_after(state.seq, &mut pieces).ok()?;
            if pieces.is_empty() {
                return Some(Self { decisions, on_screen, state, gaps });
            }
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Record(Stamped { seq, at, event: Event::Decision(decision) }) => {
                        let before = rows(&state);
                        decisions.push((*decision).clone());
                        let source = decision.source;
                        state
                            .apply(&Stamped { seq, at, event: Event::Decision(decision) })
                            .unwrap();
                        // A second copy neither counts nor makes a row.
                        let more = u64::from(rows(&state) != before);
                        *on_screen.entry(source).or_default() += more;
                    }
                    Piece::Record(record) => state.apply(&record).unwrap(),
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

    /// Decisions that were too many for an events feed.
    pub fn not_kept(&self) -> u64 {
        let feeds = self.state.obey.feeds.values();
        let refused = feeds.flat_map(|feed| &feed.value.refused);
        refused.filter(|(why, _)| why.as_str() == "too many decisions").map(|(_, n)| n).sum()
    }
}

/// What changes with each decision that the pane takes: the sum of its counts,
/// and the number in its newest row, since a row that is dropped takes its
/// count along.
fn rows(state: &State) -> (u64, Option<u64>) {
    let sum = state.decisions.iter().map(|row| row.value.count).sum();
    (sum, state.decisions.back().and_then(|row| row.value.decision.number))
}
