//! The ticket's rules and sums: examples by hand, and properties.

use super::sums::{cents, convert, margin, points, slippage, value};
use super::*;
use crate::domain::{Lots, Mode, Money, OrderKind, Price, Side, Symbol, Text};
use proptest::prelude::*;

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn quote(bid: &str, ask: &str) -> QuoteSeen {
    QuoteSeen { bid: price(bid), ask: price(ask), digits: 5, settled: true, fresh: true }
}

fn rate(pair: &str, bid: &str, ask: &str) -> Rate {
    let pair = Pair::of(&Symbol::new(pair).unwrap()).unwrap();
    Rate { base: pair.base, quote: pair.quote, bid: price(bid), ask: price(ask) }
}

/// EURUSD at a paper gateway with an account in dollars.
fn seen() -> Seen {
    Seen {
        gateways: vec![Text::new("main")],
        mode: Mode::Paper,
        quote: Some(quote("1.10000", "1.10010")),
        account: Some(AccountSeen {
            currency: Text::new("USD"),
            leverage: Some(100),
            free: Money::parse("10000").ok(),
        }),
        rates: vec![rate("EURUSD", "1.10000", "1.10010")],
    }
}

/// `BUY LIMIT lots price sl tp`, `-` for nothing.
fn draft(words: &str) -> Draft {
    let mut draft = Draft::new(0, Symbol::new("EURUSD").ok().as_ref());
    let words: Vec<&str> = words.split(' ').collect();
    draft.side = if words[0] == "BUY" { Side::Buy } else { Side::Sell };
    draft.kind = match words[1] {
        "LIMIT" => OrderKind::Limit,
        "STOP" => OrderKind::Stop,
        _ => OrderKind::Market,
    };
    let entry = |at: usize| Entry::of(words.get(at).filter(|w| **w != "-").unwrap_or(&""));
    (draft.lots, draft.price, draft.sl, draft.tp) = (entry(2), entry(3), entry(4), entry(5));
    draft
}

fn verdict(words: &str) -> String {
    let checked = check(&draft(words), &seen());
    let fault = checked.fault().map(|f| format!("{}: {}", f.field.label(), f.text));
    assert_eq!(fault.is_none(), checked.proposal(&draft(words), &seen()).is_some(), "{words}");
    fault.unwrap_or_else(|| String::from("ok"))
}

#[test]
fn what_an_order_needs_and_how_it_is_said() {
    for (words, said) in [
        ("BUY MARKET 0.01", "ok"),
        ("SELL MARKET 100", "ok"),
        ("BUY MARKET 1 - 1.09999 1.10001", "ok"),
        ("BUY LIMIT 0.1 1.10009 1.1 1.2", "ok"),
        ("SELL STOP 0.1 1.09999", "ok"),
        // A price that was typed before the kind was changed is not sent.
        ("BUY MARKET 0.1 9", "ok"),
        ("BUY MARKET -", "lots: how many?"),
        ("BUY MARKET .", "lots: not a volume"),
        ("BUY MARKET 1.", "lots: not a volume"),
        ("BUY MARKET 0", "lots: above zero"),
        ("BUY MARKET 0.005", "lots: 0.01 to 100 lots"),
        ("BUY MARKET 100.01", "lots: 0.01 to 100 lots"),
        ("BUY MARKET 0.015", "lots: in steps of 0.01"),
        ("BUY MARKET 0.1000000001", "lots: not a volume"),
        ("BUY LIMIT 0.1 -", "price: at which?"),
        ("BUY LIMIT 0.1 1.1001", "price: must be below 1.1001"),
        ("SELL LIMIT 0.1 1.1", "price: must be above 1.1"),
        ("BUY STOP 0.1 1.1001", "price: must be above 1.1001"),
        ("SELL STOP 0.1 1.1", "price: must be below 1.1"),
        ("BUY LIMIT 0.1 1.100001", "price: quoted with 5 decimals"),
        ("BUY LIMIT 0.1 0.109", "price: under half or over twice 1.1001"),
        ("BUY MARKET 0.1 - 1.1", "SL: must be below 1.1"),
        ("SELL MARKET 0.1 - 1.1001", "SL: must be above 1.1001"),
        ("BUY MARKET 0.1 - - 1.1", "TP: must be above 1.1"),
        ("BUY LIMIT 0.1 1.09 1.095", "SL: must be below 1.09"),
        ("BUY MARKET 0.1 - 0", "SL: above zero"),
    ] {
        assert_eq!(verdict(words), said, "{words}");
    }
}

#[test]
fn what_was_never_quoted_is_no_order_and_lifts_no_fault() {
    let unknown = Seen { mode: Mode::DemoAccount, quote: None, account: None, ..seen() };
    let draft = draft("BUY LIMIT 0.015 1.123456 1.2 1.0");
    let checked = check(&draft, &unknown);
    assert!(checked.of(Field::Lots).is_some_and(|r| !r.fault && r.text.contains("not known")));
    assert!(checked.of(Field::Symbol).is_some_and(|r| r.fault));
    assert_eq!(checked.proposal(&draft, &unknown), None);
    // Its own price is known: the exits are held against that.
    assert_eq!(checked.of(Field::Sl).map(|r| r.text.as_str()), Some("must be below 1.123456"));
    // A wrong SL stays wrong when the symbol becomes one that nobody knows.
    for seen in [seen(), Seen { quote: None, ..seen() }] {
        let market = self::draft("BUY MARKET 0.1 - 1.2");
        assert!(check(&market, &seen).of(Field::Sl).is_some_and(|r| r.fault), "{seen:?}");
    }
    // Nor is there a margin, whatever the account tells.
    let order = check(&self::draft("BUY MARKET 0.1"), &Seen { quote: None, ..seen() }).order;
    let preview = Preview::of(&order.unwrap(), &Seen { quote: None, ..seen() });
    assert_eq!(preview.margin, Cost::NotKnown("never quoted here"));
    let order = check(&self::draft("BUY MARKET 0.1 - 1.2"), &unknown).order.unwrap();
    let preview = Preview::of(&order, &unknown);
    assert_eq!(preview.margin, Cost::NotKnown("account not read"));
    assert_eq!((preview.entry, preview.spread.points), (None, None));
    let stale = QuoteSeen { fresh: false, ..quote("1.1", "1.1001") };
    let old = Seen { quote: Some(stale), ..seen() };
    // An old quote is better than none to hold a price against.
    let wrong = check(&self::draft("BUY MARKET 0.1 - 1.2"), &old);
    let words = "must be below 1.1, as last quoted";
    assert_eq!(wrong.fault().map(|r| r.text.as_str()), Some(words));
    assert!(check(&self::draft("BUY MARKET 0.1 - 1.09"), &old).fault().is_none());
    assert_eq!(Preview::of(&order, &old).spread.money, Cost::NotKnown("no fresh quote"));
}

#[test]
fn real_money_asks_for_a_word_and_only_that_word_says_live() {
    for mode in [Mode::Live, Mode::LiveUnknown] {
        let seen = Seen { mode, ..seen() };
        let mut draft = draft("BUY MARKET 0.1");
        for word in ["", "live", "LIV", "LIVEE"] {
            draft.word = Entry::of(word);
            let checked = check(&draft, &seen);
            assert_eq!(checked.fault().map(|f| f.field), Some(Field::Word), "{word}");
            assert!(checked.order.is_some(), "it can be previewed");
            assert_eq!(checked.proposal(&draft, &seen), None);
        }
        draft.word = Entry::of("LIVE");
        assert!(check(&draft, &seen).proposal(&draft, &seen).unwrap().live);
    }
    let mut draft = draft("BUY MARKET 0.1");
    draft.word = Entry::of("LIVE");
    assert!(!check(&draft, &seen()).proposal(&draft, &seen()).unwrap().live);
}

#[test]
fn a_preview_by_hand() {
    let money = |text: &str| Cost::Known(Money::parse(text).unwrap());
    let of =
        |words: &str, seen: &Seen| Preview::of(&check(&draft(words), seen).order.unwrap(), seen);
    let preview = of("BUY MARKET 0.1 - 1.09510 1.10510", &seen());
    assert_eq!(preview.entry, Some(price("1.10010")));
    // 0.1 × 100,000 EUR ÷ 100 = 100 EUR, at the ask.
    assert_eq!(preview.margin, money("110.01"));
    assert_eq!((preview.spread.points, preview.spread.money), (Some(10), money("1.00")));
    let risk = preview.risk.unwrap();
    assert_eq!((risk.points, risk.money), (Some(500), money("50.00")));
    assert_eq!(preview.reward.unwrap().points, Some(500));
    // Without a leverage there is no margin, and all the rest.
    let mut plain = seen();
    plain.account.as_mut().unwrap().leverage = None;
    let preview = of("SELL LIMIT 0.1 1.2 1.21", &plain);
    assert_eq!(preview.margin, Cost::NotKnown("the gateway tells no leverage"));
    assert_eq!(preview.risk.unwrap().money, money("100.00"));
    // An account in yen: through USDJPY, at its ask.
    let mut yen = seen();
    yen.account.as_mut().unwrap().currency = Text::new("JPY");
    assert_eq!(of("BUY MARKET 0.1", &yen).spread.money, Cost::NotKnown("no fresh rate"));
    yen.rates.push(rate("USDJPY", "150", "150.02"));
    assert_eq!(of("BUY MARKET 0.1", &yen).spread.money, money("150.02"));
    // What is no pair has no lot that is known.
    let index = Draft { symbol: Entry::of("US30"), ..draft("BUY MARKET 1") };
    let order = check(&index, &seen()).order.unwrap();
    let preview = Preview::of(&order, &seen());
    assert_eq!(preview.spread.money, Cost::NotKnown("no currency pair: its lot is not known"));
    assert_eq!(preview.spread.points, Some(10));
}

#[test]
fn slippage_is_worse_above_for_a_buy_and_below_for_a_sell() {
    let slip = |side, filled| slippage(side, price("1.10010"), price(filled), 5);
    assert_eq!((slip(Side::Buy, "1.10013"), slip(Side::Sell, "1.10013")), (3, -3));
    assert_eq!((slip(Side::Buy, "1.10007"), slip(Side::Sell, "1.10007")), (-3, 3));
    assert_eq!((slip(Side::Buy, "1.1001"), slip(Side::Sell, "1.1001")), (0, 0));
    assert_eq!(slip(Side::Buy, "1.100101"), 1, "a part of a point is not hidden");
}

#[test]
fn fields_come_and_go_with_what_they_are_for() {
    let (paper, live) = (seen(), Seen { mode: Mode::Live, ..seen() });
    let mut draft = Draft::new(0, None);
    let walk = |draft: &mut Draft, seen: &Seen| {
        draft.field = Field::Symbol;
        let mut all = vec![draft.field.label()];
        loop {
            draft.step(true, seen);
            if draft.field == Field::Symbol {
                return all.join(" ");
            }
            all.push(draft.field.label());
        }
    };
    assert_eq!(walk(&mut draft, &paper), "symbol side lots type SL TP");
    draft.kind = OrderKind::Stop;
    assert_eq!(walk(&mut draft, &live), "symbol side lots type price SL TP typed");
    let two = Seen { gateways: vec![Text::new("a"), Text::new("b")], ..seen() };
    assert_eq!(walk(&mut draft, &two), "symbol side lots type price SL TP at");
    draft.field = Field::Gateway;
    draft.turn(true, &two);
    assert_eq!(draft.gateway, 1);
    draft.turn(true, &two);
    assert_eq!(draft.gateway, 0);
    draft.turn(false, &two);
    assert_eq!(draft.gateway, 1);
}

/// Any key that a ticket takes.
fn key() -> impl Strategy<Value = u8> {
    0..=u8::MAX
}

proptest! {
    /// Whatever is typed: no panic, only what the fields take, and an order
    /// only when nothing stops it, made of what stands there.
    #[test]
    fn whatever_is_typed_is_an_order_or_says_why_not(
        keys in prop::collection::vec((0_u8..12, any::<char>(), key()), 0..80),
        live in any::<bool>(),
    ) {
        let mut seen = seen();
        if live {
            seen.mode = Mode::Live;
        }
        let mut draft = Draft::new(0, Symbol::new("EURUSD").ok().as_ref());
        for (what, any, byte) in keys {
            match what {
                0 => draft.step(true, &seen),
                1 => draft.step(false, &seen),
                2 => draft.turn(true, &seen),
                3 => draft.turn(false, &seen),
                4 => if let Some(entry) = draft.entry_mut() { entry.backspace() },
                5 => if let Some(entry) = draft.entry_mut() { entry.delete() },
                6 => if let Some(entry) = draft.entry_mut() { entry.jump(byte % 2 == 0) },
                7 => draft.put(any),
                8 => draft.put(char::from(byte)),
                _ => draft.put(char::from(b'0' + byte % 10)),
            }
            for field in Field::ALL {
                if let Some(entry) = draft.entry(field) {
                    prop_assert!(entry.text().chars().all(|c| field.takes(c)));
                    prop_assert!(entry.at() <= entry.text().len());
                }
            }
            let checked = check(&draft, &seen);
            let proposal = checked.proposal(&draft, &seen);
            prop_assert_eq!(proposal.is_some(), checked.fault().is_none());
            if let Some(proposal) = proposal {
                let order = proposal.order;
                prop_assert_eq!(order.symbol.as_str(), draft.symbol.text());
                prop_assert_eq!(Ok(order.lots), Lots::parse(draft.lots.text()));
                prop_assert!(order.lots > Lots::ZERO);
                prop_assert_eq!(order.price.is_some(), order.kind != OrderKind::Market);
                prop_assert_eq!(order.sl.is_some(), !draft.sl.text().is_empty());
                prop_assert_eq!(order.tp.is_some(), !draft.tp.text().is_empty());
                prop_assert!(!live || draft.word.text() == "LIVE");
                let _ = Preview::of(&order, &seen);
            }
        }
    }

    /// Exact up to the rounding, which is never to the operator's favour.
    #[test]
    fn sums_are_exact_and_never_too_small(
        lots in 1_i64..=10_000_000_000,
        distance in 0_i64..=10_000_000_000,
        leverage in 1_u32..=1_000,
    ) {
        let (l, d) = (i128::from(lots), i128::from(distance));
        let fine = value(Lots::from_raw(lots), Price::from_raw(distance)).unwrap();
        // lots × 100,000 × distance, in 1e-10 of the quote currency.
        let exact = l * d * 100_000;
        prop_assert!(fine * 1_000_000 >= exact && (fine - 1) * 1_000_000 < exact);
        let booked = i128::from(cents(fine).unwrap().raw());
        prop_assert!(booked * 1_000_000 >= fine && (booked - 100) * 1_000_000 < fine);
        prop_assert_eq!(booked % 100, 0);
        let bound = margin(Lots::from_raw(lots), Some(leverage)).unwrap();
        let whole = l * 100_000 * 100;
        let leverage = i128::from(leverage);
        prop_assert!(bound * leverage >= whole && (bound - 1) * leverage < whole);
        prop_assert_eq!(margin(Lots::from_raw(lots), None), None);
    }

    /// There and back never gains, and the same currency changes nothing.
    #[test]
    fn a_conversion_takes_the_worse_side(
        owed in 0_i64..=i64::MAX,
        bid in 1_i64..=1_000_000_000_000,
        spread in 0_i64..=1_000_000,
    ) {
        let owed = i128::from(owed);
        let quoted = Rate {
            base: "EUR",
            quote: "USD",
            bid: Price::from_raw(bid),
            ask: Price::from_raw(bid + spread),
        };
        let rates = [quoted];
        prop_assert_eq!(convert(owed, "EUR", "EUR", &[]), Some(owed));
        prop_assert_eq!(convert(owed, "EUR", "JPY", &rates), None);
        let there = convert(owed, "EUR", "USD", &rates).unwrap();
        prop_assert!(there * 100_000_000 >= owed * i128::from(bid + spread));
        let back = convert(there, "USD", "EUR", &rates).unwrap();
        prop_assert!(back >= owed);
    }

    /// No input makes it panic, wrap, or call something known that is not.
    #[test]
    fn the_ends_of_the_range_are_not_known(lots in any::<i64>(), a in any::<i64>(), b in any::<i64>()) {
        let (lots, a, b) = (Lots::from_raw(lots), Price::from_raw(a), Price::from_raw(b));
        if let Some(fine) = value(lots, a) {
            let signs = i128::from(lots.raw().signum() * a.raw().signum());
            prop_assert_eq!(fine.signum(), signs);
            let _ = cents(fine);
        }
        for digits in 0..=8 {
            let there = points(a, b, digits);
            prop_assert_eq!(there, points(b, a, digits));
            prop_assert_eq!(there == 0, a == b);
            prop_assert_eq!(slippage(Side::Buy, a, b, digits), -slippage(Side::Sell, a, b, digits));
        }
    }
}
