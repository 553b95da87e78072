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

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let inner = scene.frame(pen, Pane::Lag, area, "", Role::TextDim);
    let lag = &scene.state.lag;
    let d = Role::TextDim;
    let mut lines = vec![
        Line::new().left(9, "", d).right(8, "P50", d).right(8, "P90", d).right(8, "P99", d).right(8, "MAX", d),
        row("rtt", &lag.heartbeat, Some(RTT_LIMIT_US)),
        row("engine", &lag.engine, Some(ENGINE_LIMIT_US)),
        row("tick lag", &lag.tick_lag, None),
        row("tick gap", &lag.tick_gap, None),
        Line::new().rest(offset(scene.state), d),
    ];
    let room = usize::from(inner.height).saturating_sub(lines.len() + 1);
    if room > 0 && lag.tick_lag.count > 0 {
        lines.push(Line::new().dim("tick lag, each column a quarter octave:"));
        lines.push(Line::new().rest(bars(&lag.tick_lag, inner.width, pen.glyphs()), Role::Spark));
    }
    pen.lines(inner, &lines);
}

fn row<'a>(name: &'static str, series: &Series, limit: Option<u64>) -> Line<'a> {
    let cell = |line: Line<'a>, us: Option<u64>| {
        let role = match (us, limit) {
            (None, _) => Role::HealthUnknown,
            (Some(us), Some(limit)) if us > limit => Role::LagBreach,
            (Some(_), _) => Role::LagGood,
        };
        line.right(8, format::span(us), role)
    };
    [series.p50(), series.p90(), series.p99(), series.max()]
        .into_iter()
        .fold(Line::new().left(9, name, Role::TextDim), cell)
}

/// Tick lag is only as good as the estimate of the broker's clock.
fn offset(state: &State) -> String {
    let newest = state.quotes.iter().max_by_key(|(_, q)| q.at.mono_ns);
    match newest.and_then(|(symbol, q)| q.best_offset_us.map(|us| (symbol, us))) {
        Some((symbol, us)) => {
            let ms = us / 1_000;
            let sign = if us < 0 { "-" } else { "+" };
            let seconds = format::grouped(&(ms.unsigned_abs() / 1_000).to_string());
            format!(
                "above {sign}{seconds}.{:03}s, estimated from {symbol}",
                ms.unsigned_abs() % 1_000
            )
        }
        None => String::from("tick lag unknown: no tick with a time"),
    }
}

/// Counts by bucket, from the first to the last in use.
fn bars(series: &Series, width: u16, g: &Glyphs) -> String {
    let first = series.buckets.iter().position(|n| *n > 0).unwrap_or(0);
    let used: Vec<u64> = series.buckets.iter().skip(first).copied().take(usize::from(width)).collect();
    let most = u128::from(used.iter().copied().max().unwrap_or(0).max(1));
    let top = g.spark.len() as u128 - 1;
    used.iter()
        .map(|n| match n {
            0 => " ",
            n => usize::try_from(u128::from(*n) * top / most).ok().and_then(|i| g.spark.get(i)).copied().unwrap_or(" "),
        })
        .collect()
}
