//! The desk's stories, and what holds in every story.

use super::book::CloseCause;
use super::currency::Currency;
use super::engine::{Engine, Happening};
use super::market::tests::{quote, symbol};
use super::market::{Instrument, Market};
use super::rules::Rejection;
use crate::domain::{Lots, Money, OrderKind, OrderTicket, Price, Side, Text, Ticket, UtcMicros};
use proptest::prelude::*;

/// A desk told in words: `tell("SELL_LIMIT EURUSD 0.10 1.10500 sl 1.11000")`.
struct Story {
    engine: Engine,
    clock: i64,
}

impl Story {
    fn new(currency: &str, balance: &str, symbols: &[&str]) -> Self {
        let currency = Currency::parse(currency).unwrap();
        let mut market = Market::default();
        for name in symbols {
            let digits = if name.contains("JPY") { 3 } else { 5 };
            market.list(Instrument::of(symbol(name), digits, currency), None);
        }
        let balance = Money::parse(balance).unwrap();
        Self { engine: Engine::new(market, balance, currency, 100), clock: 0 }
    }

    /// One euro-dollar account with 10,000 dollars, quoted 1.10000/1.10010.
    fn eurusd() -> Self {
        let mut story = Self::new("USD", "10000", &["EURUSD"]);
        story.quote("EURUSD", "1.10000", "1.10010");
        story
    }

    fn quote(&mut self, name: &str, bid: &str, ask: &str) -> Vec<Happening> {
        self.clock += 1;
        self.engine.hear(&symbol(name), quote(bid, ask), UtcMicros(self.clock))
    }

    fn order(words: &str) -> OrderTicket {
        let words: Vec<&str> = words.split(' ').collect();
        let price = |text: &str| Price::parse(text).ok();
        let after =
            |key| words.iter().position(|w| *w == key).and_then(|i| price(words.get(i + 1)?));
        let (side, kind) = match words[0] {
            "BUY" => (Side::Buy, OrderKind::Market),
            "SELL" => (Side::Sell, OrderKind::Market),
            "BUY_LIMIT" => (Side::Buy, OrderKind::Limit),
            "SELL_LIMIT" => (Side::Sell, OrderKind::Limit),
            "BUY_STOP" => (Side::Buy, OrderKind::Stop),
            "SELL_STOP" => (Side::Sell, OrderKind::Stop),
            other => panic!("{other}"),
        };
        OrderTicket {
            symbol: symbol(words[1]),
            side,
            lots: Lots::parse(words[2]).unwrap(),
            kind,
            price: words.get(3).and_then(|w| price(w)).filter(|p| p.raw() > 0),
            sl: after("sl"),
            tp: after("tp"),
        }
    }

    fn try_tell(&mut self, words: &str) -> Result<Ticket, Rejection> {
        self.clock += 1;
        self.engine.open(&Self::order(words), UtcMicros(self.clock)).map(|o| o.ticket)
    }

    fn tell(&mut self, words: &str) -> Ticket {
        self.try_tell(words).unwrap()
    }

    /// `balance equity used free level`
    fn account(&self) -> String {
        let now = self.engine.account();
        let amounts = [now.balance, now.equity, now.used_margin, now.free_margin];
        let words: Vec<String> = amounts.iter().map(|m| m.text(2)).collect();
        format!("{} {}", words.join(" "), now.margin_level.text(2))
    }

    fn profits(&self) -> Vec<String> {
        self.engine.positions().iter().map(|p| p.profit.text(2)).collect()
    }
}

fn closings(seen: &[Happening]) -> Vec<(CloseCause, String, String)> {
    let closed = |h: &Happening| match h {
        Happening::Closed(c) => Some((c.cause, c.price.to_string(), c.profit.text(2))),
        _ => None,
    };
    seen.iter().filter_map(closed).collect()
}

#[test]
fn a_buy_pays_the_spread_binds_margin_and_frees_it() {
    let mut story = Story::eurusd();
    let ticket = story.tell("BUY EURUSD 0.10");
    assert_eq!(story.account(), "10000.00 9999.00 110.01 9888.99 9089.17");
    story.quote("EURUSD", "1.10510", "1.10520");
    assert_eq!(story.account(), "10000.00 10050.00 110.01 9939.99 9135.53");
    let closed = story.engine.close(ticket).unwrap();
    assert_eq!(
        (closed.price.to_string(), closed.profit.text(2)),
        ("1.1051".into(), "50.00".into())
    );
    assert_eq!(story.account(), "10050.00 10050.00 0.00 10050.00 0.00");
    assert_eq!(story.engine.close(ticket), Err(Rejection::NoPosition(ticket)));
}

#[test]
fn hedged_positions_live_side_by_side_and_lose_the_spread() {
    let mut story = Story::eurusd();
    let long = story.tell("BUY EURUSD 0.50");
    let short = story.tell("SELL EURUSD 0.50");
    for (bid, ask) in [("1.09000", "1.09010"), ("1.12000", "1.12010")] {
        story.quote("EURUSD", bid, ask);
        assert_eq!(story.engine.account().equity.text(2), "9990.00");
    }
    assert_eq!(story.engine.positions().len(), 2);
    story.engine.close(short).unwrap();
    assert_eq!(story.profits(), ["995.00"]);
    story.engine.close(long).unwrap();
    assert_eq!(story.account(), "9990.00 9990.00 0.00 9990.00 0.00");
}

#[test]
fn yen_profit_is_booked_in_dollars() {
    let mut story = Story::new("USD", "10000", &["USDJPY"]);
    story.quote("USDJPY", "100.000", "100.010");
    story.tell("SELL USDJPY 0.10");
    // The margin of a dollar pair is dollars: 10,000 over 100.
    assert_eq!(story.engine.account().used_margin.text(2), "100.00");
    story.quote("USDJPY", "98.990", "99.000");
    // One yen on 10,000 dollars: 10,000 yen, bought back at 99.
    assert_eq!(story.profits(), ["101.01"]);
    story.quote("USDJPY", "101.000", "101.010");
    // 10,100 yen are missing; they cost dollars at the bid.
    assert_eq!(story.profits(), ["-100.00"]);
}

#[test]
fn crosses_go_through_the_dollar_and_wait_for_its_quote() {
    let mut story = Story::new("USD", "10000", &["EURJPY", "USDJPY", "EURUSD"]);
    story.quote("EURJPY", "120.000", "120.000");
    let blind = story.try_tell("BUY EURJPY 0.10");
    assert!(matches!(blind, Err(Rejection::NoRate(..))), "{blind:?}");
    story.quote("USDJPY", "100.000", "100.000");
    story.quote("EURUSD", "1.20000", "1.20000");
    story.tell("BUY EURJPY 0.10");
    assert_eq!(story.engine.account().used_margin.text(2), "120.00");
    story.quote("EURJPY", "121.000", "121.000");
    assert_eq!(story.profits(), ["100.00"]);
    story.quote("USDJPY", "80.000", "80.000");
    assert_eq!(story.profits(), ["125.00"], "an open profit follows the rate");
}

#[test]
fn a_yen_account_is_kept_in_whole_yen() {
    let mut story = Story::new("JPY", "1000000", &["USDJPY", "EURUSD"]);
    story.quote("USDJPY", "150.000", "150.010");
    story.quote("EURUSD", "1.10000", "1.10000");
    story.tell("BUY EURUSD 0.01");
    story.quote("EURUSD", "1.10007", "1.10007");
    // 7 cents at 150.
    assert_eq!(story.profits(), ["11.00"]);
    assert_eq!(story.engine.account().used_margin.text(2), "1650.00");
}

#[test]
fn exits_close_at_the_quote_that_touched_them() {
    let mut story = Story::eurusd();
    story.tell("BUY EURUSD 0.10 0 sl 1.09500 tp 1.10500");
    story.tell("SELL EURUSD 0.10 0 sl 1.10500 tp 1.09500");
    assert_eq!(closings(&story.quote("EURUSD", "1.09600", "1.09610")), []);
    let gap = story.quote("EURUSD", "1.09400", "1.09410");
    assert_eq!(
        closings(&gap),
        [
            (CloseCause::StopLoss, "1.094".into(), "-61.00".into()),
            (CloseCause::TakeProfit, "1.0941".into(), "59.00".into())
        ]
    );
    assert_eq!(story.account(), "9998.00 9998.00 0.00 9998.00 0.00");
}

#[test]
fn limits_and_stops_wait_bind_nothing_and_keep_their_ticket() {
    let mut story = Story::eurusd();
    let limit = story.tell("BUY_LIMIT EURUSD 0.10 1.09500 sl 1.09000 tp 1.10000");
    let stop = story.tell("SELL_STOP EURUSD 0.20 1.09000");
    assert_eq!(story.account(), "10000.00 10000.00 0.00 10000.00 0.00");
    assert_eq!(story.engine.close(limit), Err(Rejection::IsPending(limit)));
    assert!(story.quote("EURUSD", "1.09495", "1.09505").is_empty());
    let seen = story.quote("EURUSD", "1.09480", "1.09490");
    assert!(matches!(&seen[..], [Happening::Filled(o)] if o.ticket == limit), "{seen:?}");
    assert_eq!(story.engine.positions()[0].held.open, Price::parse("1.0949").unwrap());
    let seen = story.quote("EURUSD", "1.08990", "1.09000");
    assert!(
        matches!(&seen[..], [Happening::Filled(o), Happening::Closed(c)]
        if o.ticket == stop && c.held.ticket == limit && c.cause == CloseCause::StopLoss),
        "{seen:?}"
    );
}

#[test]
fn a_pending_order_that_cant_be_afforded_when_due_is_dropped() {
    let mut story = Story::eurusd();
    let order = story.tell("BUY_LIMIT EURUSD 9.00 1.09900");
    story.tell("SELL EURUSD 5.00");
    let seen = story.quote("EURUSD", "1.09880", "1.09890");
    assert!(
        matches!(&seen[..], [Happening::Dropped(t, Rejection::Margin { .. })] if *t == order),
        "{seen:?}"
    );
    assert_eq!(story.engine.book.pending.len(), 0);
}

#[test]
fn an_order_beyond_the_free_margin_is_refused() {
    let mut story = Story::eurusd();
    let words = story.try_tell("BUY EURUSD 9.10").unwrap_err().to_string();
    assert_eq!(words, "not enough money: 10010.91 USD of margin needed, 10000 free");
    story.tell("BUY EURUSD 9.00");
    assert!(matches!(story.try_tell("BUY EURUSD 0.10"), Err(Rejection::Margin { .. })));
}

#[test]
fn at_half_the_margin_the_largest_loss_goes_first() {
    let mut story = Story::eurusd();
    story.tell("BUY EURUSD 3.00");
    story.tell("BUY EURUSD 5.00");
    // Half of 8,800.80 is 4,400.40: 699.95 dollars a lot may be lost.
    assert!(story.quote("EURUSD", "1.09311", "1.09321").is_empty());
    let seen = closings(&story.quote("EURUSD", "1.09310", "1.09320"));
    assert_eq!(seen, [(CloseCause::StopOut, "1.0931".into(), "-3500.00".into())]);
    assert_eq!(story.account(), "6500.00 4400.00 3300.30 1099.70 133.32");
    let seen = closings(&story.quote("EURUSD", "1.07000", "1.07010"));
    assert_eq!(seen, [(CloseCause::StopOut, "1.07".into(), "-9030.00".into())]);
    assert_eq!(story.engine.account().balance.text(2), "-2530.00", "a gap may cost more than all");
}

#[test]
fn a_kill_cancels_closes_and_blocks_until_the_reset() {
    let mut story = Story::eurusd();
    story.tell("BUY EURUSD 0.10");
    story.tell("SELL EURUSD 0.30");
    story.tell("BUY_LIMIT EURUSD 0.10 1.09500");
    let done = story.engine.kill(Text::new("k-1"), UtcMicros(9));
    assert_eq!((done.closed.len(), done.total, done.cancelled), (2, 2, 1));
    assert!(done.closed.iter().all(|c| c.cause == CloseCause::Kill));
    assert_eq!(story.account(), "9996.00 9996.00 0.00 9996.00 0.00");
    let words = story.try_tell("BUY EURUSD 0.10").unwrap_err().to_string();
    assert!(words.starts_with("KILL_SWITCH engaged by request \"k-1\""), "{words}");
    let again = story.engine.kill(Text::new("k-2"), UtcMicros(10));
    assert_eq!((again.total, again.cancelled), (0, 0));
    assert_eq!(story.engine.killed.as_ref().map(|k| k.kill_id.as_str()), Some("k-1"));
    story.engine.killed = None;
    story.tell("BUY EURUSD 0.10");
    assert_eq!(story.engine.leaks, 0);
}

#[test]
fn the_tripwire_counts_what_gets_in_although_killed() {
    let mut story = Story::eurusd();
    story.tell("BUY_LIMIT EURUSD 0.10 1.09500");
    // As if the kill had forgotten the pending order.
    let order = story.engine.book.pending.clone();
    story.engine.kill(Text::new("k"), UtcMicros(9));
    story.engine.book.pending = order;
    story.quote("EURUSD", "1.09480", "1.09490");
    assert_eq!(story.engine.leaks, 1);
}

#[test]
fn strangers_and_silent_symbols_take_no_orders() {
    let mut story = Story::new("USD", "10000", &["EURUSD"]);
    let words = story.try_tell("BUY EURUSD 0.10").unwrap_err().to_string();
    assert!(words.starts_with("no quote for EURUSD yet"), "{words}");
    let words = story.try_tell("BUY GBPUSD 0.10").unwrap_err().to_string();
    assert_eq!(words, "unknown symbol GBPUSD: this gateway quotes EURUSD");
}

#[derive(Clone, Debug)]
enum Step {
    Quote(bool, i64, i64),
    Market(bool, bool, i64),
    Pending(bool, i64, i64),
    Close(usize),
    Kill,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (any::<bool>(), 90_000_i64..130_000, 0_i64..40).prop_map(|(y, b, s)| Step::Quote(y, b, s)),
        6 => (any::<bool>(), any::<bool>(), 1_i64..200).prop_map(|(y, b, l)| Step::Market(y, b, l)),
        4 => (any::<bool>(), -500_i64..500, 1_i64..100).prop_map(|(b, d, l)| Step::Pending(b, d, l)),
        4 => (0_usize..8).prop_map(Step::Close),
        1 => Just(Step::Kill),
        1 => Just(Step::Reset),
    ];
    proptest::collection::vec(step, 1..120)
}

/// A second reckoning of one open profit, written differently from the first.
fn profit_again(story: &Story, p: &super::engine::PositionView) -> i64 {
    let per_lot = 100_000_i128;
    let gain = i128::from(p.current.raw() - p.held.open.raw()) * per_lot;
    let gain = if p.held.side == Side::Buy { gain } else { -gain };
    // 1e-8 lots times 1e-8 price, in cents: 1e14 to one.
    let exact = gain * i128::from(p.held.lots.raw());
    let cents = |n: i128, d: i128| {
        let half = if n < 0 { -d / 2 } else { d / 2 };
        i64::try_from((n + half) / d).unwrap() * 100
    };
    if p.held.symbol.as_str() == "EURUSD" {
        return cents(exact, 10_i128.pow(14));
    }
    let rate = story.engine.market.get(&symbol("USDJPY")).unwrap().quote.unwrap();
    let rate = if exact < 0 { rate.bid } else { rate.ask };
    // Truncated at 1e-10 dollars first, as amounts on their way are.
    let fine = exact / 1_000_000 * 100_000_000 / i128::from(rate.raw());
    cents(fine, 10_i128.pow(8))
}

proptest! {
    #[test]
    fn whatever_happens_the_books_balance(steps in steps()) {
        let mut story = Story::new("USD", "10000", &["EURUSD", "USDJPY"]);
        story.quote("EURUSD", "1.10000", "1.10010");
        story.quote("USDJPY", "110.000", "110.020");
        let mut booked = Money::parse("10000").unwrap();
        let mut killed = false;
        for step in steps {
            let name = |yen: bool| if yen { "USDJPY" } else { "EURUSD" };
            let mut seen = Vec::new();
            match step {
                Step::Quote(yen, bid, spread) => {
                    let digits = if yen { 3 } else { 5 };
                    let text = |points| crate::domain::fixed::format_scaled(points, digits, digits);
                    seen = story.quote(name(yen), &text(bid), &text(bid + spread));
                }
                Step::Market(yen, buy, lots) => {
                    let side = if buy { "BUY" } else { "SELL" };
                    let volume = Lots::from_raw(lots * 1_000_000);
                    let taken = story.try_tell(&format!("{side} {} {volume}", name(yen)));
                    let blocked = matches!(taken, Err(Rejection::Killed { .. }));
                    prop_assert!(!killed || blocked);
                }
                Step::Pending(buy, away, lots) => {
                    let bid = story.engine.market.get(&symbol("EURUSD")).unwrap().quote.unwrap().bid;
                    let price = Price::from_raw(bid.raw() + away * 1_000);
                    let volume = Lots::from_raw(lots * 1_000_000);
                    let kind = match (buy, away < 0) {
                        (true, true) => "BUY_LIMIT",
                        (true, false) => "BUY_STOP",
                        (false, true) => "SELL_STOP",
                        (false, false) => "SELL_LIMIT",
                    };
                    let taken = story.try_tell(&format!("{kind} EURUSD {volume} {price}"));
                    let blocked = matches!(taken, Err(Rejection::Killed { .. }));
                    prop_assert!(!killed || blocked);
                }
                Step::Close(which) => {
                    let ticket = story.engine.book.positions.keys().nth(which).copied();
                    if let Some(ticket) = ticket {
                        seen.push(Happening::Closed(story.engine.close(ticket).unwrap()));
                    }
                }
                Step::Kill => {
                    let done = story.engine.kill(Text::new("k"), UtcMicros(1));
                    prop_assert_eq!(done.closed.len(), done.total);
                    prop_assert_eq!(story.engine.book.len(), 0);
                    seen.extend(done.closed.into_iter().map(Happening::Closed));
                    killed = true;
                }
                Step::Reset => {
                    story.engine.killed = None;
                    killed = false;
                }
            }
            for happening in &seen {
                if let Happening::Closed(closed) = happening {
                    booked = booked.plus(closed.profit);
                }
            }
            let account = story.engine.account();
            let open: i64 = story.engine.positions().iter().map(|p| p.profit.raw()).sum();
            prop_assert_eq!(account.balance, booked);
            prop_assert_eq!(account.equity.raw(), booked.raw() + open);
            prop_assert_eq!(account.equity.minus(account.used_margin), account.free_margin);
            for position in story.engine.positions() {
                prop_assert_eq!(position.profit.raw(), profit_again(&story, &position));
            }
            if story.engine.book.positions.is_empty() {
                prop_assert_eq!(account.used_margin, Money::ZERO);
                prop_assert_eq!(account.equity, account.balance);
            }
            prop_assert_eq!(story.engine.leaks, 0);
        }
    }
}
