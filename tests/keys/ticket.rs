//! `ticket.txt`: keys into the order ticket, and what comes of them.

use crs::control::Proposal;
use crs::domain::{
    Account, Heard, Mode, Money, Price, Stamp, Symbol, Text, Tick, TickBatch, TickShape, TradeMode,
};
use crs::event::{AccountRead, Event, FeedReport, LinkState, Read, SessionInfo, Stamped};
use crs::state::State;
use crs::tui::keymap::Key;
use crs::tui::overlay::ticket::{Ticket, press};
use crs::tui::screen::Typed;
use ratatui::layout::Rect;

/// EURUSD at 1.10000 / 1.10010, and an account of this kind.
fn state(mode: &str) -> State {
    let trade_mode = (mode == "live").then_some(TradeMode::Real);
    let tick = Tick {
        symbol: Symbol::new("EURUSD").unwrap(),
        bid: Price::parse("1.10000").unwrap(),
        ask: Price::parse("1.10010").unwrap(),
        time: None,
        seq: None,
        shape: TickShape::T2,
    };
    let account = Account {
        balance: Money::ZERO,
        equity: Money::ZERO,
        free_margin: None,
        used_margin: None,
        margin_level: None,
        currency: Text::new("USD"),
        trade_mode,
        server_name: Some(Text::new("crs-paper")),
        leverage: None,
    };
    let at = Stamp::default();
    let mut state = State::default();
    for event in [
        Event::Session(Box::new(SessionInfo { forced_mode: None, ..SessionInfo::default() })),
        Event::Account(Box::new(AccountRead {
            gateway: 0,
            asked: at,
            rtt_us: 1,
            read: Read::Good(account),
        })),
        Event::Feed(Box::new(FeedReport { link: LinkState::Up, ..FeedReport::default() })),
        Event::Ticks(TickBatch {
            feed: 0,
            base: at,
            ticks: vec![Heard { after_us: 0, tick }],
            raw: crs::domain::RawTicks::default(),
        }),
    ] {
        let seq = state.seq + 1;
        state.apply(&Stamped { seq, at, event }).unwrap();
    }
    state
}

fn said(proposal: &Proposal) -> String {
    let order = &proposal.order;
    let part = |word: &str, price: Option<Price>| {
        price.map_or_else(String::new, |price| format!(" {word} {price}"))
    };
    let parts = [("at", order.price), ("sl", order.sl), ("tp", order.tp)];
    let parts: String = parts.into_iter().map(|(word, price)| part(word, price)).collect();
    let live = if proposal.live { " live" } else { "" };
    format!("{} {} {}{parts}{live}", order.wire_type(), order.lots, order.symbol)
}

fn play(mode: &str, keys: &str) -> String {
    let state = state(mode);
    let mut ticket = Ticket::new(0, Symbol::new("EURUSD").ok().as_ref());
    let mut last = Typed::Not;
    for name in keys.split_whitespace() {
        let key = Key::named(name).unwrap_or_else(|| panic!("{name} is no key"));
        last = press(&mut ticket, key, &state, Rect::new(0, 1, 80, 22));
    }
    match last {
        Typed::Propose(proposal) => said(&proposal),
        Typed::Closed => String::from("closed"),
        _ if !ticket.said.is_empty() => ticket.said.to_string(),
        _ => String::from("-"),
    }
}

#[test]
fn keys_into_the_ticket_do_what_they_say() {
    assert_eq!(state("paper").mode(), Mode::Paper);
    assert_eq!(state("live").mode(), Mode::Live);
    let mut lines = 0;
    for (n, line) in include_str!("ticket.txt").lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [mode, keys, expected] = parts[..] else { panic!("line {}: not three parts", n + 1) };
        assert_eq!(play(mode, keys), expected, "line {}: {keys}", n + 1);
        lines += 1;
    }
    assert!(lines > 20);
}
