//! Quotes: bid, ask, spread in points, direction, age, rate, sparkline.
//!
//! A stale row is dim, has a mark in place of its direction, and where there is
//! room a word in place of its rate; an unknown price is `?`. The age is always
//! shown, and so is how many are stale, in view or not.

use super::more::{self, More};
use super::pen::{Line, Pen, pad_decimals};
use super::{Scene, format, window};
use crate::domain::{Price, Symbol};
use crate::state::{Freshness, Market, Quote, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Sort, TickKey};
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::ops::Range;

mod list;

pub use list::{Named, chosen, listed, row};

/// Columns up to the sparkline, rate included.
const WIDE: u16 = 51;
/// Columns from which a gateway's name has room beside its quotes.
const ROOMY: u16 = 48;
/// Columns from which the change within the hour is shown too.
const CHANGE: u16 = 70;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let rows = listed(state, scene.ui);
    let (note, role) = note(scene, rows.len(), area);
    let inner = scene.frame(pen, Pane::Ticks, area, &note, role);
    if state.quotes.is_empty() {
        pen.lines(inner, &nothing(state));
        return;
    }
    let shape = Shape::of(state, inner.width);
    pen.line(inner, &shape.header(scene.ui.tick_sort, pen.glyphs()));
    let table = table(inner);
    let chosen = row(&rows, scene.ui);
    let window = window(chosen, rows.len(), table.height);
    more::draw(pen, area, &[], (&hidden(state, &rows, &window), Role::TextDim));
    let mut lines = Vec::new();
    for (at, (symbol, quote)) in rows.iter().enumerate().take(window.end).skip(window.start) {
        let line = shape.row(symbol, quote, state, pen.glyphs(), at == chosen);
        let chosen = scene.ui.focus == Pane::Ticks && at == chosen;
        lines.push(if chosen { line.on(Role::Selection) } else { line });
    }
    pen.lines(table, &lines);
}

/// Where the rows are, below the heading.
const fn table(inner: Rect) -> Rect {
    Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1), ..inner }
}

/// The symbol, and its feed, whose row is at `y`.
#[must_use]
pub fn at(area: Rect, y: u16, scene: Scene<'_>) -> Option<(Symbol, u16)> {
    let rows = listed(scene.state, scene.ui);
    let table = table(super::pen::inside(area));
    let window = window(row(&rows, scene.ui), rows.len(), table.height);
    let down = y.checked_sub(table.y).filter(|down| *down < table.height)?;
    let at = window.start.saturating_add(usize::from(down));
    rows.get(at).map(|(symbol, quote)| (**symbol, quote.feed))
}

/// What is out of view, and how much of it is stale.
fn hidden(state: &State, rows: &[Named<'_>], window: &Range<usize>) -> Vec<String> {
    let mut words = More::of(window, rows.len()).words();
    if words.is_empty() {
        return words;
    }
    let outside = rows.iter().enumerate().filter(|(at, _)| !window.contains(at));
    let late = outside.filter(|(_, (s, q))| is_late(state, q, state.market(s, Some(*q)))).count();
    if late > 0 {
        let told: Vec<_> = words.iter().map(|text| format!("{text}, {late} stale")).collect();
        words.splice(0..0, told);
    }
    words
}

/// Whether a quote is older than it should be while its market is open.
fn is_late(state: &State, quote: &Quote, market: Market) -> bool {
    market > Market::Closed && state.freshness_in(quote, market) > Freshness::Fresh
}

/// The filter, how many are stale, and what the calendar explains; else how many
/// there are.
fn note(scene: Scene<'_>, shown: usize, area: Rect) -> (String, Role) {
    let state = scene.state;
    let all = state.quotes.len();
    let late = state.markets().filter(|(_, quote, market)| is_late(state, quote, *market)).count();
    let late = if late > 0 { Some(format!("{late} stale")) } else { None };
    let room = scene.title_room(Pane::Ticks, area);
    let filter = scene.filter_note(Pane::Ticks, shown, all, if room < 34 { 6 } else { 16 });
    let role = if filter.is_some() { Role::Accent } else { Role::TextDim };
    let first = filter.unwrap_or_else(|| calendar(state, area.width));
    let both = late.as_ref().map(|late| format!("{first}, {late}"));
    let mut forms = both.into_iter().chain(late).chain([first]);
    (forms.find(|form| form.chars().count() <= room).unwrap_or_default(), role)
}

fn calendar(state: &State, width: u16) -> String {
    let mut closed = None;
    let (mut off, mut open) = (false, false);
    for (symbol, quote, market) in state.markets() {
        match market {
            Market::Open => open = true,
            Market::OffCalendar => off = true,
            Market::Closed => {
                off |= state.came_off_calendar(symbol, quote);
                closed = closed.or(Some(symbol));
            }
        }
    }
    if off {
        return String::from("ticks outside the calendar");
    }
    match closed {
        Some(symbol) if !open => {
            let hours = state.session.calendar.hours(symbol);
            let opens = format::until("opens", state.session_phase(hours).until);
            // Never without saying by what: a calendar is a belief.
            match width {
                60.. => format!("market closed by the calendar, {opens}"),
                _ => String::from("closed by calendar"),
            }
        }
        _ if state.quotes.is_empty() => String::new(),
        _ => format!("{} symbols", state.quotes.len()),
    }
}

fn nothing(state: &State) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (index, gateway) in (0_u16..).zip(&state.session.gateways) {
        let word = state.feed_word(index).word();
        lines.push(
            Line::new().dim(format!("no tick yet from {} at {}", gateway.name, gateway.data)),
        );
        lines.push(Line::new().dim(format!("feed: {word}")));
    }
    if lines.is_empty() {
        lines.push(Line::new().dim("no feed configured: set one with --gateway HOST"));
    }
    lines
}

/// Which columns there are, and how wide a price is.
struct Shape {
    name: u16,
    /// Whose quote it is, with the gap before it: none while no two feeds quote
    /// the same symbol.
    feed: u16,
    price: u16,
    spread: u16,
    age: u16,
    digits: u32,
    wide: bool,
    change: bool,
    spark: u16,
}

impl Shape {
    fn of(state: &State, width: u16) -> Self {
        let digits = state.quotes.values().map(|q| q.digits).max().unwrap_or(0);
        let shared = state.gateways.len() > 1 && state.quotes.has_shared();
        // A name where there is room, else a number.
        let feed = match width {
            _ if !shared => 0,
            ROOMY.. => 7,
            _ => 2,
        };
        let width = width.saturating_sub(feed);
        let (wide, change) = (width >= WIDE, width >= CHANGE);
        let used = WIDE + if change { 9 } else { 0 };
        let spark = if wide { width - used } else { 0 };
        let (name, price, spread, age) = match width {
            WIDE.. => (9, 11, 5, 6),
            41.. => (8, 10, 5, 6),
            _ => (7, 9, 4, 5),
        };
        Self { name, feed, price, spread, age, digits, wide, change, spark }
    }

    /// The column that the rows are sorted by says so.
    fn header<'a>(&self, sort: Sort<TickKey>, g: &Glyphs) -> Line<'a> {
        let head = |key, word| super::heading(word, key, sort, g);
        let d = Role::TextDim;
        let (symbol, role) = head(TickKey::Symbol, "SYMBOL");
        let mut line = Line::new()
            .gap(2)
            .left(self.name, symbol, role)
            .gap(u16::from(self.feed > 0))
            .left(self.feed.saturating_sub(1), if self.feed > 2 { "AT" } else { "" }, d)
            .right(self.price, "BID", d)
            .right(self.price, "ASK", d);
        for (width, key, word, shown) in [
            (self.spread, TickKey::Spread, "SPR", true),
            (self.age, TickKey::Age, "AGE", true),
            (7, TickKey::Rate, "RATE", self.wide),
            (9, TickKey::Change, "HOUR%", self.change),
        ] {
            let (text, role) = head(key, word);
            if shown {
                line = line.right(width, text, role);
            }
        }
        line
    }

    fn price(&self, quote: &Quote, price: Price) -> String {
        let point = u32::from(quote.digits == 0 && self.digits > 0);
        let missing = self.digits.saturating_sub(quote.digits) + point;
        pad_decimals(price.text(quote.digits), missing, self.price - 1)
    }

    /// The feed's name, or its number where that is all there is room for.
    fn feed(&self, quote: &Quote, state: &State) -> String {
        match self.feed {
            0 => String::new(),
            1 | 2 => quote.feed.saturating_add(1).to_string(),
            _ => state.gateway_name(quote.feed).to_string(),
        }
    }

    fn row<'a>(
        &self,
        symbol: &'a Symbol,
        q: &Quote,
        state: &State,
        g: &Glyphs,
        chosen: bool,
    ) -> Line<'a> {
        let market = state.market(symbol, Some(q));
        let freshness = state.freshness_in(q, market);
        let fresh = freshness == Freshness::Fresh;
        let look = super::words::value(freshness);
        // The direction of an old tick is no direction of now.
        let (mark, colour) = match (freshness, q.direction) {
            (Freshness::Unknown, _) => (g.unknown, look),
            (Freshness::Stale, _) => (g.stale, look),
            (_, 1) => (g.up, Role::PnlUp),
            (_, -1) => (g.down, Role::PnlDown),
            _ => (g.flat, Role::PnlFlat),
        };
        let known = freshness < Freshness::Unknown;
        let price = |p| if known { self.price(q, p) } else { String::from("?") };
        let spread = || format::grouped(&q.spread_points().to_string());
        let spread = if known { spread() } else { String::from("?") };
        let mut line = Line::new()
            .text(mark, colour)
            .gap(1)
            // The title of the chart names it too.
            .left(self.name, symbol.as_str(), if chosen && fresh { Role::Accent } else { look })
            .gap(u16::from(self.feed > 0))
            .left(self.feed.saturating_sub(1), self.feed(q, state), Role::TextDim)
            .right(self.price, price(q.bid), look)
            .right(self.price, price(q.ask), look)
            .right(self.spread, spread, Role::TextDim)
            .right(self.age, format::age(state.age(q.at)), look);
        if self.wide {
            let rate = match (market, freshness) {
                (Market::Closed, _) => String::from("closed"),
                (_, Freshness::Stale) => String::from("stale"),
                _ => format!("{}/s", q.rate),
            };
            line = line.right(7, rate, Role::TextDim);
        }
        if self.change {
            let (text, role) = change(list::change(state, q).filter(|_| known));
            line = line.right(9, text, if fresh { role } else { look });
        }
        if self.spark > 2 {
            let role = if fresh { Role::Spark } else { Role::TextDim };
            line = line.gap(1).text(spark(&q.history, usize::from(self.spark - 1), g), role);
        }
        line
    }
}

/// In per cent, and the look of it.
fn change(units: Option<i64>) -> (String, Role) {
    let Some(units) = units else { return (String::from("?"), Role::HealthUnknown) };
    let role = match units.signum() {
        1 => Role::PnlUp,
        -1 => Role::PnlDown,
        _ => Role::PnlFlat,
    };
    let size = units.unsigned_abs();
    let sign = if units < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:02}", format::grouped(&(size / 100).to_string()), size % 100);
    (format::signed(&text), role)
}

/// The last mids as levels between their own least and greatest.
fn spark(history: &VecDeque<i64>, width: usize, g: &Glyphs) -> String {
    let shown = || history.iter().skip(history.len().saturating_sub(width));
    let (Some(low), Some(high)) = (shown().min(), shown().max()) else { return String::new() };
    let range = u128::from(high.abs_diff(*low));
    let top = g.spark.len() as u128 - 1;
    shown()
        .map(|mid| {
            // Without movement the line lies in the middle.
            let level =
                (u128::from(mid.abs_diff(*low)) * top).checked_div(range).unwrap_or(top / 2);
            usize::try_from(level).ok().and_then(|i| g.spark.get(i)).copied().unwrap_or(" ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Charset;

    #[test]
    fn a_sparkline_uses_its_whole_height_and_any_number() {
        let g = Glyphs::of(Charset::Unicode);
        assert_eq!(spark(&VecDeque::from([1, 5, 8]), 9, g), "▁▅█");
        assert_eq!(spark(&VecDeque::from([3, 3]), 9, g), "▄▄");
        assert_eq!(spark(&VecDeque::from([i64::MIN, 0, i64::MAX]), 2, g), "▁█");
        assert_eq!(spark(&VecDeque::new(), 9, g), "");
    }
}
