//! Which quotes are listed, in which order, and which one is selected.

use crate::domain::Symbol;
use crate::state::{Period, Quote, State};
use crate::tui::ui::{Pane, TickKey, Ui, passes};

/// A quote and its name.
pub type Named<'a> = (&'a Symbol, &'a Quote);

/// The quotes that pass the filter, in the order of the rows.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> Vec<Named<'a>> {
    let filter = ui.filter(Pane::Ticks);
    let passing = state.quotes.all().filter(|(symbol, _)| passes(filter, [symbol.as_str()]));
    let mut rows: Vec<_> = passing.collect();
    let sort = ui.tick_sort;
    match sort.key {
        TickKey::Symbol if sort.reversed => rows.reverse(),
        TickKey::Symbol => {}
        TickKey::Spread => {
            sort.arrange(&mut rows, |a, b| b.1.spread_points().cmp(&a.1.spread_points()));
        }
        TickKey::Age => sort.arrange(&mut rows, |a, b| a.1.at.mono_ns.cmp(&b.1.at.mono_ns)),
        TickKey::Rate => sort.arrange(&mut rows, |a, b| b.1.rate.cmp(&a.1.rate)),
        TickKey::Change => {
            sort.arrange(&mut rows, |a, b| change(state, b.1).cmp(&change(state, a.1)));
        }
    }
    rows
}

/// How the bid moved within this hour of UTC up to the last whole second, in
/// units of 1e-4 (0.01 %); none where it had no hour yet. In each frame it would
/// be rows that change places and bytes that a slow line has to carry.
#[must_use]
pub fn change(state: &State, quote: &Quote) -> Option<i64> {
    let hour = quote.candles.of(Period::H1).back()?;
    let second = Period::S1.begin(state.chart_time(state.now));
    let mut seconds = quote.candles.of(Period::S1).iter().rev();
    let whole = seconds.find(|c| c.begin < second).filter(|c| c.begin >= hour.begin);
    let (open, bid) = (hour.open, whole.map_or(hour.open, |c| c.close));
    let moved = i128::from(bid.raw()) - i128::from(open.raw());
    i64::try_from(moved.checked_mul(10_000)?.checked_div(i128::from(open.raw()))?).ok()
}

/// The row of the selected quote in `rows`: its own, wherever it went, else
/// the one that is where it was.
#[must_use]
pub fn row(rows: &[Named<'_>], ui: &Ui) -> usize {
    // The same feed's, else any that has the symbol.
    let own = |wanted| {
        let its = |(symbol, quote): &Named<'_>| **symbol == wanted && quote.feed == ui.feed;
        let any = || rows.iter().position(|(symbol, _)| **symbol == wanted);
        rows.iter().position(its).or_else(any)
    };
    let last = rows.len().saturating_sub(1);
    ui.symbol.and_then(own).unwrap_or_else(|| ui.row(Pane::Ticks).min(last))
}

/// The selected quote, which the chart shows; the first one of all where the
/// filter lets none pass.
#[must_use]
pub fn chosen<'a>(state: &'a State, ui: &Ui) -> Option<Named<'a>> {
    // Without the list where the name will do: it is wanted in every frame.
    if let Some(wanted) = ui.symbol
        && passes(ui.filter(Pane::Ticks), [wanted.as_str()])
        && let Some(found) = of_symbol(state, ui.feed, &wanted)
    {
        return Some(found);
    }
    let rows = listed(state, ui);
    rows.get(row(&rows, ui)).copied().or_else(|| state.quotes.all().next())
}

/// The quote of `feed`, else the first one of the symbol.
fn of_symbol<'a>(state: &'a State, feed: u16, symbol: &Symbol) -> Option<Named<'a>> {
    let mut each = state.quotes.each(symbol);
    let first = each.next()?;
    if first.1.feed == feed {
        Some(first)
    } else {
        each.find(|(_, q)| q.feed == feed).or(Some(first))
    }
}
