//! How late everything is, against the documented limits.

mod hist;

use super::pen::{Line, Pen, fit};
use super::{Scene, format};
use crate::state::{Series, State};
use crate::tui::theme::Role;
use crate::tui::ui::{Pane, Ui};
use ratatui::layout::Rect;

pub use crate::state::lag::{ENGINE_LIMIT_US, MODEL_LIMIT_US, RTT_LIMIT_US};

/// Columns of a series' name.
const NAME: u16 = 9;

/// Columns of a limit's word.
const LIMIT: u16 = 8;

/// A series, its name, and the documented limit in microseconds.
type Named<'a> = (&'static str, &'a Series, Option<u64>);

/// Those that always have a row, then those that were measured; the latter are
/// left out first where room is short.
fn all<'a>(state: &'a State, ui: &'a Ui) -> Vec<Named<'a>> {
    let (lag, steps) = (&state.lag, &state.lag.sentinel);
    let mut all = vec![
        ("rtt", &lag.heartbeat, Some(RTT_LIMIT_US)),
        ("engine", &lag.engine, Some(ENGINE_LIMIT_US)),
        ("tick lag", &lag.tick_lag, None),
        ("tick gap", &lag.tick_gap, None),
        ("screen", &ui.screen_lag, None),
    ];
    let more = [
        ("eng gap", &lag.engine_gap, None),
        ("cycle", &steps.cycle, None),
        ("bars", &steps.bars, None),
        ("features", &steps.features, None),
        ("model", &steps.model, Some(MODEL_LIMIT_US)),
        ("order", &steps.order, Some(RTT_LIMIT_US)),
    ];
    all.extend(more.into_iter().filter(|(_, series, _)| series.count > 0));
    all
}

/// Rows that are never left out.
const ALWAYS: usize = 5;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let mut all = all(scene.state, scene.ui);
    let over: Vec<_> = all.iter().filter(|s| breached(s.1, s.2)).map(|s| s.0).collect();
    let (note, look) = match over.as_slice() {
        [] => (String::new(), Role::TextDim),
        names => (format!("{} BREACH", names.join(", ")), Role::LagBreach),
    };
    let inner = scene.frame(pen, Pane::Lag, area, &note, look);
    let (name, column) = if inner.width < NAME + 4 * 8 { (NAME - 1, 7) } else { (NAME, 8) };
    let limits = inner.width >= NAME + 4 * 8 + LIMIT;
    let heading = ["P50", "P90", "P99", "MAX"]
        .into_iter()
        .fold(Line::new().gap(name), |line, word| line.right(column, word, Role::TextDim));
    let heading = if limits { heading.right(LIMIT, "LIMIT", Role::TextDim) } else { heading };
    let mut lines = vec![(0, heading)];
    lines.extend(all.iter().enumerate().map(|(at, (word, series, limit))| {
        let line = row(Line::new().left(name, *word, Role::TextDim), series, *limit, column);
        let line = match limit {
            Some(us) if limits => line.right(LIMIT, format!("{}ms", us / 1_000), Role::TextDim),
            _ => line,
        };
        // What is above its limit is what the pane is for.
        (u8::from(at >= ALWAYS && !breached(series, *limit)), line)
    }));
    let hidden = lines.len().saturating_add(1).saturating_sub(usize::from(inner.height));
    let shown = fit(lines, inner.height.saturating_sub(1));
    let used = u16::try_from(shown.len()).unwrap_or(inner.height).min(inner.height);
    pen.lines(Rect { height: used, ..inner }, &shown);
    let mut last = Line::new().dim(offset(scene.state));
    if hidden > 0 {
        last = last.end(format!(" +{hidden}"), Role::Accent);
    }
    pen.lines(Rect { y: inner.y + used, height: inner.height - used, ..inner }, &[last]);
    // An empty row between the numbers and the bars.
    let used = used.saturating_add(2).min(inner.height);
    let below = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    // Bars of less than a row would tell nothing: the first ones have them.
    all.truncate(usize::from(below.height.saturating_sub(1)).max(ALWAYS));
    hist::draw(pen, below, &all);
}

/// Whether more than one in a hundred is above the documented limit.
fn breached(series: &Series, limit: Option<u64>) -> bool {
    series.p99().zip(limit).is_some_and(|(p99, limit)| p99 > limit)
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
    cell(line, series.max(), limit.filter(|_| breached(series, limit)))
}

/// Tick lag is only as good as the estimate of the broker's clock.
fn offset(state: &State) -> String {
    let newest = state.quotes.all().max_by_key(|(_, q)| q.at.mono_ns);
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
