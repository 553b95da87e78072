//! From what a source wrote to bars that a decision can be made on.
//!
//! What is dropped or put in order is told in words. What can't be decided
//! without a guess ends in a fault: no decision is better than one on bars
//! that nobody believes.

mod notes;

use super::json::Row;
use super::{Bar, BarsFault, HOUR, shown};
use crate::domain::calendar::Hours;
use crate::domain::{Text, UtcMicros};
use notes::{Notes, hours};

/// Most bars of a window that may be unfit.
pub const MOST_DROPPED: usize = 10;
/// Past this many hours nobody counts which of them were open.
const REACH: i64 = 24 * 60;

/// What the bars are wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// How many make a window, above 0.
    pub need: usize,
    /// When the market trades.
    pub market: &'a Hours,
    /// The time, in seconds since 1970, UTC; none for bars of the past, of
    /// which the last is as good as any.
    pub now: Option<i64>,
    /// Most hours of open market since the end of the last bar; 0 for any.
    pub most_missing: u64,
}

/// Bars in the order of their times, and what was done to get them.
#[derive(Clone, Debug, PartialEq)]
pub struct Mended {
    /// At least as many as were needed.
    pub bars: Vec<Bar>,
    /// What was dropped or put in order.
    pub notes: Vec<Text>,
}

/// Judges what a source wrote.
///
/// # Errors
/// [`BarsFault`] where no decision should be made on it.
pub fn mend(rows: Vec<Row>, demand: &Demand<'_>) -> Result<Mended, BarsFault> {
    if rows.is_empty() {
        return Err(BarsFault::Empty);
    }
    let mut notes = Notes::default();
    let mut bars = sound(rows, demand.market, &mut notes);
    in_order(&mut bars, &mut notes);
    let contradictions = once(&mut bars, &mut notes);
    ended(&mut bars, demand.now, &mut notes);
    let have = bars.len();
    let window = have.checked_sub(demand.need).and_then(|from| bars.get(from..));
    let Some((first, last)) = window.and_then(|bars| Some((bars.first()?, bars.last()?))) else {
        return Err(BarsFault::TooFew { have, need: demand.need });
    };
    if let Some(at) = contradictions.into_iter().rfind(|at| *at >= first.at) {
        return Err(BarsFault::Contradiction { at });
    }
    // One without a time may be of any hour, so of this window too.
    let mut unfit = notes.unfit.iter().filter(|(at, _)| at.is_none_or(|at| at >= first.at));
    let dropped = unfit.clone().count();
    if let Some((at, flaw)) = unfit.next_back().filter(|_| dropped > MOST_DROPPED) {
        let example = notes::example(*at, flaw);
        return Err(BarsFault::TooManyDropped { dropped, most: MOST_DROPPED, example });
    }
    let missing = demand.now.map_or(0, |now| open_hours(last.at + HOUR, now, demand.market));
    if demand.most_missing > 0 && missing > demand.most_missing {
        return Err(BarsFault::Stale { last: last.at, missing, most: demand.most_missing });
    }
    if missing > 0 {
        let text = format!("the last bar is of {}, {} are missing", shown(last.at), hours(missing));
        notes.told.push(Text::new(&text));
    }
    let pairs = window.into_iter().flat_map(<[Bar]>::windows2);
    let gaps = pairs.map(|(one, next)| open_hours(one.at + HOUR, next.at, demand.market)).sum();
    notes.gaps(gaps);
    Ok(Mended { notes: notes.words(), bars })
}

/// Neighbours of a list.
trait Pairs {
    fn windows2(&self) -> impl Iterator<Item = (&Bar, &Bar)>;
}

impl Pairs for [Bar] {
    fn windows2(&self) -> impl Iterator<Item = (&Bar, &Bar)> {
        self.iter().zip(self.iter().skip(1))
    }
}

/// The bars that can be used, in the order they were written.
fn sound(rows: Vec<Row>, market: &Hours, notes: &mut Notes) -> Vec<Bar> {
    let mut bars = Vec::with_capacity(rows.len());
    for row in rows {
        match row {
            Row::Bar { bar, volume } => match bar.flaw().or_else(|| off_the_hour(bar.at)) {
                None => {
                    notes.silent += usize::from(!volume);
                    bars.push(bar);
                }
                Some(flaw) => notes.unfit.push((Some(bar.at), flaw)),
            },
            // Some sources write the hours of a closed market, too.
            Row::Quiet { at } if !market.is_open(micros(at)) => {}
            Row::Quiet { at } => notes.unfit.push((Some(at), "it has no prices")),
            Row::Broken { at } => notes.unfit.push((at, "a value of it can't be read")),
        }
    }
    bars
}

/// A bar of another length would begin there.
const fn off_the_hour(at: i64) -> Option<&'static str> {
    if at < 0 || at > 253_402_300_799 {
        Some("its time is out of range")
    } else if at % HOUR != 0 {
        Some("it does not begin on the hour")
    } else {
        None
    }
}

fn in_order(bars: &mut [Bar], notes: &mut Notes) {
    notes.unsorted = bars.windows2().filter(|(one, next)| one.at > next.at).count();
    // Stable, so that of two bars of one hour the later one stays the later.
    bars.sort_by_key(|bar| bar.at);
}

/// Keeps one bar of each hour, the last written; the hours of which there
/// were two that differ.
fn once(bars: &mut Vec<Bar>, notes: &mut Notes) -> Vec<i64> {
    let mut differ = Vec::new();
    let mut repeated = 0;
    bars.dedup_by(|next, kept| {
        if next.at != kept.at {
            return false;
        }
        if next == kept {
            repeated += 1;
        } else {
            differ.push(next.at);
            *kept = *next;
        }
        true
    });
    notes.repeated = repeated;
    notes.differ = differ.len();
    differ
}

/// Drops the bar of the running hour: its numbers still change, and the model
/// was made from bars that had ended.
fn ended(bars: &mut Vec<Bar>, now: Option<i64>, notes: &mut Notes) {
    let Some(now) = now else { return };
    while let Some(last) = bars.last().filter(|last| last.at + HOUR > now) {
        if last.at <= now {
            notes.running = Some(last.at);
        } else {
            notes.future += 1;
        }
        bars.pop();
    }
}

/// Whole hours from `from` to `until` in which the market was open.
fn open_hours(from: i64, until: i64, market: &Hours) -> u64 {
    let whole = until.saturating_sub(from).max(0) / HOUR;
    let open = (0..whole.min(REACH)).filter(|n| market.is_open(micros(from + n * HOUR))).count();
    let rest = u64::try_from(whole - whole.min(REACH)).unwrap_or(0);
    u64::try_from(open).unwrap_or(u64::MAX).saturating_add(rest)
}

const fn micros(at: i64) -> UtcMicros {
    UtcMicros(at.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests;
