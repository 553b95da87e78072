//! Fold of what automatic traders decided: rows, newest last, bounded.
//!
//! An engine decides at every tick. So that it buries nobody, decisions that
//! ordered nothing and say the same again share one row, which counts them;
//! and when the room is spent, the trader with most rows gives up its oldest.
//!
//! One decision may be heard twice, from a log and from a telemetry port, or by
//! two ports: the number that its trader gave it tells, with the process that
//! the trader is, and what the second copy knows more is added to the first.

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
        self.heard_of(decision);
        let same = |row: &Aged<Run>| {
            let d = &row.value.decision;
            is_of_one(d, decision) && d.symbol == decision.symbol
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

/// Whether one trader decided both. Two of one kind may hear the same feed, and
/// number its ticks alike.
fn is_of_one(one: &Decision, other: &Decision) -> bool {
    (one.source, one.pid, &one.host) == (other.source, other.pid, &other.host)
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
        .chain(decision.symbol.as_str().bytes())
        .chain(decision.pid.map_or([0; 9], named))
        .chain(decision.host.as_str().bytes());
    Some(bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// A process id that is told, zero too, is not one that is not.
fn named(pid: u64) -> [u8; 9] {
    let mut bytes = [1; 9];
    bytes.iter_mut().zip(pid.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
    bytes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DecisionStep, Probabilities, Ratio, Side, Text, UtcMicros};
    use crate::event::{Event, Stamped};

    struct Session {
        state: State,
        at: Stamp,
    }

    impl Session {
        fn new() -> Self {
            let at = Stamp { mono_ns: 1_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
            Self { state: State::default(), at }
        }

        fn put(&mut self, decision: Decision) {
            self.at = self.at.plus(Duration::from_millis(100));
            let event = Event::Decision(Box::new(decision));
            let seq = self.state.seq + 1;
            self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        }

        fn rows(&self) -> Vec<(&str, &str, u64)> {
            let told = |row: &'_ Aged<Run>| row.value.count;
            self.state
                .decisions
                .iter()
                .map(|row| {
                    let d = &row.value.decision;
                    (d.source.short(), d.action.as_str(), told(row))
                })
                .collect()
        }
    }

    fn engine(symbol: &str, action: &str, why: &str) -> Decision {
        Decision {
            symbol: Text::new(symbol),
            action: Text::new(action),
            why: Text::new(why),
            ..Decision::default()
        }
    }

    fn sentinel(action: &str, why: &str) -> Decision {
        Decision { source: DecisionSource::Sentinel, ..engine("EURUSD", action, why) }
    }

    #[test]
    fn what_an_engine_says_at_every_tick_buries_nobody() {
        let mut s = Session::new();
        s.put(sentinel("NO_ORDER", "0.51 is not above 0.60"));
        for n in 0..1_000 {
            s.put(engine("EURUSD", "NO_ORDER", &format!("bid 1.0{n:04} is no signal")));
            s.put(engine("USDJPY", "NO_ORDER", "no signal"));
        }
        let rows = s.rows();
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert!(rows.contains(&("sen", "NO_ORDER", 1)));
        assert_eq!(rows.iter().filter(|row| row.2 == 1_000).count(), 2, "all are counted");
        // The newest of a run is what its row tells.
        let newest =
            s.state.decisions.iter().find(|row| row.value.decision.why.as_str().contains("0999"));
        assert!(newest.is_some_and(|row| row.value.first.mono_ns < row.at.mono_ns));
        // Another reason, another side, another gate: another row.
        s.put(engine("EURUSD", "BLOCKED", "gate 1"));
        s.put(engine("EURUSD", "BLOCKED", "gate 2"));
        s.put(Decision { side: Some(Side::Buy), ..engine("EURUSD", "BLOCKED", "gate 2") });
        assert_eq!(s.rows().len(), 6);
        // What ordered something always has a row of its own.
        s.put(engine("EURUSD", "ORDER_GENERATED", "above"));
        s.put(engine("EURUSD", "ORDER_GENERATED", "above"));
        assert_eq!(s.rows().len(), 8);
        // And so has the same word of a model that saw something else.
        let shares =
            |buy| Probabilities { sell: Ratio::ZERO, hold: Ratio::ZERO, buy: Ratio::from_raw(buy) };
        for buy in [5_000, 5_000, 5_100] {
            s.put(Decision { probabilities: Some(shares(buy)), ..sentinel("NO_ORDER", "low") });
        }
        assert_eq!(s.rows()[8..], [("sen", "NO_ORDER", 2), ("sen", "NO_ORDER", 1)]);
    }

    #[test]
    fn a_row_that_is_counted_on_comes_back_to_the_end_now_and_then() {
        let mut s = Session::new();
        s.put(engine("EURUSD", "NO_ORDER", ""));
        s.put(sentinel("SKIPPED", "no market data"));
        s.put(engine("EURUSD", "NO_ORDER", ""));
        assert_eq!(s.rows().last().map(|row| row.0), Some("sen"), "not at once");
        (0..100).for_each(|_| s.put(engine("EURUSD", "NO_ORDER", "")));
        assert_eq!(s.rows().last(), Some(&("eng", "NO_ORDER", 102)));
    }

    #[test]
    fn the_trader_with_most_rows_gives_up_its_oldest() {
        let mut s = Session::new();
        s.put(sentinel("SENT", "ticket 5"));
        for n in 0..3 * DECISIONS {
            s.put(engine("EURUSD", "ORDER_GENERATED", &format!("ORD_{n:06}")));
        }
        assert_eq!(s.rows().len(), DECISIONS);
        assert_eq!(s.rows()[0], ("sen", "SENT", 1));
        assert!(s.state.decision_keys.len() <= KEYS);
    }

    #[test]
    fn a_decision_that_is_heard_twice_is_one_and_knows_what_both_told() {
        let mut s = Session::new();
        let at = Some(UtcMicros(1_768_399_199_000_000));
        let log = Decision {
            at,
            number: Some(5),
            lag_us: Some(1_950),
            ..engine("EURUSD", "ORDER_GENERATED", "ORD_000004")
        };
        let told = Decision {
            order: Text::new("ORD_000004"),
            threshold: Some(Ratio::from_raw(10_850)),
            live: Some(false),
            steps: vec![DecisionStep { name: Text::new("signal"), us: 40 }],
            ..log.clone()
        };
        for d in [&log, &told, &told, &log] {
            s.put(d.clone());
        }
        assert_eq!(s.rows(), [("eng", "ORDER_GENERATED", 1)]);
        assert_eq!(s.state.decisions[0].value.decision, told);
        assert_eq!(s.state.lag.engine.count, 1);
        // Of runs, too.
        for number in 6..20 {
            let quiet = Decision { at, number: Some(number), ..engine("EURUSD", "NO_ORDER", "") };
            s.put(quiet.clone());
            s.put(quiet);
        }
        assert_eq!(s.rows()[1], ("eng", "NO_ORDER", 14));
        // Another number, symbol, time or trader is another decision.
        let number = Some(21);
        let one = Decision { at, number, ..engine("EURUSD", "ORDER_GENERATED", "") };
        s.put(one.clone());
        s.put(Decision { symbol: Text::new("USDJPY"), ..one.clone() });
        s.put(Decision { at: Some(UtcMicros(7)), ..one.clone() });
        s.put(Decision { source: DecisionSource::Sentinel, ..one.clone() });
        assert_eq!(s.rows().len(), 6);
        // Nothing is hidden where no number tells.
        let bare = Decision { number: None, ..one };
        s.put(bare.clone());
        s.put(bare);
        assert_eq!(s.rows().len(), 8);
    }

    /// Both number the ticks of one feed, and may decide in one microsecond.
    #[test]
    fn two_engines_on_one_feed_hide_nothing_of_each_other() {
        let mut s = Session::new();
        let of = |pid, host: &str, action: &str, ms: i64| Decision {
            at: Some(UtcMicros(1_768_399_199_000_000 + ms * 1_000)),
            number: Some(5),
            live: Some(true),
            side: Some(Side::Buy),
            order: Text::new(if action == "NO_ORDER" { "" } else { "ORD_000004" }),
            host: Text::new(host),
            pid: Some(pid),
            ..engine("EURUSD", action, "")
        };
        for copy in [0, 1] {
            for (pid, host) in [(41, "inf"), (42, "inf"), (41, "hub")] {
                s.put(of(pid, host, "ORDER_GENERATED", 0));
                assert_eq!(s.rows().iter().filter(|row| row.2 == 1).count(), s.rows().len());
                assert!(copy == 0 || s.rows().len() == 3);
            }
        }
        assert_eq!(s.rows().len(), 3);
        for n in 1..=10 {
            s.put(of(41, "inf", "NO_ORDER", n * 10));
            s.put(of(42, "inf", "NO_ORDER", n * 10));
        }
        let runs = [("eng", "NO_ORDER", 10), ("eng", "NO_ORDER", 10)];
        assert_eq!(s.rows()[3..], runs, "each has a row of its own");
        let gaps = &s.state.lag.engine_gap;
        assert_eq!((gaps.count, gaps.max()), (20, Some(10_000)), "and a rhythm of its own");
    }

    #[test]
    fn a_ticket_that_only_the_second_copy_tells_is_known() {
        let mut s = Session::new();
        let (at, number) = (Some(UtcMicros(5)), Some(1));
        let first = Decision { at, number, side: Some(Side::Buy), ..sentinel("SENT", "no answer") };
        s.put(first.clone());
        s.put(Decision { order: Text::new("ticket 77"), ..first });
        let tickets: Vec<_> = s.state.orders.orders.iter().filter_map(|o| o.value.ticket).collect();
        assert_eq!(tickets.iter().map(|t| t.0).collect::<Vec<_>>(), [77]);
    }

    #[test]
    fn gaps_of_an_engine_and_steps_of_a_sentinel_are_measured() {
        let mut s = Session::new();
        for us in [0, 10_000, 20_000, 20_000, 15_000] {
            s.put(Decision { at: Some(UtcMicros(us)), ..engine("EURUSD", "NO_ORDER", "") });
            s.put(Decision { at: Some(UtcMicros(us)), ..engine("USDJPY", "NO_ORDER", "") });
        }
        assert_eq!((s.state.lag.engine_gap.count, s.state.lag.engine_gap.max()), (4, Some(10_000)));
        let step = |name: &str, us| DecisionStep { name: Text::new(name), us };
        let steps = vec![step("bars", 812_000), step("model", 63_000), step("other", 7)];
        s.put(Decision { steps, ..sentinel("NO_ORDER", "") });
        let lag = &s.state.lag.sentinel;
        assert_eq!((lag.bars.max(), lag.model.max()), (Some(812_000), Some(63_000)));
        assert_eq!((lag.cycle.max(), lag.order.count), (Some(875_007), 0));
        assert_eq!(s.state.lag.engine.count, 0);
    }
}
