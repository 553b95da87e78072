//! Numbers as every command prints them: the same as on the screen.

use crate::domain::{Lots, Money, Position, Price, Ratio};
use crate::tui::view::format;
use std::time::Duration;

/// An amount with two decimals, its digits grouped: `9,999.36`.
#[must_use]
pub fn money(amount: Money) -> String {
    format::grouped(&amount.text(2))
}

/// A margin level: `2,788.66%`; `none` where there is no margin in use.
#[must_use]
pub fn level(level: Option<Ratio>) -> String {
    level.map_or_else(|| String::from("none"), |l| format!("{}%", format::grouped(&l.text(2))))
}

/// A volume with two decimals at least: `0.10`.
#[must_use]
pub fn lots(lots: Lots) -> String {
    lots.text(lots.decimals().max(2))
}

/// A price of a position, with as many decimals as any of its prices needs.
#[must_use]
pub fn price(p: &Position, price: Price) -> String {
    let all = [Some(p.open), p.current, p.sl, p.tp];
    price.text(all.into_iter().flatten().map(Price::decimals).max().unwrap_or(0))
}

/// A round trip: `0.24ms`, `1048ms`, `12.3s`.
#[must_use]
pub fn span(took: Duration) -> String {
    format::span(Some(super::reach::us(took)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Side, Text, Ticket};

    #[test]
    fn as_on_the_screen() {
        let raw = |text| Money::parse(text).unwrap_or_default();
        assert_eq!(
            (money(raw("9999.36")), money(raw("-1234567"))),
            ("9,999.36".into(), "-1,234,567.00".into())
        );
        assert_eq!(level(Ratio::parse("2788.66").ok()), "2,788.66%");
        assert_eq!(level(None), "none");
        let volumes = ["0.1", "0.25", "0.001"].map(|text| lots(Lots::parse(text).unwrap()));
        assert_eq!(volumes, ["0.10", "0.25", "0.001"]);
        assert_eq!(span(Duration::from_micros(240)), "0.24ms");
    }

    #[test]
    fn the_prices_of_one_position_have_the_same_decimals() {
        let parse = |text| Price::parse(text).unwrap();
        let p = Position {
            ticket: Ticket(1),
            symbol: Text::new("USDJPY"),
            side: Side::Buy,
            lots: Lots::ZERO,
            open: parse("149.503"),
            current: None,
            profit: Money::ZERO,
            sl: Some(parse("152")),
            tp: None,
        };
        assert_eq!(
            (price(&p, p.open), price(&p, parse("152"))),
            ("149.503".into(), "152.000".into())
        );
    }
}
