//! What was done: entries of open positions, decisions, kills.

use super::super::pen::{Line, Pen};
use super::super::positions;
use super::super::ticks::Named;
use super::super::words;
use super::plot::Plot;
use super::{Scene, axis};
use crate::domain::{Intent, Position, Price, Side, Symbol};
use crate::state::{Freshness, State};
use crate::tui::theme::Role;
use ratatui::layout::Rect;
use std::collections::BTreeMap;

/// Columns from which a side is written out.
const ROOMY: u16 = 40;
/// Rows in which a word looks for room.
const TRIES: u16 = 4;

fn open<'a>(state: &'a State, symbol: &'a Symbol) -> impl Iterator<Item = (u16, &'a Position)> {
    positions::listed(state).filter(|(_, p)| p.symbol.as_str() == symbol.as_str())
}

/// The entries of what is open in `symbol`.
pub(super) fn prices(state: &State, symbol: &Symbol) -> Vec<Price> {
    open(state, symbol).map(|(_, p)| p.open).collect()
}

/// A line for each row with entries: side and lots of one, or how many.
pub(super) fn entries(
    pen: &mut Pen<'_>,
    plot: &Plot,
    scene: Scene<'_>,
    (symbol, quote): Named<'_>,
) {
    let (state, digits) = (scene.state, quote.digits);
    let mut rows: BTreeMap<(u16, i8), Vec<(u16, &Position)>> = BTreeMap::new();
    for (index, p) in open(state, symbol) {
        let (row, side) = plot.row(p.open);
        rows.entry((row, side as i8)).or_default().push((index, p));
    }
    for ((row, side), here) in rows {
        let known = here.iter().all(|(i, _)| state.positions_freshness(*i) == Freshness::Fresh);
        let sum = here.iter().fold(0_i64, |sum, (_, p)| sum.saturating_add(p.profit.raw()));
        let role = match sum.signum() {
            _ if !known => Role::TextDim,
            1 => Role::PnlUp,
            -1 => Role::PnlDown,
            _ => Role::PnlFlat,
        };
        let g = pen.glyphs();
        // An entry beyond the edge says so and draws no line.
        let beyond = match side {
            1 => " above",
            -1 => " below",
            _ => "",
        };
        let mark = words::side;
        let text = match here.as_slice() {
            // Without room the letter alone says which side.
            [(_, p)] if plot.area.width < ROOMY => {
                format!("{} {}{beyond}", mark(p.side), p.lots.text(2))
            }
            [(_, p)] => {
                format!("{} {}{beyond}", p.side.word(), p.lots.text(2))
            }
            _ => {
                let of = |side| match here.iter().filter(|(_, p)| p.side == side).count() {
                    0 => String::new(),
                    n => format!("{}{n} ", mark(side)),
                };
                format!("{}{}open{beyond}", of(Side::Buy), of(Side::Sell))
            }
        };
        let text = if known { text } else { format!("{text} {}", g.unknown) };
        if side == 0 {
            axis::level(pen, plot, row, role);
        }
        if let (0, [(_, p), ..], true) = (side, here.as_slice(), plot.is_unlabelled(pen, row)) {
            axis::label(pen, plot, row, p.open, digits, role);
        }
        let place = Rect { y: row, height: 1, ..plot.area };
        pen.line(place, &Line::new().text(text, role).text(" ", role));
    }
}

/// A moment at which somebody acted.
struct Moment {
    at: i64,
    word: &'static str,
    role: Role,
}

/// What automatic traders did in `symbol`, and what the operator did to all.
fn listed(state: &State, symbol: &Symbol) -> Vec<Moment> {
    let mut all = Vec::new();
    for decision in &state.decisions {
        let d = &decision.value.decision;
        if d.symbol.as_str() != symbol.as_str() {
            continue;
        }
        let word = match d.side {
            _ if d.action.as_str().starts_with("BLOCKED") => "BLOCKED",
            Some(Side::Buy) => "BUY",
            Some(Side::Sell) => "SELL",
            // Holding is no act.
            None => continue,
        };
        all.push(Moment { at: state.chart_time(decision.at), word, role: Role::TextDim });
    }
    for stop in &state.stops {
        let word = match stop.value {
            Intent::Kill => "KILL",
            Intent::Block => "BLOCK",
        };
        all.push(Moment { at: state.chart_time(stop.at), word, role: Role::HealthBad });
    }
    all
}

/// A quiet line down each moment, beneath the candles.
pub(super) fn moments(pen: &mut Pen<'_>, plot: &Plot, scene: Scene<'_>, symbol: &Symbol) {
    let mark = pen.glyphs().moment;
    for moment in listed(scene.state, symbol) {
        let Some(x) = plot.column(moment.at) else { continue };
        for y in plot.area.top()..plot.area.bottom() {
            pen.mark(x, y, mark, moment.role);
        }
    }
}

/// The word of each moment beside its line, where there is room.
pub(super) fn words(pen: &mut Pen<'_>, plot: &Plot, scene: Scene<'_>, symbol: &Symbol) {
    // What stops all comes first, then the newest.
    let all = listed(scene.state, symbol);
    for moment in all.iter().rev() {
        let Some(x) = plot.column(moment.at) else { continue };
        let wide = u16::try_from(moment.word.len()).unwrap_or(0);
        let right = Some(x + 1).filter(|from| from + wide <= plot.area.right());
        let left = x.checked_sub(wide).filter(|from| *from >= plot.area.left());
        let rows = plot.area.top()..plot.area.bottom().min(plot.area.y + TRIES);
        let places = rows.flat_map(|y| [right, left].into_iter().flatten().map(move |x| (x, y)));
        // Another moment's line gives way to a word.
        let line = pen.glyphs().moment;
        let clear = |x, y| pen.is_free(x, y) || pen.has(x, y, line);
        // One more at each end keeps two words apart.
        let apart = |at: u16| !(plot.area.left()..plot.area.right()).contains(&at);
        let free = |(x, y): &(u16, u16)| {
            (*x..x + wide).all(|x| clear(x, *y))
                && [x.saturating_sub(1), x + wide].into_iter().all(|x| apart(x) || clear(x, *y))
        };
        if let Some((x, y)) = places.into_iter().find(free) {
            let place = Rect { x, y, width: wide, height: 1 };
            pen.line(place, &Line::new().text(moment.word, moment.role));
        }
    }
}
