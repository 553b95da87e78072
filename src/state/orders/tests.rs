//! Who ordered what, from events.

use super::*;
use crate::domain::{Account, Endpoint, GatewayAddr, Lots, Money, Position, Price, UtcMicros};
use crate::event::{AccountRead, Event, SessionInfo, Stamped};
use proptest::prelude::*;

struct Story {
    state: State,
    at: Stamp,
    sources: Vec<(&'static str, bool, bool)>,
}

impl Story {
    /// Sources that tell every second whether they are read.
    fn new(sources: &[(&'static str, bool, bool)]) -> Self {
        let at = Stamp { mono_ns: 9_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        let mut story = Self { state: State::default(), at, sources: sources.to_vec() };
        story.tell_sources();
        story
    }

    fn tell_sources(&mut self) {
        for (name, trader, read) in self.sources.clone() {
            let (name, fault) = (Text::new(name), Text::default());
            let report = OrderSourceReport { name, trader, read, fault };
            self.put(Event::OrderSource(Box::new(report)));
        }
    }

    fn read() -> Self {
        let mut story = Self::new(&[("audit log", false, true), ("engine.log", true, true)]);
        story.open(&[]);
        story
    }

    fn put(&mut self, event: Event) -> &mut Self {
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        self
    }

    /// Time, with a read of the same positions and the account every second.
    fn pass(&mut self, seconds: u64, tickets: &[u64]) -> &mut Self {
        for _ in 0..seconds {
            self.at = self.at.plus(Duration::from_secs(1));
            self.tell_sources();
            self.put(Event::Beat).open(tickets);
        }
        self
    }

    fn open(&mut self, tickets: &[u64]) -> &mut Self {
        let rows = tickets.iter().map(|n| position(*n)).collect();
        self.put(Event::Positions(Box::new(PositionsRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 1,
            read: Read::Good(rows),
        })));
        let account = Account {
            balance: Money::ZERO,
            equity: Money::ZERO,
            free_margin: None,
            used_margin: Some(Money::ZERO),
            margin_level: None,
            currency: Text::default(),
            trade_mode: None,
            server_name: None,
            leverage: None,
        };
        self.put(Event::Account(Box::new(AccountRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 1,
            read: Read::Good(account),
        })))
    }

    fn owner(&self, ticket: u64) -> Owner {
        self.state.owner(0, &position(ticket))
    }

    fn order(&mut self, fate: OrderFate, ticket: Option<u64>, pending: bool) -> &mut Self {
        self.put(Event::Order(Box::new(OrderNews {
            by: OrderBy::Operator,
            id: Text::new("order-1"),
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            lots: Lots::parse("0.1").ok(),
            pending,
            ticket: ticket.map(Ticket),
            gateway: None,
            fate,
            at: None,
        })))
    }

    fn decides(&mut self, source: DecisionSource, action: &str, why: &str) -> &mut Self {
        self.put(Event::Decision(Box::new(Decision {
            source,
            at: None,
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            probabilities: None,
            threshold: None,
            action: Text::new(action),
            why: Text::new(why),
            lag_us: None,
            ..Decision::default()
        })))
    }

    fn doubts(&self) -> Vec<Doubt> {
        self.state.orders.orders.iter().filter_map(|order| self.state.doubt(order)).collect()
    }
}

fn position(ticket: u64) -> Position {
    Position {
        ticket: Ticket(ticket),
        symbol: Text::new("EURUSD.s"),
        side: Side::Buy,
        lots: Lots::parse("0.10").unwrap(),
        open: Price::ZERO,
        current: None,
        profit: Money::ZERO,
        sl: None,
        tp: None,
    }
}

#[test]
fn what_nobody_ordered_is_an_orphan_after_a_moment_and_told_once() {
    let mut s = Story::read();
    s.pass(1, &[7]);
    assert_eq!(s.owner(7), Owner::NotKnown);
    s.pass(5, &[7]);
    assert_eq!(s.owner(7), Owner::NotKnown, "a source may be late");
    s.pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::Orphan);
    let told: Vec<_> =
        s.state.log.iter().filter(|l| l.value.text.as_str().contains("ORPHAN")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(s.state.orphans().count(), 1);
    // The word comes late, and it is no orphan any more.
    s.order(OrderFate::Done, Some(7), false);
    assert_eq!(s.owner(7), Owner::By(OrderBy::Operator));
}

#[test]
fn nothing_is_an_orphan_that_was_there_before_or_while_a_source_was_not_read() {
    for sources in [
        &[][..],
        &[("audit log", false, true)],
        &[("engine.log", true, true)],
        &[("audit log", false, false), ("engine.log", true, true)],
        &[("audit log", false, true), ("engine.log", true, true), ("sentinel.log", true, false)],
    ] {
        let mut s = Story::new(sources);
        s.open(&[]).pass(20, &[7]);
        assert_eq!(s.owner(7), Owner::NotKnown, "{sources:?}");
    }
    let mut s = Story::new(&[("audit log", false, true), ("engine.log", true, true)]);
    s.open(&[7]).pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::NotKnown);
    // A source falls silent just after it came.
    let mut s = Story::read();
    s.pass(2, &[7]);
    s.sources.clear();
    s.pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::NotKnown);
    // Nobody looked for a minute: it may have come at any time of it.
    let mut s = Story::read();
    s.at = s.at.plus(Duration::from_mins(1));
    s.pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::NotKnown);
}

#[test]
fn a_ticket_names_its_owner_and_symbol_or_side_may_not_contradict() {
    let mut s = Story::read();
    s.decides(DecisionSource::Sentinel, "SENT", "{'status': 'SUCCESS', 'data': {'ticket': 7}}");
    s.decides(DecisionSource::Demo, "ORDER_GENERATED", "ticket 8").pass(20, &[7, 8, 9]);
    assert_eq!(s.owner(7), Owner::By(OrderBy::Sentinel));
    assert_eq!(s.owner(8), Owner::By(OrderBy::Demo));
    assert_eq!(s.owner(9), Owner::Orphan);
    let other = Position { symbol: Text::new("EURUSDX"), ..position(7) };
    assert_ne!(s.state.owner(0, &other), Owner::By(OrderBy::Sentinel));
    let other = Position { side: Side::Sell, ..position(7) };
    assert_ne!(s.state.owner(0, &other), Owner::By(OrderBy::Sentinel));
}

#[test]
fn an_engine_that_tells_no_tickets_is_believed_for_what_comes_at_that_time() {
    let mut s = Story::read();
    s.decides(DecisionSource::Engine, "ORDER_GENERATED", "ORD_000004").pass(3, &[7]);
    assert_eq!(s.owner(7), Owner::Likely(OrderBy::Engine));
    s.pass(70, &[7]).pass(20, &[7, 8]);
    assert_eq!((s.owner(7), s.owner(8)), (Owner::Likely(OrderBy::Engine), Owner::Orphan));
    // A dry run ordered nothing.
    let mut s = Story::read();
    s.put(Event::Decision(Box::new(Decision {
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        action: Text::new("ORDER_GENERATED"),
        live: Some(false),
        ..Decision::default()
    })));
    s.pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::Orphan);
    // The order's line may be read a moment after its position.
    let mut s = Story::read();
    s.pass(2, &[7]).decides(DecisionSource::Engine, "ORDER_GENERATED", "ORD_000004");
    s.pass(20, &[7]);
    assert_eq!(s.owner(7), Owner::Likely(OrderBy::Engine));
}

#[test]
fn a_sentinel_that_says_unknown_is_believed() {
    let mut s = Story::read();
    s.decides(DecisionSource::Sentinel, "UNKNOWN", "sent, and nothing came back").pass(3, &[]);
    assert_eq!(s.doubts(), [Doubt::Unknown]);
}

#[test]
fn an_order_without_an_answer_is_unknown_until_reads_tell() {
    let mut s = Story::read();
    s.order(OrderFate::Sent, None, false).pass(3, &[]);
    assert_eq!(s.doubts(), []);
    s.order(OrderFate::Unknown, None, false).pass(20, &[]);
    assert_eq!(s.doubts(), [Doubt::Unknown], "it may still be filled");
    s.pass(20, &[]);
    assert_eq!(s.doubts(), [Doubt::Absent]);
    // Or it turns up, and is no orphan.
    let mut s = Story::read();
    s.order(OrderFate::Unknown, None, false).pass(2, &[]).pass(20, &[7]);
    assert_eq!(s.doubts(), [Doubt::Happened(Ticket(7))]);
    assert_eq!(s.owner(7), Owner::Likely(OrderBy::Operator));
    // One whose sender went away.
    let mut s = Story::read();
    s.order(OrderFate::Sent, None, false);
    s.at = s.at.plus(Duration::from_secs(31));
    s.put(Event::Beat);
    assert_eq!(s.doubts(), [Doubt::Unknown]);
}

#[test]
fn a_position_that_was_there_before_the_order_is_not_its_own() {
    let mut s = Story::new(&[("audit log", false, true), ("engine.log", true, true)]);
    s.open(&[7]).pass(3, &[7]);
    let at = Some(s.at.utc);
    s.put(Event::Order(Box::new(OrderNews {
        by: OrderBy::Operator,
        id: Text::new("order-1"),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        lots: Lots::parse("0.1").ok(),
        pending: false,
        ticket: None,
        gateway: None,
        fate: OrderFate::Unknown,
        at,
    })));
    s.pass(2, &[7]);
    assert_eq!(s.doubts(), [Doubt::Unknown], "7 was there 3 s before it");
    s.pass(2, &[7, 8]);
    assert_eq!(s.doubts(), [Doubt::Happened(Ticket(8))]);
}

#[test]
fn what_became_of_it_is_told_once_and_kept() {
    let id = Text::new("order-1");
    let told = |s: &Story, words: &str| {
        s.state.log.iter().filter(|l| l.value.text.as_str().contains(words)).count()
    };
    let mut s = Story::read();
    s.order(OrderFate::Unknown, None, false).pass(20, &[]);
    assert_eq!(s.state.settled(&id), None);
    s.pass(60, &[]);
    assert_eq!(s.state.settled(&id).map(|settled| settled.came), Some(None));
    assert_eq!(told(&s, "no position came of it"), 1);
    // Reads can be wrong for a while: a position says more than none.
    s.pass(20, &[7]);
    assert_eq!(s.state.settled(&id).map(|settled| settled.came), Some(Some(Ticket(7))));
    assert_eq!(told(&s, "position 7 came after it"), 1);
    s.pass(60, &[]);
    assert_eq!(s.state.settled(&id).map(|settled| settled.came), Some(Some(Ticket(7))));
    assert_eq!((told(&s, "no position came of it"), told(&s, "came after it")), (1, 1));
    // What had its answer is no business of it.
    let mut s = Story::read();
    s.order(OrderFate::Failed, None, false).pass(90, &[7]);
    assert_eq!(s.state.settled(&id), None);
}

#[test]
fn an_order_of_an_earlier_session_is_settled_without_a_word() {
    let mut s = Story::read();
    let at = Some(UtcMicros(s.at.utc.0 - 3_600_000_000));
    s.put(Event::Order(Box::new(OrderNews {
        by: OrderBy::Operator,
        id: Text::new("order-1"),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        lots: None,
        pending: false,
        ticket: None,
        gateway: None,
        fate: OrderFate::Unknown,
        at,
    })));
    s.pass(90, &[]);
    assert_eq!(s.doubts(), [Doubt::Absent]);
    assert!(s.state.orders.settled.is_empty());
}

#[test]
fn a_pending_order_without_an_answer_can_not_be_told() {
    let mut s = Story::read();
    s.order(OrderFate::Unknown, None, true).pass(300, &[]);
    assert_eq!(s.doubts(), [Doubt::Unknown]);
    assert_eq!(s.state.unknown_orders().count(), 1);
}

#[test]
fn blind_reads_reconcile_nothing() {
    let mut s = Story::read();
    s.order(OrderFate::Unknown, None, false).pass(29, &[]);
    for _ in 0..40 {
        s.at = s.at.plus(Duration::from_secs(1));
        s.put(Event::Account(Box::new(AccountRead {
            gateway: 0,
            asked: s.at,
            rtt_us: 1,
            read: Read::Fault(Text::new("MT5 not connected")),
        })));
    }
    assert_eq!(s.doubts(), [Doubt::Unknown]);
}

#[test]
fn tickets_in_words() {
    for (words, ticket) in [
        ("ticket 1000003", Some(1_000_003)),
        ("{'ticket': 12, 'x': 3}", Some(12)),
        ("{\"ticket\":5}", Some(5)),
        ("'ticket': 0", None),
        ("no ticket", None),
        ("ticket 99999999999999999999999", None),
        ("ORD_000004", None),
    ] {
        assert_eq!(judge::ticket_in(words), ticket.map(Ticket), "{words}");
    }
}

proptest! {
    /// Whatever happens in whatever order: an orphan is only what came between
    /// two reads while every source was read and no order names.
    #[test]
    fn an_orphan_is_never_made_of_what_nobody_could_know(
        steps in prop::collection::vec((0_u8..6, 1_u64..4, any::<bool>()), 1..60)
    ) {
        let mut s = Story::new(&[]);
        let mut open: std::collections::BTreeSet<u64> = [1].into();
        let mut named = std::collections::BTreeSet::new();
        for (what, ticket, flag) in steps {
            match what {
                0 => s.sources = vec![("audit log", false, true), ("engine.log", true, flag)],
                1 => {
                    let why = format!("ticket {ticket}");
                    s.decides(DecisionSource::Demo, "ORDER_GENERATED", &why);
                    named.insert(ticket);
                }
                2 => drop(open.insert(ticket)),
                3 => drop(open.remove(&ticket)),
                _ => {
                    let tickets: Vec<u64> = open.iter().copied().collect();
                    s.pass(if flag { 1 } else { 12 }, &tickets);
                }
            }
            for (_, p) in s.state.orphans() {
                prop_assert!(!named.contains(&p.ticket.0));
                let known = s.state.orders.open.iter().find(|k| k.ticket == p.ticket).unwrap();
                prop_assert!(known.watched && s.state.age(known.since) > GRACE);
            }
        }
    }
}

/// Two gateways with names, of which the second lists `tickets`.
fn at_two(s: &mut Story, tickets: &[u64]) {
    let rows = tickets.iter().map(|n| position(*n)).collect();
    let (asked, read) = (s.at, Read::Good(rows));
    let read = PositionsRead { gateway: 1, asked, rtt_us: 1, read };
    s.put(Event::Positions(Box::new(read)));
}

fn two_gateways() -> Story {
    let at = Endpoint::new("127.0.0.1", 5_555).unwrap();
    let named = |name| GatewayAddr { name: Text::new(name), cmd: at.clone(), data: at.clone() };
    let gateways = vec![named("one"), named("two")];
    let mut s = Story::read();
    s.put(Event::Session(Box::new(SessionInfo { gateways, ..SessionInfo::default() })));
    at_two(&mut s, &[]);
    s
}

fn ordered_at_one(s: &mut Story, fate: OrderFate, ticket: Option<u64>, pending: bool) {
    s.order(fate, ticket, pending);
    let mut news = s.state.orders.orders.back().unwrap().value.clone();
    news.gateway = Some(Text::new("one"));
    s.put(Event::Order(Box::new(news)));
}

#[test]
fn a_strangers_position_at_another_gateway_is_an_orphan_whatever_its_number() {
    let mut s = two_gateways();
    ordered_at_one(&mut s, OrderFate::Done, Some(7), false);
    for _ in 0..8 {
        s.pass(1, &[7]);
        at_two(&mut s, &[7]);
    }
    assert_eq!(s.state.owner(0, &position(7)), Owner::By(OrderBy::Operator));
    assert_eq!(s.state.owner(1, &position(7)), Owner::Orphan);
    let orphans: Vec<_> = s.state.orphans().map(|(gateway, p)| (gateway, p.ticket)).collect();
    assert_eq!(orphans, [(1, Ticket(7))]);
    assert!(s.state.log.iter().any(|l| l.value.text.as_str().starts_with("ORPHAN 7")));
}

#[test]
fn an_order_at_one_gateway_is_not_settled_by_what_came_at_another() {
    let mut s = two_gateways();
    ordered_at_one(&mut s, OrderFate::Unknown, None, false);
    s.pass(1, &[]);
    at_two(&mut s, &[8]);
    assert_eq!(s.doubts(), [Doubt::Unknown]);
    s.pass(1, &[9]);
    at_two(&mut s, &[8]);
    assert_eq!(s.doubts(), [Doubt::Happened(Ticket(9))]);
    // Nor is one that waits for its price gone when another has its number.
    let mut s = two_gateways();
    ordered_at_one(&mut s, OrderFate::Done, Some(7), true);
    at_two(&mut s, &[7]);
    let told = s.state.placed_words().unwrap();
    assert!(told.contains("7 EURUSD BUY 0.1 at one"), "{told}");
    s.pass(1, &[7]);
    assert_eq!(s.state.placed_words(), None);
}

#[test]
fn a_clock_that_is_set_settles_no_order() {
    let mut story = Story::read();
    story.pass(3, &[]);
    story.put(Event::Order(Box::new(OrderNews {
        by: OrderBy::Operator,
        id: Text::new("order-1"),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        lots: Lots::parse("0.1").ok(),
        pending: false,
        ticket: None,
        fate: OrderFate::Unknown,
        at: Some(story.at.utc),
        gateway: None,
    })));
    story.at.utc = UtcMicros(story.at.utc.0 + 120_000_000);
    story.put(Event::Beat);
    let doubts = |story: &Story| {
        let orders = story.state.orders.orders.iter();
        orders.filter_map(|order| story.state.doubt(order)).collect::<Vec<_>>()
    };
    assert_eq!(doubts(&story), [Doubt::Unknown], "by reads from before the order");
    story.pass(2, &[]);
    assert_eq!(doubts(&story), [Doubt::Unknown], "it may still be filled");
}

#[test]
fn a_decision_of_hours_ago_owns_no_position_of_now() {
    let mut story = Story::read();
    let at = UtcMicros(story.at.utc.0 - 8 * 3_600_000_000);
    story.put(Event::Decision(Box::new(Decision {
        source: DecisionSource::Engine,
        at: Some(at),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        action: Text::new("ORDER_GENERATED"),
        ..Decision::default()
    })));
    story.pass(6, &[]).pass(20, &[7]);
    assert_eq!(story.owner(7), Owner::Orphan);
}
