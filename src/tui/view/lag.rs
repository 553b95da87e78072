//! How late everything is, against the documented limits.

use super::pen::{Line, Pen};
use super::{Scene, format};
use crate::state::{Series, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// A round trip above this is the documents' alarm line.
pub const RTT_LIMIT_US: u64 = 100_000;
/// The engine's documented limit, tick to log entry.
pub const ENGINE_LIMIT_US: u64 = 10_000;

/// Columns of a series' name.
const NAME: u16 = 9;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let inner = scene.frame(pen, Pane::Lag, area, "", Role::TextDim);
    let lag = &scene.state.lag;
    let series = [
        ("rtt", &lag.heartbeat, Some(RTT_LIMIT_US)),
        ("engine", &lag.engine, Some(ENGINE_LIMIT_US)),
        ("tick lag", &lag.tick_lag, None),
        ("tick gap", &lag.tick_gap, None),
    ];
    let (name, column) = if inner.width < NAME + 4 * 8 { (NAME - 1, 7) } else { (NAME, 8) };
    let heading = ["P50", "P90", "P99", "MAX"]
        .into_iter()
        .fold(Line::new().gap(name), |line, word| line.right(column, word, Role::TextDim));
    let mut lines = vec![heading];
    lines.extend(series.iter().map(|(word, series, limit)| {
        row(Line::new().left(name, *word, Role::TextDim), series, *limit, column)
    }));
    lines.push(Line::new().rest(offset(scene.state), Role::TextDim));
    let bars_fit = usize::from(inner.height) > lines.len() + series.len();
    if bars_fit {
        lines.push(Line::new());
        let bars = |(name, series, _): &(&'static str, &Series, _)| {
            histogram(name, series, inner.width, pen.glyphs())
        };
        lines.extend(series.iter().map(bars));
    }
    pen.lines(inner, &lines);
}

fn row<'a>(label: Line<'a>, series: &Series, limit: Option<u64>, column: u16) -> Line<'a> {
    let cell = |line: Line<'a>, us: Option<u64>, limit: Option<u64>| {
        let role = match (us, limit) {
            (None, _) => Role::HealthUnknown,
            (Some(us), Some(limit)) if us > limit => Role::LagBreach,
            (Some(_), _) => Role::LagGood,
        };
        line.right(column, format::span(us), role)
    };
    let line = [series.p50(), series.p90(), series.p99()]
        .into_iter()
        .fold(label, |line, us| cell(line, us, limit));
    // The greatest stays for the whole session: one slow answer in the morning
    // must not be red at night.
    let breached = series.p99().zip(limit).is_some_and(|(p99, limit)| p99 > limit);
    cell(line, series.max(), limit.filter(|_| breached))
}

/// Counts by quarter octaves, between the least and the greatest.
fn histogram<'a>(name: &'static str, series: &Series, width: u16, g: &Glyphs) -> Line<'a> {
    let range = format!("{}..{}", format::span(series.percentile(0)), format::span(series.max()));
    let room = width.saturating_sub(NAME + 18);
    Line::new()
        .left(NAME, name, Role::TextDim)
        .text(bars(series, room, g), Role::Spark)
        .end(range, Role::TextDim)
}

/// Tick lag is only as good as the estimate of the broker's clock.
fn offset(state: &State) -> String {
    let newest = state.quotes.iter().max_by_key(|(_, q)| q.at.mono_ns);
    match newest.and_then(|(symbol, q)| q.best_offset_us.map(|us| (symbol, us))) {
        Some((symbol, us)) => {
            let ms = us / 1_000;
            let sign = if us < 0 { "-" } else { "+" };
            let seconds = format::grouped(&(ms.unsigned_abs() / 1_000).to_string());
            format!("offset est. {sign}{seconds}.{:03}s by {symbol}", ms.unsigned_abs() % 1_000)
        }
        None => String::from("tick lag unknown: no tick with a time"),
    }
}

/// Counts by bucket, from the first to the last in use.
fn bars(series: &Series, width: u16, g: &Glyphs) -> String {
    let first = series.buckets.iter().position(|n| *n > 0).unwrap_or(0);
    let used: Vec<u64> =
        series.buckets.iter().skip(first).copied().take(usize::from(width)).collect();
    let most = u128::from(used.iter().copied().max().unwrap_or(0).max(1));
    let top = g.spark.len() as u128 - 1;
    used.iter()
        .map(|n| match n {
            0 => " ",
            n => usize::try_from(u128::from(*n) * top / most)
                .ok()
                .and_then(|i| g.spark.get(i))
                .copied()
                .unwrap_or(" "),
        })
        .collect()
}
