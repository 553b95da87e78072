//! One market's week.

use super::moment::{DAY, Pause, TimeOfDay, WeekMinute};
use super::{Phase, Zone, micros, naive};
use crate::domain::UtcMicros;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Days in which the next opening and the last closing are looked for; longer
/// than a week and its holidays.
const REACH: usize = 17;

/// When one market trades, in its own clock's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// It never closes: nothing below counts.
    pub always: bool,
    /// Its clock.
    pub zone: Zone,
    /// The week begins.
    pub open: WeekMinute,
    /// And ends.
    pub close: WeekMinute,
    /// Closed every day for this long.
    pub pause: Option<Pause>,
    /// Trading days on which it stays closed.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for Hours {
    /// The week of the currency market: Sunday 17:00 to Friday 17:00 in New
    /// York, that is 22:00 UTC in winter and 21:00 in summer.
    fn default() -> Self {
        Self {
            always: false,
            zone: Zone::NewYork,
            open: WeekMinute(6 * DAY + 17 * 60),
            close: WeekMinute(4 * DAY + 17 * 60),
            pause: None,
            holidays: BTreeSet::new(),
        }
    }
}

impl Hours {
    /// Whether the market trades at `at`. Unknown years are open: silence is
    /// then called silence.
    #[must_use]
    pub fn is_open(&self, at: UtcMicros) -> bool {
        self.always || naive(at).is_none_or(|at| self.trades(at))
    }

    /// The same, and since when and until when.
    #[must_use]
    pub fn phase(&self, at: UtcMicros) -> Phase {
        let open = self.is_open(at);
        let Some(now) = naive(at).filter(|_| !self.always) else {
            return Phase { open, since: None, until: None };
        };
        let day = now.date();
        // Local days are at most one apart from UTC's.
        let ahead = day.pred_opt().into_iter().flat_map(|day| day.iter_days()).take(REACH);
        let until = ahead.flat_map(|day| self.turns(day)).find(|turn| *turn > now);
        let behind = std::iter::successors(day.succ_opt(), NaiveDate::pred_opt).take(REACH);
        let since =
            behind.flat_map(|day| self.turns(day).into_iter().rev()).find(|turn| *turn <= now);
        Phase { open, since: since.map(micros), until: until.map(micros) }
    }

    fn trades(&self, utc: NaiveDateTime) -> bool {
        let Some(local) = self.zone.local(utc) else { return true };
        let time = time_of(local);
        let day = u16::try_from(local.weekday().num_days_from_monday()).unwrap_or(0);
        let minute = WeekMinute(day * DAY + time.0);
        within(&self.open, &self.close, &minute)
            && !self.pause.is_some_and(|pause| within(&pause.from, &pause.to, &time))
            && !self.trading_day(local).is_some_and(|day| self.holidays.contains(&day))
    }

    /// The day that `local` counts for: where the week opens in the evening,
    /// every evening belongs to the next day.
    fn trading_day(&self, local: NaiveDateTime) -> Option<NaiveDate> {
        let begins = self.open.time();
        let evening = begins.0 >= DAY / 2 && time_of(local) >= begins;
        let morning = begins.0 < DAY / 2 && time_of(local) < begins;
        match (evening, morning) {
            (true, _) => local.date().succ_opt(),
            (_, true) => local.date().pred_opt(),
            _ => Some(local.date()),
        }
    }

    /// Every moment of a local day at which it opens or closes, in order.
    fn turns(&self, day: NaiveDate) -> Vec<NaiveDateTime> {
        let pause = self.pause.into_iter().flat_map(|pause| [pause.from, pause.to]);
        let times: BTreeSet<TimeOfDay> =
            [self.open.time(), self.close.time()].into_iter().chain(pause).collect();
        let turn = |at: &NaiveDateTime| {
            let before = at.checked_sub_signed(TimeDelta::microseconds(1));
            before.is_some_and(|before| self.trades(before) != self.trades(*at))
        };
        let moments = times.iter().filter_map(|time| self.zone.utc(day.and_time(clock(*time)?)));
        moments.filter(turn).collect()
    }
}

/// Whether `at` lies in the half-open stretch, which may go round.
fn within<T: Ord>(from: &T, to: &T, at: &T) -> bool {
    if from <= to { from <= at && at < to } else { at >= from || at < to }
}

fn time_of(at: NaiveDateTime) -> TimeOfDay {
    TimeOfDay(u16::try_from(at.num_seconds_from_midnight() / 60).unwrap_or(0))
}

fn clock(time: TimeOfDay) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(u32::from(time.0) / 60, u32::from(time.0) % 60, 0)
}
