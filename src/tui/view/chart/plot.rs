//! Where a moment and a price lie on the chart; integers only.

use super::super::pen::Pen;
use super::super::ticks::Named;
use super::{NARROW, Scene, marks};
use crate::domain::Price;
use crate::state::{Candle, Freshness, Period, Quote};
use crate::tui::ui::{ChartStyle, Pane};
use ratatui::layout::Rect;
use std::time::Duration;

/// What a chart shows: from when to when, from which price to which.
pub(super) struct Plot {
    /// The cells of the candles.
    pub(super) area: Rect,
    /// Columns of the prices to the right of it; 0 for none.
    pub(super) axis: u16,
    pub(super) period: Period,
    /// Candles in a column.
    pub(super) each: u16,
    /// When the last candle of the last column begins, in UTC microseconds.
    pub(super) end: i64,
    /// Price of the uppermost dot.
    top: i128,
    /// Price of the lowest dot.
    bottom: i128,
    /// How long nothing was heard, where that is more than the chart holds: it
    /// ends with the last candle then.
    pub(super) silent: Option<Duration>,
}

impl Plot {
    /// The chart of `named` within `canvas`; none without a candle or room.
    pub(super) fn of(
        canvas: Rect,
        scene: Scene<'_>,
        named: Named<'_>,
        freshness: Freshness,
    ) -> Option<Self> {
        let (state, ui, quote) = (scene.state, scene.ui, named.1);
        let ring = quote.candles.of(ui.period);
        let newest = ring.back()?;
        let most = ring.iter().map(|c| c.high.max(c.ask)).max()?;
        let wide = u16::try_from(most.text(quote.digits).len()).unwrap_or(u16::MAX);
        let axis = if wide.saturating_add(1 + NARROW) > canvas.width { 0 } else { wide + 1 };
        let area = Rect { width: canvas.width - axis, ..canvas };
        if area.is_empty() {
            return None;
        }
        let each = if ui.style == ChartStyle::Lines { 2 } else { 1 };
        let step = ui.period.us();
        let columns = i64::from(area.width.saturating_mul(each));
        let now = ui.period.begin(state.chart_time(state.now)).max(newest.begin);
        let is_silent = newest.begin <= now.saturating_sub(columns.saturating_mul(step));
        let end = if is_silent { newest.begin } else { now };
        let last = super::row_count(state, ui).saturating_sub(1);
        let back = i64::try_from(ui.row(Pane::Chart).min(last)).unwrap_or(0);
        let end = end.saturating_sub(back.saturating_mul(step));
        let silent = is_silent.then(|| state.age(quote.at));
        let blank = Self { area, axis, period: ui.period, each, end, top: 0, bottom: 0, silent };
        let mut span: Option<(Price, Price)> = None;
        let mut hold = |low: Price, high: Price| {
            let (l, h) = span.unwrap_or((low, high));
            span = Some((l.min(low), h.max(high)));
        };
        for c in blank.shown(quote) {
            hold(c.low, if ui.style == ChartStyle::Lines { c.high.max(c.ask) } else { c.high });
        }
        if back == 0 && freshness < Freshness::Unknown {
            hold(quote.bid.min(quote.ask), quote.bid.max(quote.ask));
        }
        let (low, high) = span?;
        Some(blank.scaled(quote, (low, high), &marks::prices(state, named.0)))
    }

    /// With room for `low` to `high`, and for entries that are not far away.
    fn scaled(self, quote: &Quote, (low, high): (Price, Price), entries: &[Price]) -> Self {
        let (low, high) = (i128::from(low.raw()), i128::from(high.raw()));
        let point = 10_i128.pow(Price::SCALE.saturating_sub(quote.digits));
        let near = (high - low).max(point * 4);
        let (mut bottom, mut top) = (low, high);
        for entry in entries.iter().map(|p| i128::from(p.raw())) {
            if (low - near..=high + near).contains(&entry) {
                (bottom, top) = (bottom.min(entry), top.max(entry));
            }
        }
        let pad = ((top - bottom) / 16).max(point);
        Self { top: top + pad, bottom: bottom - pad, ..self }
    }

    /// The candles within it, oldest first.
    pub(super) fn shown<'q>(&self, quote: &'q Quote) -> impl Iterator<Item = &'q Candle> + use<'q> {
        let count = i64::from(self.area.width.saturating_mul(self.each));
        let (end, step) = (self.end, self.period.us());
        let first = end.saturating_sub(count.saturating_sub(1).saturating_mul(step));
        let ring = quote.candles.of(self.period);
        ring.iter().filter(move |c| (first..=end).contains(&c.begin))
    }

    /// How many candles before the last one `us` lies; none after the end or
    /// before the beginning.
    pub(super) fn back(&self, us: i64) -> Option<u16> {
        let behind = self.end.saturating_sub(self.period.begin(us)) / self.period.us();
        let count = self.area.width.saturating_mul(self.each);
        u16::try_from(behind).ok().filter(|n| us < self.after() && *n < count)
    }

    fn after(&self) -> i64 {
        self.end.saturating_add(self.period.us())
    }

    /// The column of the moment `us`.
    pub(super) fn column(&self, us: i64) -> Option<u16> {
        let back = self.back(us)? / self.each;
        self.area.right().checked_sub(back + 1)
    }

    /// Which of `dots` dots from the top a price lies on; none outside.
    pub(super) fn dot(&self, price: Price, dots: u16) -> Option<u16> {
        let raw = i128::from(price.raw());
        if !(self.bottom..=self.top).contains(&raw) || dots == 0 {
            return None;
        }
        let range = (self.top - self.bottom).max(1);
        let down = (self.top - raw) * i128::from(dots - 1);
        // Rounded to the nearest.
        u16::try_from((down + range / 2) / range).ok()
    }

    /// The row of a price: where it lies, else the nearest edge and which.
    pub(super) fn row(&self, price: Price) -> (u16, std::cmp::Ordering) {
        let raw = i128::from(price.raw());
        let dots = self.area.height.saturating_mul(2);
        match self.dot(price, dots) {
            Some(dot) => (self.area.y + dot / 2, std::cmp::Ordering::Equal),
            None if raw > self.top => (self.area.y, std::cmp::Ordering::Greater),
            None => (self.area.bottom().saturating_sub(1), std::cmp::Ordering::Less),
        }
    }

    /// Whether no price stands beside `row`; none can beyond the plot.
    pub(super) fn is_unlabelled(&self, pen: &Pen<'_>, row: u16) -> bool {
        let last = (self.area.right() + self.axis).saturating_sub(1);
        let within = (self.area.top()..self.area.bottom()).contains(&row);
        !within || pen.is_free(last, row)
    }

    /// Lowest and highest price shown.
    pub(super) const fn span(&self) -> (i128, i128) {
        (self.bottom, self.top)
    }

    /// Draws the candles, each half of a cell on its own.
    pub(super) fn candles(&self, pen: &mut Pen<'_>, quote: &Quote) {
        let halves = self.area.height.saturating_mul(2);
        let dot = |price| self.dot(price, halves);
        for c in self.shown(quote) {
            let Some(x) = self.column(c.begin) else { continue };
            let (body, foot) = (c.open.max(c.close), c.open.min(c.close));
            let (Some(high), Some(low)) = (dot(c.high), dot(c.low)) else { continue };
            let (Some(body), Some(foot)) = (dot(body), dot(foot)) else { continue };
            for row in high / 2..=low / 2 {
                let part = |half: u16| {
                    let at = row * 2 + half;
                    let wick = usize::from((high..=low).contains(&at));
                    wick + usize::from((body..=foot).contains(&at))
                };
                let mark = pen.glyphs().candle.get(part(0) * 3 + part(1)).copied();
                pen.mark(x, self.area.y + row, mark.unwrap_or(" "), super::look(c));
            }
        }
    }
}
