//! Fold of checks: how each stands, since when, how often it went back and
//! forth, and how long its answers took.

use super::State;
use super::mesh::{Course, Row, Standing};
use crate::domain::{CheckReport, CheckStatus, Stamp, Text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Checks kept.
pub const MAX_CHECKS: usize = 4_096;
/// Latencies kept of each.
pub const HISTORY: usize = 24;
/// A result is old when it is overdue by so many periods.
const OVERDUE_PERIODS: u64 = 2;

/// All checks that were heard of: node, name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    by_node: BTreeMap<Text, BTreeMap<Text, Checked>>,
    count: usize,
    /// Reports of checks beyond [`MAX_CHECKS`], which are not kept.
    pub refused: u64,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its last report.
    pub report: CheckReport,
    /// When that was heard.
    pub at: Stamp,
    /// Since when it stands so.
    pub since: Stamp,
    /// How often it went from ok to failed or back.
    pub flaps: u32,
    /// Ok or failed, whichever was last known.
    known: Option<bool>,
    /// Microseconds of the last looks, oldest first; none without an answer.
    history: VecDeque<Option<u32>>,
}

impl Checks {
    /// Node by node.
    pub fn rows(&self) -> impl Iterator<Item = &Checked> {
        self.by_node.values().flat_map(BTreeMap::values)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether none runs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, node: &Text, name: &Text) -> Option<&Checked> {
        self.by_node.get(node)?.get(name)
    }
}

impl State {
    pub(super) fn on_check(&mut self, report: &CheckReport) {
        let now = self.now;
        let checks = &mut self.checks;
        if checks.get(&report.node, &report.name).is_none() {
            if checks.count >= MAX_CHECKS {
                checks.refused = checks.refused.saturating_add(1);
                return;
            }
            checks.count += 1;
        }
        let of_node = checks.by_node.entry(report.node.clone()).or_default();
        let row = of_node.entry(report.name.clone()).or_default();
        let new = row.at == Stamp::default();
        if new || row.report.result.status != report.result.status {
            row.since = now;
        }
        let known = match report.result.status {
            CheckStatus::Ok => Some(true),
            CheckStatus::Failed => Some(false),
            CheckStatus::Unknown => None,
        };
        if let Some(ok) = known
            && row.known.replace(ok).is_some_and(|before| before != ok)
        {
            row.flaps = row.flaps.saturating_add(1);
        }
        if row.history.len() >= HISTORY {
            row.history.pop_front();
        }
        let latency = report.result.latency_us;
        row.history.push_back(latency.map(|us| u32::try_from(us).unwrap_or(u32::MAX)));
        (row.report, row.at) = (report.clone(), now);
    }

    /// Whether a look is missing: then what the last one said proves nothing.
    #[must_use]
    pub fn is_overdue(&self, row: &Checked) -> bool {
        let report = &row.report;
        let due = report.period_ms.saturating_mul(OVERDUE_PERIODS);
        self.age(row.at) > Duration::from_millis(due.saturating_add(report.timeout_ms))
    }

    /// How a check stands, by a look that is not overdue.
    pub(super) fn check_standing(&self, row: &Checked) -> Standing {
        match row.report.result.status {
            _ if self.is_overdue(row) => Standing::Unknown,
            CheckStatus::Ok => Standing::Good,
            CheckStatus::Unknown => Standing::Unknown,
            CheckStatus::Failed if row.report.critical => Standing::Bad,
            CheckStatus::Failed => Standing::Late,
        }
    }

    /// The same in a word or two.
    pub(super) fn check_word<'a>(&self, row: &'a Checked) -> &'a str {
        let result = &row.report.result;
        match result.status {
            _ if self.is_overdue(row) => "not looked at",
            CheckStatus::Ok if result.said.is_empty() => "ok",
            CheckStatus::Ok => result.said.as_str(),
            CheckStatus::Unknown => "can't be asked",
            CheckStatus::Failed if row.report.critical => "FAILED",
            CheckStatus::Failed => "failed",
        }
    }

    /// Critical checks that fail, by a look that is not overdue.
    pub fn failing_checks(&self) -> impl Iterator<Item = &Checked> {
        let fails =
            |row: &&Checked| row.report.critical && row.report.result.status == CheckStatus::Failed;
        self.checks.rows().filter(fails).filter(|row| !self.is_overdue(row))
    }

    /// A check as a row of the Mesh pane.
    pub(super) fn check_row(&self, row: &Checked) -> Row {
        let result = &row.report.result;
        let standing = self.check_standing(row);
        Row {
            node: row.report.node.clone(),
            check: row.report.name.clone(),
            standing,
            word: Text::new(self.check_word(row)),
            latency_us: result.latency_us.filter(|_| standing != Standing::Unknown),
            age: Some(self.age(row.at)),
            since: Some(row.since),
            next: result.next.clone(),
            course: Some(Course {
                cause: result.cause.clone(),
                flaps: row.flaps,
                history: row.history.iter().copied().collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CheckResult;
    use crate::event::{Event, Stamped};

    fn put(state: &mut State, second: u64, event: Event) {
        let at = Stamp::default().plus(Duration::from_secs(second));
        state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
    }

    fn report(status: CheckStatus, latency_us: Option<u64>) -> Event {
        let cause = Text::new(if status == CheckStatus::Ok { "" } else { "refused" });
        let next = Text::new(if status == CheckStatus::Ok { "" } else { "start it" });
        Event::Check(Box::new(CheckReport {
            node: Text::new("GTW"),
            name: Text::new("heartbeat"),
            critical: true,
            period_ms: 10_000,
            timeout_ms: 5_000,
            result: CheckResult { status, latency_us, cause, next, ..CheckResult::default() },
            ..CheckReport::default()
        }))
    }

    fn row(state: &State) -> Row {
        state.check_row(state.checks.rows().last().unwrap())
    }

    #[test]
    fn it_is_told_since_when_and_how_often_it_changed() {
        let mut state = State::default();
        for (second, status) in [
            (10, CheckStatus::Ok),
            (20, CheckStatus::Ok),
            (30, CheckStatus::Failed),
            // Not knowing is no change of what is known.
            (40, CheckStatus::Unknown),
            (50, CheckStatus::Failed),
            (60, CheckStatus::Ok),
        ] {
            put(&mut state, second, report(status, Some(second)));
        }
        let seen = row(&state);
        let course = seen.course.unwrap();
        assert_eq!((seen.standing, course.flaps), (Standing::Good, 2));
        assert_eq!(seen.since, Some(Stamp::default().plus(Duration::from_mins(1))));
        assert_eq!(course.history.len(), 6);
    }

    #[test]
    fn what_is_not_looked_at_any_more_is_not_known() {
        let mut state = State::default();
        put(&mut state, 10, report(CheckStatus::Ok, Some(1)));
        put(&mut state, 35, Event::Beat);
        assert_eq!(row(&state).standing, Standing::Good, "two periods and the wait");
        put(&mut state, 36, Event::Beat);
        assert_eq!(row(&state).standing, Standing::Unknown);
    }

    #[test]
    fn a_critical_one_is_an_alarm_until_it_is_proven_good_again() {
        let mut state = State::default();
        let standing = |state: &State| {
            state.alarms.list.iter().filter(|a| a.standing).map(|a| a.advice.to_string()).next()
        };
        put(&mut state, 10, report(CheckStatus::Failed, None));
        put(&mut state, 12, Event::Beat);
        assert_eq!(standing(&state).as_deref(), Some("start it"));
        put(&mut state, 14, report(CheckStatus::Unknown, None));
        for second in 15..25 {
            put(&mut state, second, Event::Beat);
        }
        assert!(standing(&state).is_some(), "that it can't be asked is no end");
        put(&mut state, 25, report(CheckStatus::Ok, Some(1)));
        for second in 26..40 {
            put(&mut state, second, Event::Beat);
        }
        assert_eq!(standing(&state), None);
    }

    #[test]
    fn history_and_number_are_bounded() {
        let mut state = State::default();
        for second in 0..100 {
            put(&mut state, second, report(CheckStatus::Ok, Some(u64::MAX)));
        }
        assert_eq!(row(&state).course.unwrap().history.len(), HISTORY);
        assert_eq!(state.checks.len(), 1);
    }
}
