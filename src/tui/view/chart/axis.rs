//! Prices to the right, times below, and the lines of bid and ask.

use super::super::pen::{Line, Pen};
use super::plot::Plot;
use crate::domain::{Price, UtcMicros};
use crate::state::{Freshness, Period, Quote};
use crate::tui::theme::Role;
use ratatui::layout::Rect;

/// Rows between two prices, at least.
const APART: u16 = 4;

/// Lines of bid and ask, as far as nothing else stands there, and their prices.
pub(super) fn quote(pen: &mut Pen<'_>, plot: &Plot, quote: &Quote, freshness: Freshness) {
    if freshness == Freshness::Unknown || plot.silent.is_some() {
        return;
    }
    let fresh = freshness == Freshness::Fresh;
    for (price, role) in [(quote.ask, Role::TextDim), (quote.bid, Role::Accent)] {
        let (row, side) = plot.row(price);
        if side.is_ne() {
            continue;
        }
        let role = if fresh { role } else { Role::TextDim };
        level(pen, plot, row, role);
        label(pen, plot, row, price, quote.digits, role);
    }
}

/// A quiet line across what is free of one row.
pub(super) fn level(pen: &mut Pen<'_>, plot: &Plot, row: u16, role: Role) {
    let mark = pen.glyphs().level;
    for x in plot.area.left()..plot.area.right() {
        if pen.is_free(x, row) {
            pen.mark(x, row, mark, role);
        }
    }
}

/// A price beside its row.
pub(super) fn label(
    pen: &mut Pen<'_>,
    plot: &Plot,
    row: u16,
    price: Price,
    digits: u32,
    role: Role,
) {
    let text = price.text(digits);
    if text.len() <= usize::from(plot.axis) {
        let place = Rect { x: plot.area.right(), y: row, width: plot.axis, height: 1 };
        pen.line(place, &Line::new().right(plot.axis, text, role));
    }
}

/// Round prices beside rows that have no price yet.
pub(super) fn prices(pen: &mut Pen<'_>, plot: &Plot, quote: &Quote) {
    let (bottom, top) = plot.span();
    let point = 10_i128.pow(Price::SCALE.saturating_sub(quote.digits));
    let labels = i128::from((plot.area.height / APART).max(1));
    let step = round((top - bottom) / labels, point);
    // The topmost multiple within.
    let mut at = top.div_euclid(step) * step;
    while at >= bottom && at > 0 {
        let price = Price::from_raw(i64::try_from(at).unwrap_or(i64::MAX));
        let (row, side) = plot.row(price);
        // A price that stands there already, or right beside, is enough.
        let beside = [row.saturating_sub(1), row, row.saturating_add(1)];
        let free = beside.into_iter().all(|row| plot.is_unlabelled(pen, row));
        if side.is_eq() && free {
            label(pen, plot, row, price, quote.digits, Role::TextDim);
        }
        at -= step;
    }
}

/// The next 1, 2 or 5 times a power of ten points from `least` on.
fn round(least: i128, point: i128) -> i128 {
    let mut unit = point.max(1);
    loop {
        for times in [1, 2, 5] {
            if unit * times >= least {
                return unit * times;
            }
        }
        unit *= 10;
    }
}

/// The beginnings of round stretches of time, each below its column.
pub(super) fn times(pen: &mut Pen<'_>, area: Rect, plot: &Plot) {
    let wide = u16::try_from(clock(plot.period, 0).len()).unwrap_or(9);
    let step = plot.period.us();
    let least = i64::from((wide + 3) * plot.each) * step;
    let stretch = STRETCHES.into_iter().map(|s| s * 1_000_000).find(|s| *s >= least);
    let stretch = stretch.unwrap_or(86_400_000_000 * 7);
    let columns = i64::from(plot.area.width.saturating_mul(plot.each));
    let first = plot.end.saturating_sub(columns.saturating_mul(step));
    let mut at = plot.end.saturating_sub(plot.end.rem_euclid(stretch));
    while at > first {
        if let Some(x) = plot.column(at).filter(|x| x + wide <= area.right()) {
            let place = Rect { x, y: area.y, width: wide, height: 1 };
            pen.line(place, &Line::new().dim(clock(plot.period, at)));
        }
        at = at.saturating_sub(stretch);
    }
}

/// Seconds between two times.
const STRETCHES: [i64; 16] = [
    10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
    172_800,
];

/// A moment as exact as the period needs, in UTC.
fn clock(period: Period, us: i64) -> String {
    let at = UtcMicros(us);
    match period {
        Period::S1 | Period::S5 | Period::S15 => at.hms(),
        Period::M1 | Period::M5 => at.hms().get(..5).unwrap_or_default().to_owned(),
        Period::M15 | Period::H1 => at.weekday_hm(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let steps: Vec<_> = [0, 1, 3, 49, 51, 1_200].map(|least| round(least, 1)).into();
        assert_eq!(steps, [1, 1, 5, 50, 100, 2_000]);
        assert_eq!(round(3, 1_000), 1_000);
    }
}
