//! One row: a decision, or a run of those that say the same.

use super::how;
use crate::domain::{Decision, DecisionSource, Probabilities, Ratio, Side, UtcMicros};
use crate::state::{Aged, Run};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::lag::ENGINE_LIMIT_US;
use crate::tui::view::pen::Line;
use crate::tui::view::{format, words};

/// Columns of the probabilities' bar.
const BAR: u16 = 10;
/// One in [`Ratio`]'s units.
const ONE: i64 = 10_000;
/// Inner columns from which a side is a word.
const WORDS: u16 = 44;
/// Inner columns from which there are bar and threshold.
const SHARES: u16 = 58;
/// Inner columns from which there is the lag.
const LAG: u16 = 66;
/// Inner columns from which order and mode have columns.
const WIDE: u16 = 100;

pub(super) fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let mut line = Line::new().gap(1).left(9, "TIME", d).left(4, "BY", d).left(8, "SYMBOL", d);
    line = if width >= WORDS { line.left(5, "SIDE", d) } else { line.gap(2) };
    if width >= SHARES {
        line = line.left(BAR + 1, "S / H / B", d).left(5, "OVER", d);
    }
    if width >= LAG {
        line = line.right(7, "LAG", d).gap(1);
    }
    if width >= WIDE {
        line = line.left(6, "MODE", d).left(17, "ORDER", d);
    }
    line.rest("DONE, WHY", d)
}

pub(super) fn line<'a>(row: &'a Aged<Run>, width: u16, g: &Glyphs, chosen: bool) -> Line<'a> {
    let d = &row.value.decision;
    let (side, role) = match d.side {
        Some(Side::Buy) => ("BUY", Role::PnlUp),
        Some(Side::Sell) => ("SELL", Role::PnlDown),
        None => ("HOLD", Role::TextDim),
    };
    let when = d.at.map_or_else(|| row.at.utc.hms(), UtcMicros::hms);
    let mut line = Line::new()
        .text(if chosen { g.select } else { " " }, Role::Accent)
        .left(9, when, Role::TextDim)
        .left(4, d.source.short(), Role::TextDim)
        .left(8, d.symbol.as_str(), Role::TextNormal);
    line = if width >= WORDS {
        line.left(5, side, role)
    } else {
        line.left(2, d.side.map_or(g.flat, words::side), role)
    };
    if width >= SHARES {
        line = shares(line, d, g).left(5, threshold(d), Role::TextDim);
    }
    if width >= LAG {
        let us = d.lag_us.map_or_else(String::new, |us| format::span(Some(us)));
        line = line.right(7, us, lag(d)).gap(1);
    }
    if width >= WIDE {
        let role = if d.live == Some(true) { Role::TextStrong } else { Role::TextDim };
        let order = if d.order.is_empty() { "-" } else { d.order.as_str() };
        line = line.left(6, how(d.live), role).left(16, order, Role::TextNormal).gap(1);
    }
    if row.value.count > 1 {
        let times = format!("{}{} ", g.times, format::count(row.value.count));
        line = line.text(times, Role::Accent);
    }
    let loud = d.action.as_str().starts_with("BLOCKED");
    line.rest(done(d, width < WIDE), if loud { Role::SwitchBlocked } else { Role::TextNormal })
}

/// What was done, with the order where it has no column, and why.
fn done(d: &Decision, with_order: bool) -> String {
    let mut text = d.action.to_string();
    if with_order && !d.order.is_empty() && !d.why.as_str().contains(d.order.as_str()) {
        text.push(' ');
        text.push_str(d.order.as_str());
    }
    if !d.why.is_empty() {
        text.push_str(": ");
        text.push_str(d.why.as_str());
    }
    text
}

fn threshold(d: &Decision) -> String {
    d.threshold.map_or_else(String::new, |threshold| threshold.text(2))
}

/// The documented limit is an engine's: a sentinel waits for others.
const fn lag(d: &Decision) -> Role {
    match (d.source, d.lag_us) {
        (DecisionSource::Engine, Some(us)) if us > ENGINE_LIMIT_US => Role::LagBreach,
        _ => Role::LagGood,
    }
}

/// So many of the bar's columns, rounded.
fn columns(share: Ratio) -> u16 {
    let rounded = (share.raw().clamp(0, ONE) * i64::from(BAR) + ONE / 2) / ONE;
    u16::try_from(rounded).unwrap_or(0)
}

/// Sell from the left, buy from the right, hold between them; and on the side
/// of the greater one a mark where the threshold is: a line in full once the
/// share goes beyond it.
fn shares<'a>(line: Line<'a>, d: &Decision, g: &Glyphs) -> Line<'a> {
    let Some(p) = d.probabilities else { return line.gap(BAR + 1) };
    let Probabilities { sell, buy, .. } = p;
    let sells = columns(sell);
    let buys = columns(buy).min(BAR - sells);
    let mark = d.threshold.filter(|t| (1..ONE).contains(&t.raw())).map(|threshold| {
        let at = columns(threshold).min(BAR - 1);
        let (at, share) = if sell > buy { (at, sell) } else { (BAR - 1 - at, buy) };
        let over = share > threshold;
        (at, if over { g.separator } else { g.moment }, over)
    });
    let part = |at: u16| match mark {
        Some((place, mark, over)) if place == at => {
            (mark, if over { Role::TextStrong } else { Role::TextDim })
        }
        _ if at < sells => (g.bar, Role::PnlDown),
        _ if at >= BAR - buys => (g.bar, Role::PnlUp),
        _ => (g.bar_rest, Role::BarRest),
    };
    let mut runs: Vec<(String, Role)> = Vec::new();
    for (mark, role) in (0..BAR).map(part) {
        match runs.last_mut() {
            Some((text, last)) if *last == role => text.push_str(mark),
            _ => runs.push((mark.to_owned(), role)),
        }
    }
    runs.into_iter().fold(line, |line, (text, role)| line.text(text, role)).gap(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;
    use crate::tui::theme::Charset;

    fn bar(shares_bp: [i64; 3], threshold: i64) -> String {
        let [sell, hold, buy] = shares_bp.map(Ratio::from_raw);
        let d = Decision {
            probabilities: Some(Probabilities { sell, hold, buy }),
            threshold: Some(Ratio::from_raw(threshold)),
            ..Decision::default()
        };
        let line = shares(Line::new(), &d, Glyphs::of(Charset::Ascii));
        line.cells.iter().map(|cell| cell.text.as_ref()).collect()
    }

    #[test]
    fn the_threshold_stands_on_the_side_that_might_reach_it() {
        assert_eq!(bar([7_200, 2_000, 800], 6_000), "######|..#");
        assert_eq!(bar([5_000, 4_200, 800], 6_000), "#####.:..#");
        assert_eq!(bar([800, 2_000, 7_200], 6_000), "#..|######");
        assert_eq!(bar([800, 4_200, 5_000], 6_000), "#..:.#####");
        assert_eq!(bar([0, 10_000, 0], 0), "..........");
        // No more columns than the bar has, whatever a peer says.
        assert_eq!(bar([i64::MAX, 0, i64::MAX], i64::MAX), "##########");
        assert_eq!(bar([i64::MIN, 0, 9_999], 9_999), ":#########");
    }

    #[test]
    fn an_order_is_told_once() {
        let (order, why) = (Text::new("ticket 7"), Text::new("ticket 7, 0.01 lots"));
        let action = Text::new("SENT");
        let mut d = Decision { action, why, order, ..Decision::default() };
        assert_eq!(done(&d, true), "SENT: ticket 7, 0.01 lots");
        d.why = Text::new("above 0.60");
        assert_eq!(done(&d, true), "SENT ticket 7: above 0.60");
        assert_eq!(done(&d, false), "SENT: above 0.60");
    }
}
