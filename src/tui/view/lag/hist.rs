//! Bars over buckets that grow by a quarter octave: one scale for all series,
//! with the documented limit as a mark.

use super::Named;
use crate::state::Series;
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use ratatui::layout::Rect;

/// Columns of a series' name.
const NAME: u16 = 9;
/// The scale begins here, in microseconds; what is less stands in its first
/// column.
const LEAST_US: u64 = 64;
/// The scale ends here, in microseconds; what is more stands in its last one.
const MOST_US: u64 = 1 << 27;
/// Rows of a series, at most.
const TALL: u16 = 3;
/// Moments with a word below the bars.
const WORDS: [(u64, &str); 6] = [
    (100, "0.1ms"),
    (1_000, "1ms"),
    (10_000, "10ms"),
    (100_000, "100ms"),
    (1_000_000, "1s"),
    (10_000_000, "10s"),
];

/// Buckets in the scale, and how many of them share a column.
struct Scale {
    x: u16,
    columns: usize,
    group: usize,
}

impl Scale {
    fn of(area: Rect) -> Option<Self> {
        let room = usize::from(area.width.checked_sub(NAME).filter(|room| *room >= 12)?);
        let buckets = Series::bucket(MOST_US) - Series::bucket(LEAST_US);
        let group = buckets.div_ceil(room);
        Some(Self { x: area.x + NAME, columns: buckets.div_ceil(group), group })
    }

    fn column(&self, bucket: usize) -> usize {
        let at = bucket.saturating_sub(Series::bucket(LEAST_US)) / self.group;
        at.min(self.columns.saturating_sub(1))
    }

    fn x(&self, us: u64) -> u16 {
        self.x + u16::try_from(self.column(Series::bucket(us))).unwrap_or(0)
    }
}

/// Draws as many rows for each series as there is room for, and the scale.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, all: &[Named<'_>]) {
    let count = u16::try_from(all.len()).unwrap_or(1).max(1);
    let tall = (area.height.saturating_sub(1) / count).min(TALL);
    let Some(scale) = Scale::of(area).filter(|_| tall > 0) else { return };
    let mut y = area.y;
    for one in all {
        let place = Rect { y, height: tall, ..area };
        series(pen, place, &scale, one);
        y += tall;
    }
    let mut from = 0;
    for (us, word) in WORDS {
        let x = scale.x(us);
        let wide = u16::try_from(word.len()).unwrap_or(0);
        if x >= from && x + wide <= area.right() {
            pen.line(Rect { x, y, width: wide, height: 1 }, &Line::new().dim(word));
            from = x + wide + 1;
        }
    }
}

fn series(pen: &mut Pen<'_>, area: Rect, scale: &Scale, (name, series, limit): &Named<'_>) {
    let base = area.bottom().saturating_sub(1);
    let label = Rect { y: base, height: 1, width: NAME, ..area };
    pen.line(label, &Line::new().dim(*name));
    let mut counts = vec![0_u64; scale.columns];
    for (bucket, n) in series.buckets.iter().enumerate() {
        if let Some(sum) = counts.get_mut(scale.column(bucket)) {
            *sum = sum.saturating_add(*n);
        }
    }
    let most = u128::from(counts.iter().copied().max().unwrap_or(0).max(1));
    let steps = u128::from(area.height) * 8;
    let limited = limit.map(|us| (us, scale.x(us)));
    for (x, n) in (scale.x..).zip(counts) {
        // One sample must be seen beside a million.
        let high = (u128::from(n) * steps).div_ceil(most);
        let above = limited.is_some_and(|(_, at)| x > at);
        let role = if above { Role::LagBreach } else { Role::Spark };
        for row in 0..area.height {
            let filled = high.saturating_sub(u128::from(row) * 8).min(8);
            let level = usize::try_from(filled).unwrap_or(0).checked_sub(1);
            if let Some(mark) = level.and_then(|at| pen.glyphs().spark.get(at)) {
                pen.mark(x, base - row, mark, role);
            }
        }
    }
    if let Some((_, x)) = limited {
        for y in area.top()..area.bottom() {
            if pen.is_free(x, y) {
                pen.mark(x, y, pen.glyphs().moment, Role::TextDim);
            }
        }
    }
}
