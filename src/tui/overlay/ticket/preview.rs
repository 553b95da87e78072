//! What an order is and what it would cost, in lines.

use super::Ranked;
use crate::control::ticket::preview::Distance;
use crate::control::ticket::{Cost, Pair, Preview, Seen, pair::STANDARD_LOT};
use crate::domain::{GatewayAddr, OrderKind, OrderTicket, Price};
use crate::tui::theme::Role;
use crate::tui::view::pen::Line;
use crate::tui::view::{format, wrap, wrap_most};

/// Columns of a label.
const LABEL: u16 = 8;

/// The order in words, and where it goes.
pub(super) fn sentence<'a>(
    order: &OrderTicket,
    preview: &Preview,
    seen: &Seen,
    to: Option<&GatewayAddr>,
    width: u16,
) -> Ranked<'a> {
    let digits = seen.quote.map_or(0, |quote| quote.digits);
    let price = |price: Price| price.text(price.decimals().max(digits));
    let at = match (order.kind, preview.entry) {
        (OrderKind::Market, Some(now)) => format!("at market {}", price(now)),
        (OrderKind::Market, None) => String::from("at market, not known"),
        (_, Some(own)) => format!("at {}", price(own)),
        (_, None) => String::new(),
    };
    let exit = |name: &str, at: Option<Price>| {
        at.map_or_else(|| format!("no {name}"), |at| format!("{name} {}", price(at)))
    };
    let lots = order.lots.text(order.lots.decimals().max(2));
    let what = format!("{} {lots} {} {at}", order.wire_type(), order.symbol);
    let to = match to {
        Some(to) if width < super::WIDE => format!(", to {}", to.name),
        Some(to) => format!(", to {} {}", to.name, to.cmd),
        None => String::new(),
    };
    let rest = format!("{}, {}{to}", exit("SL", order.sl), exit("TP", order.tp));
    let mut lines = Vec::new();
    for (text, rank, role) in [(what, 0, Role::TextStrong), (rest, 1, Role::TextNormal)] {
        let rows = wrap(&text, width).into_iter();
        lines.extend(rows.map(|row| (rank, Line::new().rest(row, role))));
    }
    lines
}

/// Margin, spread, risk and target, and what they rest on.
pub(super) fn lines<'a>(
    preview: &Preview,
    seen: &Seen,
    order: &OrderTicket,
    width: u16,
) -> Ranked<'a> {
    let currency = preview.currency.as_str();
    let mut lines = Vec::new();
    let mut put = |rank: u8, label: &'static str, text: String, role: Role| {
        for (n, row) in wrap_most(&text, width.saturating_sub(LABEL), 2).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            let rank = if n == 0 { rank } else { rank + 2 };
            lines.push((rank, Line::new().left(LABEL, label, Role::TextDim).rest(row, role)));
        }
    };
    let (margin, role) = match (&preview.margin, preview.free) {
        (Cost::Known(margin), Some(free)) => {
            let short = *margin > free;
            let role = if short { Role::HealthBad } else { Role::TextNormal };
            let of = format!(" of {} free", format::grouped(&free.text(2)));
            (amount(&preview.margin, currency) + &of, role)
        }
        (Cost::Known(_), None) => (amount(&preview.margin, currency), Role::TextNormal),
        (Cost::NotKnown(_), _) => (amount(&preview.margin, currency), Role::TextDim),
    };
    put(2, "margin", margin, role);
    let spread = said(&preview.spread, currency);
    let pending = if order.kind == OrderKind::Market { "" } else { ", at the spread of now" };
    put(3, "spread", spread + pending, Role::TextNormal);
    match &preview.risk {
        Some(risk) => put(2, "risk", said(risk, currency), Role::TextStrong),
        None => put(2, "risk", String::from("not bounded: no SL"), Role::HealthStale),
    }
    if let Some(reward) = &preview.reward {
        put(4, "target", said(reward, currency), Role::TextNormal);
    }
    let rests = matches!(preview.margin, Cost::Known(_)) || is_known(&preview.spread);
    if let Some(pair) = Pair::of(&order.symbol).filter(|_| rests) {
        let leverage = seen.account.as_ref().and_then(|account| account.leverage);
        let leverage = leverage.map_or_else(String::new, |n| format!(", leverage 1:{n}"));
        let lot = format::grouped(&STANDARD_LOT.to_string());
        let text = format!("a standard lot, {lot} {}{leverage}", pair.base);
        put(6, "by", text, Role::TextDim);
    }
    lines
}

fn is_known(distance: &Distance) -> bool {
    matches!(distance.money, Cost::Known(_))
}

fn amount(cost: &Cost, currency: &str) -> String {
    match cost {
        Cost::Known(money) => format!("{} {currency}", format::grouped(&money.text(2))),
        Cost::NotKnown(why) => format!("not known: {why}"),
    }
}

/// `12 points, 1.20 USD`.
fn said(distance: &Distance, currency: &str) -> String {
    let money = amount(&distance.money, currency);
    match distance.points {
        Some(1) => format!("1 point, {money}"),
        Some(points) => format!("{points} points, {money}"),
        None => money,
    }
}
