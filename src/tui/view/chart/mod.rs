//! Candles of the symbol that is selected in Ticks, with what was done there.
//!
//! A column is a candle of the bid, or, drawn as lines, half a column each of
//! bid and ask. The right edge is now, so that silence grows as a gap; nothing
//! is drawn over a gap. Marks: bid and ask, the entries of open positions, and
//! the moments at which an automatic trader or the operator acted.
//!
//! ```text
//! ╭─ 3 Chart EURUSD 5s ───────────────── 1.08564  1.08574  10 ─╮
//! │ O 1.08553  H 1.08566  L 1.08551  C 1.08564   1s [5s] 15s 1m │
//! │        ╷     ┊BUY                               1.08570     │
//! │  ╻ ╽ │ ┃ ╷   ┊                                  1.08564 bid │
//! │▲ 0.10┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ 1.08510     │
//! │ 14:00:00        14:00:15         14:00:30                   │
//! ╰─────────────────────────────────────────────────────────────╯
//! ```

mod axis;
mod lines;
mod marks;
mod plot;

use super::pen::{Line, Pen};
use super::ticks;
use super::{Scene, format, words};
use crate::domain::Price;
use crate::state::{Candle, Freshness, Period, Quote, State};
use crate::tui::theme::Role;
use crate::tui::ui::{ChartStyle, Pane, Ui};
use plot::Plot;
use ratatui::layout::Rect;

/// Inner rows from which there is a line of numbers above the candles.
const HEADED: u16 = 8;
/// Columns that the candles need beside the prices.
const NARROW: u16 = 12;

/// Columns that can be gone back to.
#[must_use]
pub fn row_count(state: &State, ui: &Ui) -> usize {
    let Some((_, quote)) = ticks::chosen(state, ui) else { return 0 };
    let ring = quote.candles.of(ui.period);
    let (Some(first), Some(last)) = (ring.front(), ring.back()) else { return 0 };
    let span = last.begin.saturating_sub(first.begin) / ui.period.us();
    usize::try_from(span).unwrap_or(0).saturating_add(1)
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, ui) = (scene.state, scene.ui);
    let Some(named) = ticks::chosen(state, ui) else {
        let inner = scene.frame(pen, Pane::Chart, area, "", Role::TextDim);
        pen.line(inner, &Line::new().dim("no tick yet"));
        return;
    };
    let (symbol, quote) = named;
    let freshness = state.quote_freshness(symbol, quote);
    // Whose it is, where two feeds quote it.
    let shared = state.quotes.is_shared(symbol);
    let at = if shared { format!(" at {}", state.gateway_name(quote.feed)) } else { String::new() };
    let title = format!("{} {symbol}{at} {}", Pane::Chart.title(), ui.period.word());
    let note = note(quote, freshness);
    let inner = scene.titled(pen, Pane::Chart, area, &title, &note, words::value(freshness));
    let (head, body) = split(inner);
    let below = u16::from(body.height >= 4);
    let canvas = Rect { height: body.height - below, ..body };
    let Some(plot) = Plot::of(canvas, scene, named, freshness) else {
        pen.line(inner, &Line::new().dim("no candle yet"));
        return;
    };
    if head.height > 0 {
        pen.line(head, &header(scene, quote, &plot, head.width));
    }
    marks::moments(pen, &plot, scene, symbol);
    if ui.style == ChartStyle::Lines {
        lines::draw(pen, &plot, quote);
    } else {
        plot.candles(pen, quote);
    }
    axis::quote(pen, &plot, quote, freshness);
    marks::entries(pen, &plot, scene, named);
    marks::words(pen, &plot, scene, symbol);
    axis::prices(pen, &plot, quote);
    if below > 0 {
        axis::times(pen, Rect { y: canvas.bottom(), height: 1, ..body }, &plot);
    }
    if let Some(age) = plot.silent {
        let text = format!(" no tick for {} ", format::age(age));
        let x = plot.area.right().saturating_sub(u16::try_from(text.len()).unwrap_or(0));
        let place = Rect { x: x.max(plot.area.x), height: 1, ..plot.area };
        pen.line(place.intersection(plot.area), &Line::new().dim(text));
    }
}

/// The line of numbers, where there is room, and the rest.
fn split(inner: Rect) -> (Rect, Rect) {
    let rows = u16::from(inner.height >= HEADED);
    let head = Rect { height: rows, ..inner };
    (head, Rect { y: inner.y + rows, height: inner.height - rows, ..inner })
}

fn note(quote: &Quote, freshness: Freshness) -> String {
    if freshness == Freshness::Unknown {
        return String::from("? ?");
    }
    let price = |p: Price| p.text(quote.digits);
    let spread = format::grouped(&quote.spread_points().to_string());
    format!("{}  {}  {spread}", price(quote.bid), price(quote.ask))
}

/// The newest candle that is shown, and the periods to choose from.
fn header<'a>(scene: Scene<'_>, quote: &Quote, plot: &Plot, width: u16) -> Line<'a> {
    let mut line = Line::new();
    if let Some(c) = plot.shown(quote).last() {
        for (word, price) in [("O ", c.open), ("H ", c.high), ("L ", c.low), ("C ", c.close)] {
            let next = line.clone().dim(word).text(price.text(quote.digits), Role::TextNormal);
            if next.width() > usize::from(width) {
                break;
            }
            line = next.gap(1);
        }
    }
    let periods: Vec<_> = Period::ALL.into_iter().map(Period::word).collect();
    let room = periods.iter().map(|w| w.len() + 1).sum::<usize>();
    let used = u16::try_from(line.width() + room).unwrap_or(u16::MAX);
    let Some(gap) = width.checked_sub(used) else { return line };
    line = line.gap(gap);
    Period::ALL.into_iter().fold(line, |line, period| {
        let chosen = period == scene.ui.period;
        line.gap(1).text(period.word(), if chosen { Role::Accent } else { Role::TextDim })
    })
}

/// The look of a candle.
const fn look(candle: &Candle) -> Role {
    match candle.close.raw().wrapping_sub(candle.open.raw()).signum() {
        1 => Role::PnlUp,
        -1 => Role::PnlDown,
        _ => Role::PnlFlat,
    }
}
