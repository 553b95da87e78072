//! Fold of ticks: the last quote of each symbol of each feed, and its rhythm.

mod kept;

pub use kept::Quotes;

use super::State;
use super::candles::{self, Candles};
use super::lag::Rolling;
use super::offset::Offset;
use crate::domain::{PeerTime, Price, Stamp, Symbol, Tick, TickBatch, TickShape};
use crate::event::Level;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// Mids kept for the sparkline.
pub const HISTORY: usize = 64;
/// Quotes kept, of all feeds; a broker offers hundreds, a hostile feed any number.
pub const MAX_SYMBOLS: usize = 1_024;
/// A tick that claims to be older than the one before by less than this came
/// out of order; by more, the peer's clock was set back.
const CLOCK_SET_BACK_US: i64 = 60_000_000;
/// Decimals shown at most.
const MAX_DIGITS: u32 = 8;

/// The last quote of one symbol and what is known of its rhythm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Feed it came by.
    pub feed: u16,
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
    /// Received at.
    pub at: Stamp,
    /// The peer's claim.
    pub time: Option<PeerTime>,
    /// How it was written.
    pub shape: TickShape,
    /// Decimals the symbol is shown with: the most ever seen on it.
    pub digits: u32,
    /// −1, 0, +1: the mid against the one before.
    pub direction: i8,
    /// Ticks seen.
    pub count: u64,
    /// Ticks in the last whole second.
    pub rate: u32,
    /// Counts the second that is not whole yet.
    pub meter: Meter,
    /// The last mid of each of the last `HISTORY` seconds that had ticks, oldest
    /// first, in units of
    /// 1e-8 (bid + ask, halved).
    pub history: VecDeque<i64>,
    /// The second, since boot, that the last of them belongs to.
    #[serde(default)]
    pub history_second: u64,
    /// Gaps between its ticks.
    pub gaps: Rolling,
    /// Rolling 99th percentile of the gaps between its ticks, in ms.
    pub gap_p99_ms: u64,
    /// Smallest difference between receipt and the peer's clock, in µs: the
    /// estimated offset of the broker's clock plus the least delay.
    pub best_offset_us: Option<i64>,
    /// Lag of the last tick above that, in µs.
    pub lag_us: Option<u64>,
    /// How the offset is estimated.
    pub offset: Offset,
    /// Ticks that were older than the one shown, or the same again: they
    /// never replace it and never make it look younger.
    pub repeated: u64,
    /// Its candles.
    #[serde(default)]
    pub candles: Candles,
}

/// Counts per whole second of the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    second: u64,
    count: u32,
}

impl Meter {
    fn hit(&mut self, now: Stamp) {
        if self.count == 0 {
            self.second = now.mono_ns / 1_000_000_000;
        }
        self.count = self.count.saturating_add(1);
    }

    /// Moves on to `now`; the rate of the second before it, when one ended.
    fn roll(&mut self, now: Stamp) -> Option<u32> {
        let second = now.mono_ns / 1_000_000_000;
        let passed = second.checked_sub(self.second).filter(|n| *n > 0)?;
        let count = std::mem::take(&mut self.count);
        self.second = second;
        Some(if passed == 1 { count } else { 0 })
    }
}

impl Quote {
    fn first(feed: u16, at: Stamp, tick: &Tick) -> Self {
        Self {
            feed,
            bid: tick.bid,
            ask: tick.ask,
            at,
            time: tick.time,
            shape: tick.shape,
            digits: 0,
            direction: 0,
            count: 0,
            rate: 0,
            meter: Meter::default(),
            history: VecDeque::with_capacity(HISTORY),
            history_second: 0,
            gaps: Rolling::default(),
            gap_p99_ms: 0,
            best_offset_us: None,
            lag_us: None,
            offset: Offset::default(),
            repeated: 0,
            candles: Candles::default(),
        }
    }

    /// The spread in points, a point being the last decimal shown; below zero
    /// where the market is crossed.
    #[must_use]
    pub fn spread_points(&self) -> i64 {
        let unit = 10_i64.pow(Price::SCALE.saturating_sub(self.digits));
        self.ask.minus(self.bid).raw() / unit
    }

    fn mid(bid: Price, ask: Price) -> i64 {
        let sum = i128::from(bid.raw()) + i128::from(ask.raw());
        i64::try_from(sum / 2).unwrap_or(i64::MAX)
    }

    /// Whether `tick` says nothing newer than what is shown.
    fn is_old_news(&self, tick: &Tick) -> bool {
        let (Some(old), Some(new)) = (self.time, tick.time) else { return false };
        if self.count == 0 || self.shape != tick.shape {
            return false;
        }
        match micros(old).saturating_sub(micros(new)) {
            0 => (self.bid, self.ask) == (tick.bid, tick.ask),
            behind => (1..CLOCK_SET_BACK_US).contains(&behind),
        }
    }

    /// Takes a tick in; false when it was old news.
    fn take(&mut self, at: Stamp, tick: &Tick) -> bool {
        if self.is_old_news(tick) {
            self.repeated = self.repeated.saturating_add(1);
            return false;
        }
        if self.count > 0 {
            let gap = at.since(self.at);
            self.gaps.record(u64::try_from(gap.as_micros()).unwrap_or(u64::MAX));
            self.gap_p99_ms = self.gaps.percentile(990).unwrap_or(0).div_ceil(1_000);
        }
        let (before, mid) = (Self::mid(self.bid, self.ask), Self::mid(tick.bid, tick.ask));
        self.direction = match mid.cmp(&before) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        };
        self.remember(mid, at.mono_ns / 1_000_000_000);
        (self.bid, self.ask, self.at) = (tick.bid, tick.ask, at);
        (self.time, self.shape) = (tick.time, tick.shape);
        let digits = tick.bid.decimals().max(tick.ask.decimals());
        self.digits = self.digits.max(digits).min(MAX_DIGITS);
        self.count = self.count.saturating_add(1);
        true
    }
}

impl Quote {
    /// One price for each second that had ticks: a sparkline that moved with
    /// every tick would say nothing and cost the line the most.
    fn remember(&mut self, mid: i64, second: u64) {
        if self.history_second == second {
            self.history.pop_back();
        } else if self.history.len() >= HISTORY {
            self.history.pop_front();
        }
        self.history_second = second;
        self.history.push_back(mid);
    }
}

/// The peer's claim in microseconds, of whatever epoch.
const fn micros(time: PeerTime) -> i64 {
    match time {
        PeerTime::Epoch(us) | PeerTime::Naive(us) => us,
    }
}

impl State {
    pub(super) fn on_ticks(&mut self, batch: &TickBatch) {
        let mut last = None;
        for heard in &batch.ticks {
            let at = batch.base.plus(Duration::from_micros(u64::from(heard.after_us)));
            let at = at.not_after(self.now);
            last = Some(at);
            self.on_tick(batch.feed, at, &heard.tick);
        }
        let now = self.now;
        let Some(pane) = self.gateway_mut(batch.feed) else { return };
        pane.last_tick = match (pane.last_tick, last) {
            (Some(before), Some(last)) => Some(last.not_before(before)),
            (before, last) => last.or(before),
        };
        for _ in &batch.ticks {
            pane.meter.hit(now);
        }
    }

    fn on_tick(&mut self, feed: u16, at: Stamp, tick: &Tick) {
        let (began, now) = (self.began, self.now);
        let full = self.quotes.len() >= MAX_SYMBOLS;
        let depth = candles::depth(self.quotes.len());
        let quote = match self.quotes.entry(feed, tick.symbol) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if full => return self.refuse_symbol(tick.symbol),
            Entry::Vacant(entry) => entry.insert(Quote::first(feed, at, tick)),
        };
        let before = (quote.count > 0).then_some(quote.at);
        quote.meter.hit(now);
        if !quote.take(at, tick) {
            return;
        }
        let us = candles::steady(began, at);
        quote.candles.take(us, tick.bid, tick.ask, depth);
        quote.lag_us = tick.time.and_then(|time| quote.offset.lag(us, micros(time)));
        quote.best_offset_us = quote.offset.best_us;
        let lag = quote.lag_us;
        if let Some(before) = before {
            let gap = u64::try_from(at.since(before).as_micros()).unwrap_or(u64::MAX);
            self.lag.tick_gap.record(gap);
        }
        if let Some(lag) = lag {
            self.lag.tick_lag.record(lag);
        }
    }

    fn refuse_symbol(&mut self, symbol: Symbol) {
        if self.quotes_refused == 0 {
            let text = format!("more than {MAX_SYMBOLS} symbols: {symbol} and others are not kept");
            self.say(Level::Warn, "feed", &text);
        }
        self.quotes_refused = self.quotes_refused.saturating_add(1);
    }

    /// Closes the second that has passed, for every rate.
    pub(super) fn roll_rates(&mut self) {
        let now = self.now;
        for pane in &mut self.gateways {
            pane.tick_rate = pane.meter.roll(now).unwrap_or(pane.tick_rate);
        }
        for quote in self.quotes.values_mut() {
            quote.rate = quote.meter.roll(now).unwrap_or(quote.rate);
        }
    }
}
