//! Fold of what automatic traders decided: rows, newest last, bounded.
//!
//! An engine decides at every tick. So that it buries nobody, decisions that
//! ordered nothing and say the same again share one row, which counts them;
//! and when the room is spent, the trader with most rows gives up its oldest.
//!
//! One decision may be heard twice, from a log and from a telemetry port, or by
//! two ports: the number that its trader gave it tells, and what the second
//! copy knows more is added to the first.

use super::log::push;
use super::orders::judge;
use super::{Aged, State};
use crate::domain::{Decision, DecisionSource, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows kept.
pub const DECISIONS: usize = 500;
/// Decisions that a second copy is told by: seconds of a busy engine.
const KEYS: usize = 2_048;
/// A row that goes on being counted takes its place anew so seldom, or rows
/// of two symbols would change places at every tick.
const SETTLED: Duration = Duration::from_secs(10);
/// A longer pause of an engine is none of its rhythm.
const PAUSE: u64 = 3_600_000_000;

/// One decision, or a run of those that ordered nothing and say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The newest of them.
    #[serde(flatten)]
    pub decision: Decision,
    /// How many.
    #[serde(default = "one")]
    pub count: u64,
    /// When the first one was heard.
    #[serde(default)]
    pub first: Stamp,
    /// When the row last took its place.
    #[serde(default)]
    placed: Stamp,
}

const fn one() -> u64 {
    1
}

impl State {
    pub(super) fn on_decision(&mut self, decision: &Decision) {
        let key = key(decision);
        if key.is_some_and(|key| self.decision_keys.contains(&key)) {
            self.add_to(decision);
            return;
        }
        if let Some(key) = key {
            push(&mut self.decision_keys, KEYS, key);
        }
        let same = |row: &Aged<Run>| {
            let d = &row.value.decision;
            d.source == decision.source && d.symbol == decision.symbol
        };
        let before = self.decisions.iter().rposition(same);
        let last = before.and_then(|at| self.decisions.get(at)).map(|row| &row.value.decision);
        let goes_on = last.is_some_and(|last| goes_on(last, decision));
        let gap = gap(last, decision);
        self.lag_of(decision, gap);
        self.order_of(decision);
        match before.filter(|_| goes_on) {
            Some(at) => self.count_on(at, decision),
            None => self.new_row(decision),
        }
    }

    fn new_row(&mut self, decision: &Decision) {
        while self.decisions.len() >= DECISIONS {
            let mut shares: BTreeMap<DecisionSource, usize> = BTreeMap::new();
            for row in &self.decisions {
                *shares.entry(row.value.decision.source).or_default() += 1;
            }
            let most = shares.into_iter().max_by_key(|(_, rows)| *rows).map(|(source, _)| source);
            let oldest =
                self.decisions.iter().position(|row| Some(row.value.decision.source) == most);
            self.decisions.remove(oldest.unwrap_or(0));
        }
        let (first, placed) = (self.now, self.now);
        let row = Run { decision: decision.clone(), count: 1, first, placed };
        let row = self.aged(row);
        self.decisions.push_back(row);
    }

    fn count_on(&mut self, at: usize, decision: &Decision) {
        let now = self.now;
        let Some(row) = self.decisions.get_mut(at) else { return };
        row.at = now;
        row.value.count = row.value.count.saturating_add(1);
        row.value.decision.clone_from(decision);
        if now.since(row.value.placed) >= SETTLED {
            row.value.placed = now;
            if let Some(row) = self.decisions.remove(at) {
                self.decisions.push_back(row);
            }
        }
    }

    /// What a second copy of a decision knows more than the first.
    fn add_to(&mut self, copy: &Decision) {
        let known = key(copy);
        let same = |row: &&mut Aged<Run>| key(&row.value.decision) == known;
        let Some(row) = self.decisions.iter_mut().rev().find(same) else { return };
        let d = &mut row.value.decision;
        // What was measured once is not measured again.
        let measured = d.lag_us.is_some() || !d.steps.is_empty();
        d.side = d.side.or(copy.side);
        d.probabilities = d.probabilities.or(copy.probabilities);
        d.threshold = d.threshold.or(copy.threshold);
        d.lag_us = d.lag_us.or(copy.lag_us);
        d.live = d.live.or(copy.live);
        for (ours, theirs) in [(&mut d.why, &copy.why), (&mut d.order, &copy.order)] {
            if ours.is_empty() {
                ours.clone_from(theirs);
            }
        }
        if d.steps.is_empty() {
            d.steps.clone_from(&copy.steps);
        }
        if !measured {
            self.lag_of(copy, None);
        }
        // Its ticket says whose a position is.
        if judge::ticket_of(copy).is_some() {
            self.order_of(copy);
        }
    }
}

/// What tells that two copies are of one decision; none where its trader gave
/// it no number or no time: better twice than one that is hidden.
fn key(decision: &Decision) -> Option<u64> {
    let (number, at) = (decision.number?, decision.at?);
    // FNV-1a: the same on every host, which a replay needs.
    let bytes = [decision.source as u8]
        .into_iter()
        .chain(number.to_le_bytes())
        .chain(at.0.to_le_bytes())
        .chain(decision.symbol.as_str().bytes());
    Some(bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Whether `next` says again what `last` said, and ordered nothing. An order,
/// and what became of it, always has a row of its own.
fn goes_on(last: &Decision, next: &Decision) -> bool {
    let action = next.action.as_str();
    let quiet = ["NO_ORDER", "BLOCKED", "SKIPPED", "ERROR"].iter().any(|w| action.starts_with(w));
    // The price in "bid 1.08497 is no signal" is no other reason; a status or a
    // gate in that of an error is.
    let digit = |c: &char| action == "NO_ORDER" && c.is_ascii_digit();
    let reason = |d: &Decision| d.why.as_str().chars().filter(|c| !digit(c)).collect::<String>();
    quiet
        && next.order.is_empty()
        && last.order.is_empty()
        && last.action == next.action
        && (last.side, last.live) == (next.side, next.live)
        && (last.probabilities, last.threshold) == (next.probabilities, next.threshold)
        && (last.why == next.why || reason(last) == reason(next))
}

/// Microseconds between two decisions of an engine, by its own clock.
fn gap(last: Option<&Decision>, next: &Decision) -> Option<u64> {
    let (last, next) = (last.filter(|_| next.source == DecisionSource::Engine)?.at?, next.at?);
    let us = u64::try_from(next.0.saturating_sub(last.0)).ok()?;
    (1..PAUSE).contains(&us).then_some(us)
}
